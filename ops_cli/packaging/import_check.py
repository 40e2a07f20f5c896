"""The import of every freshly built handler from its zip alone, before the manifest lists the zip.

Run as a script, with a folder and the name of a module, it is the interpreter that imports one handler: it sees the
standard library, the unpacked zip and the AWS SDK that Lambda's runtimes bring, and says on stdout what fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import importlib.machinery
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    from ops_cli.packaging.plan import Plan

SECONDS = 30
# The SDK of the runtime and what it is made of.
_PROVIDED = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
_AT_ONCE = 2


def check_imports(folder: str, plans: list[Plan]) -> None:
    """Import each handler as Lambda would, on this interpreter; raise what fails, by file and line."""
    from concurrent.futures import ThreadPoolExecutor

    from ops_cli.packaging.files import failed

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = [problem for problem in pool.map(lambda plan: _problem(folder, plan), plans) if problem]
    if problems:
        hint = "A handler must import from its zip alone; nothing was built."
        if any("No module named 'boto3'" in problem for problem in problems):
            hint = f"Lambda brings boto3; {sys.executable} has none to check with: run `make setup`."
        raise failed("\n".join(problems), hint)


def _problem(folder: str, plan: Plan) -> str:
    """Import one handler in a process of its own; say by source file and line why that fails."""
    import tempfile
    import zipfile

    entry = f"{plan.function}/handler.py"
    with tempfile.TemporaryDirectory(prefix="opsctl-import-check-") as task:
        with zipfile.ZipFile(f"{folder}/{plan.zip_name}") as archive:
            archive.extractall(task)
        command = [sys.executable, "-I", "-B", os.path.abspath(__file__), os.path.realpath(task), plan.function]
        # Nothing of the builder's environment may reach a handler: no credentials, no PYTHON* variables.
        region = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "PATH": os.environ.get("PATH", "")}
        try:
            answer = subprocess.run(
                command, env=region, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            told: list[Any] = [entry, 1, f"its import took more than {SECONDS} s"]
        else:
            ended = [entry, 1, f"its import ended the process ({answer.returncode})"]
            told = json.loads(answer.stdout) if answer.stdout else ended
    return f"{plan.members.get(told[0], told[0])}:{told[1]}: {told[2]}" if told else ""


class _RuntimeSdk:
    """Finds the AWS SDK in this interpreter's site-packages, after the zip itself, and nothing else there."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer the import system for top-level names of the SDK."""
        from importlib.machinery import PathFinder

        return PathFinder.find_spec(name, self._folders, target) if path is None and name in _PROVIDED else None


def _isolate(task: str) -> None:
    """Leave the zip and the standard library on the path, and the SDK; drop site-packages and editable installs."""
    import site
    from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

    library = os.path.dirname(os.__file__)
    kept = [path for path in sys.path if path == library or path.startswith(f"{library}/lib-dynload")]
    sys.path[:] = [task, *kept]
    sdk: Any = _RuntimeSdk([*site.getsitepackages(), "/usr/lib/python3/dist-packages"])
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, PathFinder, sdk]


def _failure(task: str, function: str) -> list[Any]:
    """Import a handler; return file in the zip, line and reason of a failure, else nothing."""
    import importlib

    entry = f"{function}/handler.py"
    try:
        handler = importlib.import_module(f"{function}.handler")
    except BaseException as error:  # noqa: BLE001 - SystemExit at import is a broken handler too
        file, line = _place(error, task)
        return [file or entry, line, f"{type(error).__name__}: {error}"]
    if not callable(getattr(handler, "handle", None)):
        return [entry, 1, "has no function `handle`"]
    return []


def _place(error: BaseException, task: str) -> tuple[str, int]:
    """Return the innermost line of the zip's own code that the error passed through."""
    import traceback

    places = [(frame.filename, frame.lineno or 1) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno or 1))
    own = [(name.removeprefix(f"{task}/"), line) for name, line in places if name.startswith(f"{task}/")]
    return own[-1] if own else ("", 1)


def main(task: str, function: str) -> None:
    """Answer with the failure, if any, on stdout, where nothing of the handler comes; end although it has threads."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    _isolate(task)
    os.write(answers, json.dumps(_failure(task, function)).encode())
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
