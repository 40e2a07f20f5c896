"""The build of one target: nothing when nothing changed, else the work of `rebuild`."""

from __future__ import annotations

import os
import time

from ops_cli.packaging import files, interpreters, sources
from ops_cli.packaging.index import Index
from ops_cli.packaging.result import BuildResult
from ops_cli.packaging.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops_cli.packaging.targets import Target


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
