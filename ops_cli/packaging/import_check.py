"""The import of every freshly built handler from its zip alone, before the manifest lists the zip.

Run as a script, with a folder and the name of a function, it is the interpreter that imports one handler: it sees the
standard library, the unpacked zip and the AWS SDK that Lambda's runtimes bring, and says on stdout what fails.
"""

import importlib
import os
import site
import subprocess
import sys
import traceback
from collections.abc import Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops_cli.packaging.rebuild import Plan

SECONDS = 30
# The SDK of the runtime and what it is made of.
_PROVIDED = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
_AT_ONCE = 2
_IMPORTED = "imported"


def check_imports(folder: str, plans: "list[Plan]") -> None:
    """Import each handler as Lambda would, on this interpreter; raise what fails, by file and line."""
    from concurrent.futures import ThreadPoolExecutor

    from ops_cli.packaging.sources import failed

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = [problem for problem in pool.map(lambda plan: _problem(folder, plan), plans) if problem]
    if problems:
        hint = "A handler must import from its zip alone; nothing was built."
        if any("No module named 'boto3'" in problem for problem in problems):
            hint = f"Lambda brings boto3; {sys.executable} has none to check with: run `make setup`."
        raise failed("\n".join(problems), hint)


def _problem(folder: str, plan: "Plan") -> str:
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
            told = answer.stdout.decode() or f"{entry}:1: its import ended the process ({answer.returncode})"
        except subprocess.TimeoutExpired:
            told = f"{entry}:1: its import took more than {SECONDS} s"
    name, _, rest = told.partition(":")
    path = next((path for path in plan.paths if path.split("/", 2)[2] == name), name)
    return "" if told == _IMPORTED else f"{path}:{rest}"


class _RuntimeSdk(PathFinder):
    """Finds the AWS SDK in this interpreter's site-packages, after the zip itself, and nothing else there."""

    folders = (*site.getsitepackages(), "/usr/lib/python3/dist-packages")

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer the import system for top-level names of the SDK."""
        return super().find_spec(fullname, cls.folders, target) if path is None and fullname in _PROVIDED else None


def _outcome(task: str, function: str) -> str:
    """Import a handler; say by file in the zip and line why that fails."""
    try:
        handler = importlib.import_module(f"{function}.handler")
    except BaseException as error:  # noqa: BLE001 - SystemExit at import is a broken handler too
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno))
        # The innermost line of the zip's own code that the error passed through.
        own = [(name.removeprefix(f"{task}/"), line) for name, line in places if name.startswith(f"{task}/")]
        name, line = own[-1] if own else (f"{function}/handler.py", 1)
        return f"{name}:{line or 1}: {type(error).__name__}: {error}"
    return (
        _IMPORTED
        if callable(getattr(handler, "handle", None))
        else f"{function}/handler.py:1: has no function `handle`"
    )


def main(task: str, function: str) -> None:
    """Answer on stdout, where nothing of the handler comes; end although it has threads."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    # No site-packages and no editable installs.
    library = os.path.dirname(os.__file__)
    sys.path[:] = [task, *(path for path in sys.path if path == library or path.startswith(f"{library}/lib-dynload"))]
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, PathFinder, _RuntimeSdk]
    os.write(answers, _outcome(task, function).encode(errors="backslashreplace"))
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
