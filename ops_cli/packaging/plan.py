"""What goes into each function's zip, and the key that all of it together gives."""

from __future__ import annotations

import hashlib

from ops_cli.packaging import files
from ops_cli.packaging.needs import Finder, refuse
from ops_cli.packaging.requirements import differences, parse, read_lock
from ops_cli.packaging.result import BUILDER_VERSION
from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, LOCK, REQUIREMENTS
from ops_cli.packaging.targets import DEPLOY_ARCHITECTURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.dependencies import Cache
    from ops_cli.packaging.needs import Needs
    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target


class Plan:
    """One function: the files of its zip by their name in it, what it installs, and the key of it all."""

    def __init__(self, function: str, needs: Needs) -> None:
        self.function = function
        self.role = function.replace("_", "-")
        self.requirements_path = f"{FUNCTIONS}/{function}/{REQUIREMENTS}"
        self.needs = needs
        inside = ((path.removeprefix(f"{FUNCTIONS}/").removeprefix(f"{LIBRARY}/"), path) for path in needs.paths)
        self.members = dict(sorted(inside))
        self.pins = ""
        self.differing: list[str] = []
        self.key = ""

    @property
    def zip_name(self) -> str:
        """The zip's name, which no zip of other inputs has: a file of this name is never replaced by other bytes."""
        return f"{self.role}-{self.key[:16]}.zip"


def plan_all(tree: Tree, target: Target, cache: Cache, *, bytecode: bool) -> list[Plan]:
    """Plan every function, or raise everything that is wrong in their sources at once."""
    finder = Finder(tree, target)
    plans = [Plan(function, finder.needs(function)) for function in tree.functions]
    problems = [problem for one in plans for problem in (*_misplaced(tree, target, one.function), *one.needs.problems)]
    if problems:
        raise refuse(problems)
    for one in plans:
        _resolve(one, tree, target, cache)
        one.key = _key(one, tree, target, bytecode=bytecode)
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
    if f"{folder}/handler.py" not in tree.contents:
        problems.append(f"{folder}: has no handler.py")
    return problems


def _resolve(plan: Plan, tree: Tree, target: Target, cache: Cache) -> None:
    path, lock_path = plan.requirements_path, f"{FUNCTIONS}/{plan.function}/{LOCK}"
    requirements = parse(files.decode(tree.contents.get(path, b""), path), path)
    if not requirements:
        return
    text = files.decode(tree.contents[lock_path], lock_path) if lock_path in tree.contents else None
    lock = read_lock(text, requirements, lock_path, None if target.native else target.runtime)
    plan.pins = cache.pins(requirements, lock, path)
    if target.native:
        plan.differing = differences(lock.pins_for(DEPLOY_ARCHITECTURE), plan.pins)


def _key(plan: Plan, tree: Tree, target: Target, *, bytecode: bool) -> str:
    """Return the hash of a zip's inputs, which is the same on every machine with the same commit.

    Bytecode counts by its magic number, not by the patch release that wrote it (see `bytecode`); a zip without
    any has a key of its own.
    """
    magic = target.magic if bytecode else 0
    head = (BUILDER_VERSION, target.runtime, target.architecture, target.platform, magic, plan.pins)
    digest = hashlib.sha256("\0".join(map(str, head)).encode())
    for name, path in plan.members.items():
        content = hashlib.sha256(tree.contents[path]).hexdigest()
        digest.update(f"\0{name}\0{path in tree.executable}\0{content}".encode())
    return digest.hexdigest()
