"""Imports handlers from their zips, each in a fork of this process that sees nothing else; run as a script.

The request on stdin names the zips and the module of each; the answer on stdout is a list with null for a handler
that imports, else the file in the zip, the line and the error.
"""

import importlib
import importlib.machinery
import json
import os
import select
import shutil
import signal
import site
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Sequence
from types import ModuleType
from typing import Any

# The SDK of the runtime and what it is made of.
_PROVIDED = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
_AT_ONCE = 2
SECONDS = 30


class RuntimeSdk:
    """Finds the AWS SDK in this interpreter's site-packages, after the zip itself, and nothing else there."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer the import system for top-level names of the SDK."""
        if path is not None or name not in _PROVIDED:
            return None
        return importlib.machinery.PathFinder.find_spec(name, self._folders, target)


def isolate() -> None:
    """Leave the standard library on the path, and the SDK; drop site-packages and editable installs."""
    library = os.path.dirname(os.__file__)
    sys.path[:] = [path for path in sys.path if path == library or path.startswith(f"{library}/lib-dynload")]
    sdk: Any = RuntimeSdk([*site.getsitepackages(), "/usr/lib/python3/dist-packages"])
    builtin, frozen, files = (
        importlib.machinery.BuiltinImporter,
        importlib.machinery.FrozenImporter,
        importlib.machinery.PathFinder,
    )
    sys.meta_path[:] = [builtin, frozen, files, sdk]


def failure(module: str, own: str) -> dict[str, Any] | None:
    """Import a handler module; return where in the zip and why it fails, or None."""
    entry = f"{module.replace('.', '/')}.py"
    try:
        handler = importlib.import_module(module)
    except BaseException as error:  # noqa: BLE001 - SystemExit at import is a broken handler too
        file, line = _place(error, own)
        return {"file": file or entry, "line": line, "error": f"{type(error).__name__}: {error}"}
    if not callable(getattr(handler, "handle", None)):
        return {"file": entry, "line": 1, "error": "has no function `handle`"}
    return None


def _place(error: BaseException, own: str) -> tuple[str, int]:
    """Return the innermost line of the zip's own code that the error passed through."""
    inside = f"{own}/"
    if isinstance(error, SyntaxError) and (error.filename or "").startswith(inside):
        return str(error.filename).removeprefix(inside), error.lineno or 1
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(inside)]
    return (frames[-1].filename.removeprefix(inside), frames[-1].lineno or 1) if frames else ("", 1)


def extract(archive: str, folder: str, without: str = "") -> str:
    """Unpack a zip as Lambda does, except for what another zip holds too."""
    with zipfile.ZipFile(archive) as opened:
        names = set(opened.namelist())
        if without:
            with zipfile.ZipFile(without) as other:
                names -= set(other.namelist())
        for name in names:
            opened.extract(name, folder)
            os.chmod(os.path.join(folder, name), opened.getinfo(name).external_attr >> 16)
    return folder


class Child:
    """One handler, imported in a fork, with the pipe it answers through."""

    def __init__(self, job: dict[str, str], own: str, layer: str) -> None:
        self.answers, writing = os.pipe()
        self.deadline = time.monotonic() + SECONDS
        self._job = job
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.answers)
            self._answer(own, layer, writing)
        os.close(writing)

    def result(self) -> dict[str, Any] | None:
        """Return the answer once the pipe is readable, or why there will be none."""
        entry = f"{self._job['module'].replace('.', '/')}.py"
        with os.fdopen(self.answers, "rb") as pipe:
            late = time.monotonic() >= self.deadline
            if late:
                os.kill(self.pid, signal.SIGKILL)
            answer = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if answer:
            value: dict[str, Any] | None = json.loads(answer)
            return value
        code = os.waitstatus_to_exitcode(status)
        reason = f"took more than {SECONDS} s" if late else f"ended the process ({code})"
        return {"file": entry, "line": 1, "error": f"its import {reason}"}

    def _answer(self, own: str, layer: str, writing: int) -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        extract(self._job["zip"], own, self._job["layer"])
        sys.path[:0] = [own, layer] if layer else [own]
        os.write(writing, json.dumps(failure(self._job["module"], own)).encode())
        os._exit(0)


def check(jobs: list[dict[str, str]], scratch: str) -> list[dict[str, Any] | None]:
    """Import all handlers, a few at once, and return their failures in order."""
    layers = {layer: f"{scratch}/layer{number}" for number, layer in enumerate({job["layer"] for job in jobs} - {""})}
    for layer, folder in layers.items():
        extract(layer, folder)
    results: list[dict[str, Any] | None] = [None] * len(jobs)
    waiting = list(enumerate(jobs))[::-1]
    running: dict[int, tuple[int, Child]] = {}
    while waiting or running:
        while waiting and len(running) < _AT_ONCE:
            number, job = waiting.pop()
            child = Child(job, f"{scratch}/{number}", layers.get(job["layer"], ""))
            running[child.answers] = (number, child)
        patience = min(child.deadline for _, child in running.values()) - time.monotonic()
        ready, _, _ = select.select(list(running), [], [], max(0, patience))
        late = [pipe for pipe, (_, child) in running.items() if time.monotonic() >= child.deadline]
        for pipe in {*ready, *late}:
            number, child = running.pop(pipe)
            results[number] = child.result()
            shutil.rmtree(f"{scratch}/{number}", ignore_errors=True)
    return results


def main() -> None:
    """Read the request, answer it."""
    request = json.load(sys.stdin)
    isolate()
    for name in request["preload"]:
        try:
            importlib.import_module(name)
        except ImportError:
            # The handlers that need it will say so, each with its own line.
            continue
    scratch = tempfile.mkdtemp(prefix="opsctl-import-check-")
    try:
        answer = check(request["jobs"], os.path.realpath(scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
