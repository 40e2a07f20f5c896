"""The build of one target: nothing when nothing changed, else the work of `rebuild`."""

from __future__ import annotations

import os
import sys

from ops_cli.packaging import files, sources
from ops_cli.packaging.result import BUILDER_VERSION, read_stamp, write_stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ops_cli.packaging.result import BuildResult
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
    with files.Lock(f"{folder}/.lock", lambda: report(f"{target.name}: waiting for another build to end …")) as now_ns:
        tree = sources.scan(top)
        inputs = _inputs(tree, target)
        stamped, result = read_stamp(folder, target)
        if stamped != inputs:
            from ops_cli.packaging.bytecode import Bytecode

            with Bytecode(folder, tree, target) as bytecode:
                # Another process compiles while this one imports the rest.
                from ops_cli.packaging.rebuild import rebuild

                result = rebuild(folder, target, tree, bytecode, result, report)
            # A file changed in this very tick of the clock may change again and keep its dates: it is not trusted.
            write_stamp(folder, result, inputs if tree.changed_before(now_ns) else "")
    for warning in result.warnings:
        report(f"warning: {warning}")
    report(result.summary())
    return result


def _inputs(tree: sources.Tree, target: Target) -> str:
    """Return in one line everything that decides about a build on this machine."""
    found = [(path, os.stat(path).st_mtime_ns) for path in target.candidates()]
    here = sys.version if target.native else ""
    head = (BUILDER_VERSION, target.runtime, target.architecture, target.platform, target.bytecode, found, here)
    return repr((head, sorted(tree.signatures.items())))
