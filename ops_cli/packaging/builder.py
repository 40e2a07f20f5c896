"""The build of one target: nothing when nothing changed, else the work of `rebuild`."""

from __future__ import annotations

import os
import time

from ops_cli.packaging import files, interpreters, sources
from ops_cli.packaging.index import Index
from ops_cli.packaging.state import MANIFEST, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops_cli.packaging.targets import Target


class BuildResult:
    """What a build did, by role, and where its manifest is."""

    __slots__ = ("built", "bytecode", "manifest_path", "removed", "target", "unchanged", "warnings")

    def __init__(self, target: Target, folder: str, state: State, built: list[str], removed: list[str]) -> None:
        self.target = target
        self.manifest_path = f"{folder}/{MANIFEST}"
        self.built = built
        self.removed = removed
        self.unchanged = sorted(set(state.functions) - set(built))
        self.bytecode = state.interpreter[1] if state.interpreter else None
        self.warnings = list(state.warnings)

    def summary(self) -> str:
        """Say in one line how much was built, for what, and whether bytecode is in it."""
        counts = [f"{len(self.built)} built", f"{len(self.unchanged)} unchanged"]
        counts += [f"{len(self.removed)} removed"] if self.removed else []
        if self.bytecode:
            bytecode = f"bytecode of {self.bytecode}"
        elif self.target.bytecode:
            bytecode = f"no bytecode: there is no Python {self.target.version} on this machine"
        else:
            bytecode = "no bytecode, as asked"
        where = f"{self.target.runtime} {self.target.architecture}"
        return f"{self.target.name}: {', '.join(counts)} ({where}; {bytecode})"


def build(root: str | Path, target: Target, *, report: Callable[[str], None]) -> BuildResult:
    """Make the zip of every function under `root` for a target, and the manifest that lists them.

    Only what changed is made again. `report` is given one line per zip, per warning and for the whole. Raises
    OpsError, with nothing replaced, when a function cannot be built.
    """
    top = os.path.abspath(os.fspath(root))
    sources.require(top)
    folder = f"{top}/build/{target.name}"
    os.makedirs(folder, exist_ok=True)
    with files.Lock(f"{folder}/.lock", lambda: report(f"{target.name}: waiting for another build to end …")):
        result = _build(top, folder, target, report)
    for warning in result.warnings:
        report(f"warning: {warning}")
    report(result.summary())
    return result


def _build(top: str, folder: str, target: Target, report: Callable[[str], None]) -> BuildResult:
    started = time.time_ns()
    tree = sources.scan(top)
    index = Index(top, f"{top}/build/.index")
    index.refresh(tree, started)
    found = interpreters.candidates(target)
    state = State.load(folder)
    if state.is_current(folder, target, index.tree_hash, found):
        return BuildResult(target, folder, state, [], [])
    from ops_cli.packaging.rebuild import Rebuild

    return Rebuild(folder, target, tree, index, report).run(state, found)
