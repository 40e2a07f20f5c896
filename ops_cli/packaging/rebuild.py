"""The build of a target in which something changed: plan all, make what is stale, check it, list it.

A zip's name holds its key, so the old one stays whole beside the new one until the manifest lists the new: a build
that is killed anywhere leaves the manifest of before with the zips of before.
"""

from __future__ import annotations

import os

from ops_cli.packaging import files, zips
from ops_cli.packaging.dependencies import Cache, modules
from ops_cli.packaging.files import refuse
from ops_cli.packaging.imports import Imports
from ops_cli.packaging.plan import plan_all
from ops_cli.packaging.result import BuildResult, write_manifest
from ops_cli.packaging.sources import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from typing import Any

    from ops_cli.packaging.bytecode import Bytecode
    from ops_cli.packaging.plan import Plan
    from ops_cli.packaging.result import Output
    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target
    from ops_cli.packaging.zips import Zip

_NAMED = 3
# What several zips begin with; it goes with the next sweep.
_BASE = ".base.tmp"


def rebuild(
    folder: str, target: Target, tree: Tree, bytecode: Bytecode, old: BuildResult, report: Callable[[str], None]
) -> BuildResult:
    """Bring a target's folder up to the tree; the caller has locked it. When anything fails, nothing is replaced.

    Of the last build's result `old`, the zips are kept that are still what a build would make.
    """
    cache = Cache(target, bytecode.interpreter)
    imports = Imports(tree, target, f"{folder}/.imports")
    plans = plan_all(tree, target, cache, imports, bytecode=bool(bytecode.interpreter))
    stale = [plan for plan in plans if plan.zip_name not in old.outputs]
    before = set(os.listdir(folder))
    try:
        made = _make(folder, tree, imports, bytecode, stale, _layers(stale, cache), report)
        if target.native and stale:
            from ops_cli.packaging.import_check import check_imports

            check_imports(folder, stale)
    except BaseException:
        _remove_unlisted(folder, before)
        raise
    outputs = {plan.zip_name: made.get(plan.zip_name) or old.outputs[plan.zip_name] for plan in plans}
    warnings = _warnings(target, plans, outputs, bytecode=bool(bytecode.interpreter))
    result = BuildResult(target, folder, outputs, warnings, target.tag if bytecode.interpreter else "")
    result.built = sorted(plan.role for plan in stale)
    result.removed = sorted({*old.unchanged} - {plan.role for plan in plans})
    write_manifest(result, {plan.role: _entry(plan, outputs[plan.zip_name]) for plan in plans})
    _remove_unlisted(folder, outputs)
    for plan in stale:
        size, _, unzipped = outputs[plan.zip_name]
        report(f"built {plan.role}: {zips.megabytes(size)}, {zips.megabytes(unzipped)} unzipped")
    for role in result.removed:
        report(f"removed {role}: its folder is gone")
    return result


def _entry(plan: Plan, output: Output) -> dict[str, Any]:
    """Return what the manifest says of a function."""
    return {
        "handler": f"{plan.function}.handler.handle",
        "key": plan.key,
        "s3_key": f"lambda/{plan.role}/{plan.key}.zip",
        "zip": plan.zip_name,
        "size_bytes": output[0],
        "unzipped_bytes": output[2],
    }


def _make(
    folder: str,
    tree: Tree,
    imports: Imports,
    bytecode: Bytecode,
    plans: list[Plan],
    layers: dict[str, Zip],
    report: Callable[[str], None],
) -> dict[str, Output]:
    """Write the zips of these functions; refuse what cannot be together in one, does not compile or is too large."""
    provided = {pins: modules(layer.sizes) for pins, layer in layers.items()}
    problems = []
    for plan in plans:
        problems += imports.conflicts(plan.function, plan.paths, provided.get(plan.pins, set()))
    problems += bytecode.failures(dict.fromkeys(path for plan in plans for path in plan.members.values()))
    if problems:
        raise refuse(problems)
    for line in _left_out(tree, plans, layers):
        report(line)
    made = {}
    for alike in _alike(plans):
        base = layers.get(alike[0].pins)
        shared = bytecode.entries(alike[0].shared)
        if len(alike) > 1:
            zips.write(f"{folder}/{_BASE}", shared, base)
            base, shared = zips.Zip(f"{folder}/{_BASE}"), iter(())
        for plan in alike:
            path = f"{folder}/{plan.zip_name}"
            sizes = zips.write(path, [*shared, *bytecode.entries(plan.own)], base)
            zips.refuse_too_large(f"{FUNCTIONS}/{plan.function}", sizes)
            status = os.stat(path)
            made[plan.zip_name] = (status.st_size, status.st_mtime_ns, sum(sizes.values()))
    return made


def _alike(plans: list[Plan]) -> list[list[Plan]]:
    """Put functions together that have the same requirements and library files: these are compressed once for all."""
    groups: dict[tuple[str, ...], list[Plan]] = {}
    for plan in plans:
        groups.setdefault((plan.pins, *plan.shared), []).append(plan)
    return [*groups.values()]


def _layers(plans: list[Plan], cache: Cache) -> dict[str, Zip]:
    """Return the zip of each distinct set of requirements; two at a time, as uv waits and zlib leaves Python alone."""
    users = {plan.pins: plan.requirements_path for plan in plans if plan.pins}
    absent = [pins for pins in users if not os.path.exists(cache.layer_path(pins))]
    if len(absent) > 1:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return dict(zip(users, pool.map(cache.layer, users.keys(), users.values()), strict=True))
    return {pins: cache.layer(pins, user) for pins, user in users.items()}


def _left_out(tree: Tree, plans: list[Plan], layers: dict[str, Zip]) -> list[str]:
    """Say what of these functions, of the library packages they use and of their requirements is in no zip."""
    folders = {"/".join(path.split("/")[:3]) for plan in plans for path in plan.paths}
    ours = [f"left out of {folder}: {', '.join(names)}" for folder, names in tree.left_out.items() if folder in folders]
    theirs = {line for layer in layers.values() for line in layer.comment.splitlines()}
    return ours + sorted(theirs)


def _remove_unlisted(folder: str, listed: Container[str]) -> None:
    """Remove the zips that no manifest lists, and what killed builds left."""
    for name in os.listdir(folder):
        if (name.endswith(".zip") and name not in listed) or name.endswith(".tmp"):
            files.remove(f"{folder}/{name}")


def _warnings(target: Target, plans: list[Plan], outputs: dict[str, Output], *, bytecode: bool) -> list[str]:
    """Warn of zips near Lambda's limit, and of what this machine gets otherwise than the deployment does elsewhere."""
    found = [target.no_interpreter()] if target.bytecode and not bytecode else []
    for plan in plans:
        if (size := outputs[plan.zip_name][2]) > zips.WARN_ABOVE:
            share = size * 100 // zips.UNZIPPED_LIMIT
            found.append(f"{plan.role} unzips to {zips.megabytes(size)}, {share} % of Lambda's 250 MB")
    users: dict[str, list[str]] = {}
    for plan in plans:
        if plan.differing:
            users.setdefault(", ".join(plan.differing), []).append(plan.role)
    for what, roles in users.items():
        more = f" and {len(roles) - _NAMED} more" if len(roles) > _NAMED else ""
        found.append(f"deploy and sandbox resolve differently for {', '.join(roles[:_NAMED])}{more}: {what}")
    return found
