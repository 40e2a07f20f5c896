"""The build of one target: nothing when nothing changed, else the work of `rebuild`.

Beside the zips it leaves the manifest for Terraform and the upload, and a stamp by which the next build knows whether
anything changed.
"""

from __future__ import annotations

import marshal
import os
import sys

from ops_cli.packaging.result import BuildResult
from ops_cli.packaging.sources import Tree, recall, require

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from ops_cli.packaging.targets import Target

_STAMP_FORMAT = 1


def build(root: str | Path, target: Target, *, report: Callable[[str], None]) -> BuildResult:
    """Make the zip of every function under `root` for a target, and the manifest that lists them.

    Only what changed is made again. `report` is given one line per zip, per warning and for the whole. Raises
    OpsError, with nothing replaced, when a function cannot be built.
    """
    top = require(root)
    folder = f"{top}/build/{target.name}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/.lock", "ab") as lock:
        _take(lock.fileno(), lambda: report(f"{target.name}: waiting for another build to end …"))
        tree = Tree(top)
        interpreters = [(path, os.stat(path).st_mtime_ns) for path in target.candidates()]
        here = sys.version if target.native else ""
        # Everything that decides about a build on this machine.
        inputs = [*target.identity, target.bytecode, interpreters, here, tree.signatures]
        stamped, result = _read_stamp(folder, target)
        if stamped != inputs:
            from ops_cli.packaging.interpreters import Bytecode

            with Bytecode(folder, tree, target) as bytecode:
                # Another process compiles while this one imports the rest.
                from ops_cli.packaging.rebuild import rebuild

                rebuild(result, tree, bytecode, report)
            # A file changed in this very tick of the clock may change again and keep its dates: it is not trusted.
            is_settled = tree.changed_before(os.fstat(lock.fileno()).st_mtime_ns)
            _write_stamp(inputs if is_settled else None, result)
    for warning in result.warnings:
        report(f"warning: {warning}")
    report(result.summary())
    return result


def _take(lock: int, waiting: Callable[[], None]) -> None:
    """Take a lock, which the system releases when its holder dies, and date its file."""
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(lock, fcntl.LOCK_EX)
    os.utime(lock)


def _read_stamp(folder: str, target: Target) -> tuple[list[Any] | None, BuildResult]:
    """Return what the last build was made from, and its result with the zips that nobody has touched since.

    When a zip or the manifest is not as it was left, what it was made from is said to be nothing.
    """
    result = BuildResult(target, folder)
    stamp = recall(f"{folder}/.stamp", ())
    if stamp[:1] != (_STAMP_FORMAT,):
        return None, result
    _, inputs, manifest, result.bytecode, outputs, result.warnings, result.imports = stamp
    result.outputs = {name: one for name, one in outputs.items() if _state(f"{folder}/{name}") == one[:2]}
    whole = len(result.outputs) == len(outputs) and manifest == _state(result.manifest_path)
    return inputs if whole else None, result


def _write_stamp(inputs: list[Any] | None, result: BuildResult) -> None:
    from ops_cli.packaging.zips import write_file

    manifest = _state(result.manifest_path)
    stamp = (_STAMP_FORMAT, inputs, manifest, result.bytecode, result.outputs, result.warnings, result.imports)
    write_file(f"{result.folder}/.stamp", marshal.dumps(stamp))


def _state(path: str) -> tuple[int, int] | None:
    """Return a file's size and the time of its last change; None when it is not there."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns
