"""The build of a target in which something changed: plan all, make what is stale, check it, list it.

A zip's name holds its key, so the old one stays whole beside the new one until the manifest lists the new: a build
that is killed anywhere leaves the manifest of before with the zips of before.
"""

from __future__ import annotations

import os
import tempfile

from ops_cli.packaging import bytecode, files, zips
from ops_cli.packaging.bytecode import no_interpreter
from ops_cli.packaging.dependencies import Cache, modules
from ops_cli.packaging.needs import conflicts, refuse
from ops_cli.packaging.plan import Plan, plan_all
from ops_cli.packaging.result import BuildResult, read_functions, write_manifest, write_stamp
from ops_cli.packaging.sources import FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target

_NAMED = 3


def rebuild(folder: str, target: Target, tree: Tree, inputs: str, report: Callable[[str], None]) -> BuildResult:
    """Bring a target's folder up to the tree; the caller has locked it. When anything fails, nothing is replaced."""
    interpreter = bytecode.find_interpreter(target)
    cache = Cache(target, interpreter)
    plans = plan_all(tree, target, cache, bytecode=interpreter is not None)
    old = read_functions(folder)
    stale = [plan for plan in plans if not _is_there(folder, plan, old.get(plan.role, {}))]
    unzipped = {role: entry.get("unzipped_bytes", 0) for role, entry in old.items()}
    try:
        unzipped |= _make(folder, Contents(tree, target, interpreter), stale, cache, report)
    except BaseException:
        _remove_unlisted(folder, {str(entry.get("zip")) for entry in old.values()})
        raise
    functions = {plan.role: _entry(folder, plan, unzipped[plan.role]) for plan in plans}
    warnings = _warnings(target, plans, functions, bytecode=interpreter is not None)
    result = BuildResult(target, folder, [plan.zip_name for plan in plans], warnings, target.tag if interpreter else "")
    result.built = sorted(plan.role for plan in stale)
    result.removed = sorted(old.keys() - functions.keys())
    write_manifest(folder, target, result.bytecode, functions)
    _remove_unlisted(folder, set(result.zip_names))
    write_stamp(folder, result, inputs)
    for role in result.built:
        size = functions[role]["size_bytes"]
        report(f"built {role}: {zips.megabytes(size)}, {zips.megabytes(unzipped[role])} unzipped")
    for role in result.removed:
        report(f"removed {role}: its folder is gone")
    return result


def _is_there(folder: str, plan: Plan, entry: dict[str, Any]) -> bool:
    path = f"{folder}/{plan.zip_name}"
    same = (entry.get("key"), entry.get("zip")) == (plan.key, plan.zip_name)
    return (
        same and "unzipped_bytes" in entry and os.path.exists(path) and os.path.getsize(path) == entry.get("size_bytes")
    )


def _entry(folder: str, plan: Plan, unzipped: int) -> dict[str, Any]:
    """Return what the manifest says of a function."""
    path = f"{folder}/{plan.zip_name}"
    return {
        "handler": f"{plan.function}.handler.handle",
        "key": plan.key,
        "s3_key": f"lambda/{plan.role}/{plan.key}.zip",
        "zip": plan.zip_name,
        "size_bytes": os.path.getsize(path),
        "unzipped_bytes": unzipped,
    }


def _make(
    folder: str, contents: Contents, plans: list[Plan], cache: Cache, report: Callable[[str], None]
) -> dict[str, int]:
    """Write the zips of these functions and return by role what each unzips to.

    Refuses what cannot go together in one zip, is too large or does not import.
    """
    layers = _layers(plans, cache)
    provided = {pins: modules(zips.sizes(layer) or {}) for pins, layer in layers.items()}
    problems = [one for plan in plans for one in conflicts(plan.function, plan.needs, provided.get(plan.pins, ()))]
    if problems:
        raise refuse(problems)
    for line in _left_out(contents.tree, plans, layers):
        report(line)
    with tempfile.TemporaryDirectory(prefix="opsctl-packaging-") as scratch:
        contents.compile(plans, scratch)
        unzipped = _write(folder, contents, plans, layers, scratch)
    if contents.target.native and plans:
        from ops_cli.packaging.import_check import check_imports

        check_imports(folder, plans)
    return unzipped


def _write(folder: str, contents: Contents, plans: list[Plan], layers: dict[str, str], scratch: str) -> dict[str, int]:
    """Write the zips; what functions with equal requirements take of the library alike is compressed once for them."""
    bases: dict[tuple[str, ...], str] = {}
    unzipped = {}
    for plan in plans:
        own = {name: path for name, path in plan.members.items() if path.startswith(FUNCTIONS)}
        shared = {name: path for name, path in plan.members.items() if name not in own}
        base = (plan.pins, *shared)
        if base not in bases:
            bases[base] = f"{scratch}/{len(bases)}.zip"
            zips.write(bases[base], contents.entries(shared, scratch), layers.get(plan.pins))
        sizes = zips.write(f"{folder}/{plan.zip_name}", contents.entries(own, scratch), bases[base])
        zips.refuse_too_large(f"{FUNCTIONS}/{plan.function}", sizes)
        unzipped[plan.role] = sum(sizes.values())
    return unzipped


def _layers(plans: list[Plan], cache: Cache) -> dict[str, str]:
    """Return the zip of each distinct set of requirements; two at a time, as uv waits and zlib leaves Python alone."""
    from concurrent.futures import ThreadPoolExecutor

    users = {plan.pins: plan.requirements_path for plan in plans if plan.pins}
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(users, pool.map(cache.layer, users.keys(), users.values()), strict=True))


class Contents:
    """The files of zips, sources and their bytecode."""

    def __init__(self, tree: Tree, target: Target, interpreter: str | None) -> None:
        self.tree = tree
        self.target = target
        self._interpreter = interpreter

    def compile(self, plans: list[Plan], scratch: str) -> None:
        """Compile every module of these functions once, in a folder that looks as if all were unpacked in it."""
        if self._interpreter is None:
            return
        sources = {name: path for plan in plans for name, path in plan.members.items() if name.endswith(".py")}
        for name, path in sources.items():
            os.makedirs(os.path.dirname(f"{scratch}/{name}"), exist_ok=True)
            with open(f"{scratch}/{name}", "wb") as file:
                file.write(self.tree.contents[path])
        failures = bytecode.failures(bytecode.compile_tree(self._interpreter, scratch))
        problems = []
        for name, path in sources.items():
            if not os.path.exists(f"{scratch}/{bytecode.place(name, self.target)}"):
                line, what = failures.get(name, ("1", "does not compile"))
                problems.append(f"{path}:{line}: {what} (Python {self.target.version})")
        if problems:
            raise refuse(problems)

    def entries(self, members: dict[str, str], scratch: str) -> Iterator[tuple[str, bool, bytes]]:
        """Yield name, executable and content of these members, and of the bytecode that lies in `scratch`."""
        for name, path in members.items():
            yield name, path in self.tree.executable, self.tree.contents[path]
            compiled = bytecode.place(name, self.target)
            if name.endswith(".py") and os.path.exists(f"{scratch}/{compiled}"):
                yield compiled, False, files.read(f"{scratch}/{compiled}")


def _left_out(tree: Tree, plans: list[Plan], layers: dict[str, str]) -> list[str]:
    """Say what of these functions, of the library packages they use and of their requirements is in no zip."""
    folders = {"/".join(path.split("/")[:3]) for plan in plans for path in plan.needs.paths}
    ours = [f"left out of {folder}: {', '.join(names)}" for folder, names in tree.left_out.items() if folder in folders]
    theirs = {line for layer in layers.values() for line in zips.comment(layer).splitlines()}
    return ours + sorted(theirs)


def _remove_unlisted(folder: str, listed: set[str]) -> None:
    """Remove the zips that no manifest lists, and what killed builds left."""
    for name in os.listdir(folder):
        if (name.endswith(".zip") and name not in listed) or name.endswith(".tmp"):
            files.remove(f"{folder}/{name}")


def _warnings(target: Target, plans: list[Plan], functions: dict[str, dict[str, Any]], *, bytecode: bool) -> list[str]:
    """Warn of zips near Lambda's limit, and of what this machine gets otherwise than the deployment does elsewhere."""
    found = [no_interpreter(target)] if target.bytecode and not bytecode else []
    for role, entry in functions.items():
        if (size := entry["unzipped_bytes"]) > zips.WARN_ABOVE:
            share = size * 100 // zips.UNZIPPED_LIMIT
            found.append(f"{role} unzips to {zips.megabytes(size)}, {share} % of Lambda's 250 MB")
    users: dict[str, list[str]] = {}
    for plan in plans:
        if plan.differing:
            users.setdefault(", ".join(plan.differing), []).append(plan.role)
    for what, roles in users.items():
        more = f" and {len(roles) - _NAMED} more" if len(roles) > _NAMED else ""
        found.append(f"deploy and sandbox resolve differently for {', '.join(roles[:_NAMED])}{more}: {what}")
    return found
