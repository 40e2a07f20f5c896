"""What goes into each function's zip, and the key that all of it together gives."""

from __future__ import annotations

import hashlib

from ops_cli.packaging.files import refuse
from ops_cli.packaging.requirements import check_lock, differences, parse, pins_for
from ops_cli.packaging.result import BUILDER_VERSION
from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, LOCK, REQUIREMENTS, Tree
from ops_cli.packaging.targets import DEPLOY_ARCHITECTURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.dependencies import Cache
    from ops_cli.packaging.imports import Imports
    from ops_cli.packaging.targets import Target


class Plan:
    """One function: its own and the library's files by their name in the zip, what it installs, and the key of it."""

    def __init__(self, function: str, paths: list[str]) -> None:
        self.function = function
        self.role = function.replace("_", "-")
        self.requirements_path = f"{FUNCTIONS}/{function}/{REQUIREMENTS}"
        self.lock_path = f"{FUNCTIONS}/{function}/{LOCK}"
        self.paths = paths
        self.own = {Tree.zip_name(path): path for path in paths if path.startswith(FUNCTIONS)}
        self.shared = {Tree.zip_name(path): path for path in paths if path.startswith(LIBRARY)}
        self.pins = ""
        self.differing: list[str] = []
        self.key = ""

    @property
    def members(self) -> dict[str, str]:
        """The paths of all files of the zip by their name in it."""
        return {**self.own, **self.shared}

    @property
    def zip_name(self) -> str:
        """The zip's name, which no zip of other inputs has: a file of this name is never replaced by other bytes."""
        return f"{self.role}-{self.key[:16]}.zip"


def plan_all(tree: Tree, target: Target, cache: Cache, imports: Imports, *, bytecode: bool) -> list[Plan]:
    """Plan every function, or raise everything that is wrong in their sources at once."""
    plans = [Plan(function, imports.reached(function)) for function in tree.functions]
    imports.store()
    problems = []
    for one in plans:
        problems += [*_misplaced(tree, target, one.function), *imports.problems(one.paths)]
    if problems:
        raise refuse(problems)
    described = {
        path: f"\0{Tree.zip_name(path)}\0{tree.is_executable(path)}\0{tree.digest(path)}" for path in tree.signatures
    }
    resolved: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for one in plans:
        texts = tree.text(one.requirements_path), tree.text(one.lock_path)
        if texts not in resolved:
            resolved[texts] = _resolve(*texts, one, target, cache)
        one.pins, one.differing = resolved[texts]
        one.key = _key(one, described, target, bytecode=bytecode)
    return plans


def _misplaced(tree: Tree, target: Target, function: str) -> list[str]:
    folder = f"{FUNCTIONS}/{function}"
    problems = []
    if not function.isidentifier() or function != function.lower():
        problems.append(f"{folder}: a function's folder is a Python package; name it in snake_case")
    if function in target.standard_library():
        problems.append(f"{folder}: has the name of a module of the standard library")
    if function in tree.library:
        problems.append(f"{folder}: has the name of {LIBRARY}/{function}, and a zip can hold only one of them")
    if f"{folder}/handler.py" not in tree.signatures:
        problems.append(f"{folder}: has no handler.py")
    return problems


def _resolve(text: str, locked: str, user: Plan, target: Target, cache: Cache) -> tuple[str, list[str]]:
    """Return what requirements and their lock install on a target, and how that differs from the deployment."""
    requirements = parse(text, user.requirements_path)
    if not requirements:
        return "", []
    check_lock(locked, requirements, user.lock_path, None if target.native else target.runtime)
    pins = cache.pins(requirements, locked, user.requirements_path)
    return pins, differences(pins_for(DEPLOY_ARCHITECTURE, locked), pins) if target.native else []


def _key(plan: Plan, described: dict[str, str], target: Target, *, bytecode: bool) -> str:
    """Return the hash of a zip's inputs, which is the same on every machine with the same commit.

    Bytecode counts by its magic number, not by the patch release that wrote it (see `bytecode`); a zip without
    any has a key of its own.
    """
    magic = target.magic if bytecode else 0
    head = (BUILDER_VERSION, target.runtime, target.architecture, target.platform, magic, plan.pins)
    text = "\0".join(map(str, head)) + "".join(described[path] for path in plan.members.values())
    return hashlib.sha256(text.encode()).hexdigest()
