"""The build of a target in which something changed: plan all, make what is stale, check it, list it.

A zip's name holds its key, so the old one stays whole beside the new one until the manifest lists the new: a build
that is killed anywhere leaves the manifest of before with the zips of before.
"""

import json
import os
from collections.abc import Callable, Container

from ops_cli.packaging import zips
from ops_cli.packaging.dependencies import Cache, top_level
from ops_cli.packaging.imports import Imports
from ops_cli.packaging.interpreters import Bytecode, check_imports
from ops_cli.packaging.requirements import check_lock, differences, parse, pins_for
from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, LOCK, REQUIREMENTS, Tree, failed, hashed, read
from ops_cli.packaging.targets import DEPLOY_ARCHITECTURE, Target
from ops_cli.packaging.zips import Zip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ops_cli.packaging.result import BuildResult, Output

_SCHEMA_VERSION = 1
_NAMED = 3
# What several zips begin with; it goes with the next sweep.
_BASE = ".base.tmp"


class Plan:
    """One function: the files of its zip, what it installs, how that differs elsewhere, and the key of it all."""

    def __init__(self, function: str, paths: list[str]) -> None:
        self.function = function
        self.role = function.replace("_", "-")
        self.requirements = f"{FUNCTIONS}/{function}/{REQUIREMENTS}"
        self.lock = f"{FUNCTIONS}/{function}/{LOCK}"
        self.paths = paths
        self.own = [path for path in paths if path.startswith(FUNCTIONS)]
        self.shared = [path for path in paths if path.startswith(LIBRARY)]
        self.pins = ""
        self.differing: list[str] = []
        self.key = ""

    @property
    def zip_name(self) -> str:
        """The zip's name, which no zip of other inputs has: a file of this name is never replaced by other bytes."""
        return f"{self.role}-{self.key[:16]}.zip"


def rebuild(result: "BuildResult", tree: Tree, bytecode: Bytecode, report: Callable[[str], None]) -> None:
    """Bring a target's folder up to the tree, and what is known of it; the caller has locked it.

    Zips are kept that are still what a build would make. When anything fails, nothing is replaced.
    """
    target, folder = result.target, result.folder
    cache = Cache(target, bytecode.interpreter)
    imports = Imports(tree, target, result.imports)
    plans = _plans(tree, target, cache, imports, target.magic if bytecode.interpreter else 0)
    stale = [plan for plan in plans if plan.zip_name not in result.outputs]
    before = os.listdir(folder)
    try:
        layers = cache.layers({plan.pins: plan.requirements for plan in stale if plan.pins})
        problems = bytecode.failures(path for plan in stale for path in plan.paths)
        installed = {pins: top_level(layer.sizes) for pins, layer in layers.items()}
        for plan in stale:
            problems += imports.conflicts(plan.requirements, plan.paths, installed.get(plan.pins, set()))
        _refuse(problems)
        for line in _left_out(tree, stale, layers):
            report(line)
        made = _make(folder, bytecode, stale, layers)
        if target.native and stale:
            check_imports(folder, [(plan.function, plan.zip_name, plan.paths) for plan in stale])
    except BaseException:
        _remove_unlisted(folder, before)
        raise
    result.built = sorted(plan.role for plan in stale)
    result.removed = sorted({*result.unchanged} - {plan.role for plan in plans})
    result.outputs = {plan.zip_name: made.get(plan.zip_name) or result.outputs[plan.zip_name] for plan in plans}
    result.bytecode = target.tag if bytecode.interpreter else None
    result.warnings = _warnings(result, plans)
    result.imports = imports.asked
    _write_manifest(result, plans)
    _remove_unlisted(folder, result.outputs)
    for plan in stale:
        size, _, unzipped = result.outputs[plan.zip_name]
        report(f"built {plan.role}: {zips.megabytes(size)}, {zips.megabytes(unzipped)} unzipped")
    for role in result.removed:
        report(f"removed {role}: its folder is gone")


def _plans(tree: Tree, target: Target, cache: Cache, imports: Imports, magic: int) -> list[Plan]:
    """Plan every function, or raise everything that is wrong in their sources at once.

    A key is the hash of a zip's inputs, which is the same on every machine with the same commit. Bytecode counts by its
    magic number, not by the patch release that wrote it (see `targets`); without any there is another key.
    """
    plans = [Plan(function, imports.reached(function)) for function in tree.functions]
    _refuse(
        [problem for plan in plans for problem in (*_misplaced(tree, imports, plan), *imports.problems(plan.paths))]
    )
    described = {
        path: f"{Tree.zip_name(path)}\0{tree.is_executable(path)}\0{tree.digest(path)}" for path in tree.signatures
    }
    resolved: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for plan in plans:
        texts = tree.text(plan.requirements), tree.text(plan.lock)
        if texts not in resolved:
            resolved[texts] = _resolved(*texts, plan, target, cache)
        plan.pins, plan.differing = resolved[texts]
        plan.key = hashed(*target.identity, magic, plan.pins, *(described[path] for path in plan.paths))
    return plans


def _misplaced(tree: Tree, imports: Imports, plan: Plan) -> list[str]:
    name, folder = plan.function, f"{FUNCTIONS}/{plan.function}"
    is_package_name = name.isidentifier() and name == name.lower()
    wrong = {
        "a function's folder is a Python package; name it in snake_case": not is_package_name,
        "has the name of a module of the standard library": name in imports.standard,
        f"has the name of {LIBRARY}/{name}, and a zip can hold only one of them": name in tree.library,
        "has no handler.py": f"{folder}/handler.py" not in tree.signatures,
    }
    return [f"{folder}: {what}" for what, is_so in wrong.items() if is_so]


def _resolved(text: str, locked: str, plan: Plan, target: Target, cache: Cache) -> tuple[str, list[str]]:
    """Return what requirements and their lock install on a target, and how that differs from the deployment."""
    requirements = parse(text, plan.requirements)
    if not requirements:
        return "", []
    check_lock(locked, requirements, plan.lock, None if target.native else target.runtime)
    pins = cache.pins(requirements, locked, plan.requirements)
    return pins, differences(pins_for(DEPLOY_ARCHITECTURE, locked), pins) if target.native else []


def _refuse(problems: list[str]) -> None:
    """Raise what is wrong in the sources, if anything is: one `file:line: what` a line."""
    if problems:
        raise failed("\n".join(dict.fromkeys(problems)), "Nothing was built.")


def _left_out(tree: Tree, plans: list[Plan], layers: dict[str, Zip]) -> list[str]:
    """Say what of these functions, of the library packages they use and of their requirements is in no zip."""
    folders = sorted({Tree.package(path) for plan in plans for path in plan.paths} & tree.left_out.keys())
    ours = [f"left out of {folder}: {', '.join(sorted(tree.left_out[folder]))}" for folder in folders]
    return ours + sorted({line for layer in layers.values() for line in layer.comment.splitlines()})


def _make(folder: str, bytecode: Bytecode, plans: list[Plan], layers: dict[str, Zip]) -> "dict[str, Output]":
    """Write the zips of these functions; what several begin with is compressed once for all."""
    alike: dict[tuple[str, ...], list[Plan]] = {}
    for plan in plans:
        alike.setdefault((plan.pins, *plan.shared), []).append(plan)
    made = {}
    for (pins, *shared), group in alike.items():
        base, begun = layers.get(pins), f"{folder}/{_BASE}"
        if len(group) > 1:
            zips.write(begun, bytecode.entries(shared), base)
            base = Zip(begun)
        for plan in group:
            path = f"{folder}/{plan.zip_name}"
            sizes = zips.write(path, bytecode.entries(plan.own if len(group) > 1 else [*shared, *plan.own]), base)
            zips.refuse_too_large(f"{FUNCTIONS}/{plan.function}", sizes)
            status = os.stat(path)
            made[plan.zip_name] = (status.st_size, status.st_mtime_ns, sum(sizes.values()))
    return made


def _remove_unlisted(folder: str, listed: Container[str]) -> None:
    """Remove the zips that no manifest lists, and what killed builds left."""
    for name in os.listdir(folder):
        if (name.endswith(".zip") and name not in listed) or name.endswith(".tmp"):
            zips.remove(f"{folder}/{name}")


def _warnings(result: "BuildResult", plans: list[Plan]) -> list[str]:
    """Warn of zips near Lambda's limit, and of what this machine gets otherwise than the deployment does elsewhere."""
    target = result.target
    found = [target.no_interpreter()] if target.bytecode and not result.bytecode else []
    users: dict[str, list[str]] = {}
    for plan in plans:
        if (size := result.outputs[plan.zip_name][2]) > zips.WARN_ABOVE:
            share = size * 100 // zips.UNZIPPED_LIMIT
            found.append(f"{plan.role} unzips to {zips.megabytes(size)}, {share} % of Lambda's 250 MB")
        if plan.differing:
            users.setdefault(", ".join(plan.differing), []).append(plan.role)
    for what, roles in users.items():
        more = f" and {len(roles) - _NAMED} more" if len(roles) > _NAMED else ""
        found.append(f"deploy and sandbox resolve differently for {', '.join(roles[:_NAMED])}{more}: {what}")
    return found


def _write_manifest(result: "BuildResult", plans: list[Plan]) -> None:
    """Write the manifest, unless it would not change: its date then says when the zips last did."""
    target = result.target
    functions = {
        plan.role: {
            "handler": f"{plan.function}.handler.handle",
            "key": plan.key,
            "s3_key": f"lambda/{plan.role}/{plan.key}.zip",
            "zip": plan.zip_name,
            "size_bytes": result.outputs[plan.zip_name][0],
            "unzipped_bytes": result.outputs[plan.zip_name][2],
        }
        for plan in sorted(plans, key=lambda plan: plan.role)
    }
    described = {"name": target.name, "runtime": target.runtime, "architecture": target.architecture}
    content: dict[str, Any] = {
        "schema_version": _SCHEMA_VERSION,
        "target": {**described, "bytecode": result.bytecode},
    }
    text = (json.dumps({**content, "functions": functions}, indent=2) + "\n").encode()
    if not os.path.exists(result.manifest_path) or read(result.manifest_path) != text:
        zips.write_file(result.manifest_path, text)
