"""What other interpreters do for a build: one of the target's version compiles modules, this one's imports handlers.

Run as a script, which knows nothing of this package, this file is such a process.

Modules are not compiled by `compileall`, which takes three times as long to be imported. The bytecode is not checked
against the source's date when it is loaded (PEP 552): a zip does not keep the date, and bytecode that does not match
would be made again at each cold start.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target

    # A function, the name of its zip, and the paths of the files in it.
    Zipped = tuple[str, str, list[str]]

SECONDS = 30
_AT_ONCE = 2
# Where Lambda unpacks a zip; tracebacks name it.
_TASK_ROOT = "/var/task"
# The SDK of Lambda's Python runtimes and what it is made of.
_SDK = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"}
_UNCHECKED_HASH = b"\1\0\0\0"
# What every Python reads that may compile.
_MARSHAL_VERSION = 4
_IMPORTED = "imported"


class Bytecode:
    """The bytecode of a tree, which a target's folder keeps by the hash of each module's name, source and version.

    What is missing there is compiled beside other work, until it is asked for or the `with` statement ends.
    """

    def __init__(self, folder: str, tree: Tree, target: Target) -> None:
        from ops_cli.packaging.sources import hashed

        self.interpreter = target.interpreter()
        self._tree = tree
        self._target = target
        self._folder = f"{folder}/.bytecode"
        self._failures: dict[str, tuple[int, str]] = {}
        names = {path: tree.zip_name(path) for path in tree.signatures if self.interpreter and path.endswith(".py")}
        self._keys = {path: hashed(target.magic, name, tree.digest(path)) for path, name in names.items()}
        os.makedirs(self._folder, exist_ok=True)
        there = {*os.listdir(self._folder)}
        jobs = [(key, names[path], tree.content(path)) for path, key in self._keys.items() if key not in there]
        self._process = start_compiling(self.interpreter, jobs, f"{folder}/.jobs.tmp") if jobs else None

    def __enter__(self) -> Bytecode:
        return self

    def __exit__(self, raised: object, *_more: object) -> None:
        if raised and self._process:
            # Why it ends, as by the same Ctrl-C, is not of interest any more.
            self._process.kill()
            self._process.communicate()
        else:
            self._finish()

    def _finish(self) -> None:
        """Wait for the compilation, keep what it made and drop what no source stands for any more."""
        if self._process is not None:
            from ops_cli.packaging.zips import remove, write_file

            process, self._process = self._process, None
            made, self._failures = finish_compiling(process)
            for key, code in made.items():
                write_file(f"{self._folder}/{key}", code)
            for key in {*os.listdir(self._folder)} - {*self._keys.values()}:
                remove(f"{self._folder}/{key}")

    def failures(self, paths: Iterable[str]) -> list[str]:
        """Say which of these files do not compile, by path and line."""
        self._finish()
        found = ((path, self._failures.get(self._keys.get(path, ""))) for path in paths)
        return [f"{path}:{one[0]}: {one[1]} (Python {self._target.version})" for path, one in found if one]

    def entries(self, paths: Iterable[str]) -> Iterator[tuple[str, bool, bytes]]:
        """Yield name, executable and content of these files and of their bytecode."""
        from ops_cli.packaging.sources import read

        self._finish()
        for path in paths:
            name = self._tree.zip_name(path)
            yield name, self._tree.is_executable(path), self._tree.content(path)
            if path in self._keys:
                yield self._target.bytecode_name(name), False, read(f"{self._folder}/{self._keys[path]}")


def start_compiling(interpreter: str | None, jobs: list[tuple[str, str, bytes]], file: str) -> subprocess.Popen[bytes]:
    """Start to compile modules, each with a key, its name in a zip and its source, told in a file."""
    import subprocess

    # A fixed environment: neither the user's PYTHON* variables nor the hash seed may show in the bytecode.
    command = [str(interpreter), "-S", "-s", "-P", "-W", "ignore", os.path.abspath(__file__), "compile"]
    how: Any = {"env": {"PYTHONHASHSEED": "0"}, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with open(file, "w+b") as told:
        marshal.dump(jobs, told, _MARSHAL_VERSION)
        told.seek(0)
        return subprocess.Popen(command, stdin=told, **how)


def finish_compiling(process: subprocess.Popen[bytes]) -> tuple[dict[str, bytes], dict[str, tuple[int, str]]]:
    """Wait for a compilation; return bytecode by key, and line and reason of what fails."""
    told, error = process.communicate()
    if process.returncode:
        from ops_cli.packaging.sources import failed

        said = error.decode(errors="replace").strip()
        raise failed(f"Python stopped while it compiled: {said}", "Run with --no-bytecode.")
    made, failures = marshal.loads(told)  # noqa: S302 - written by the process below
    return made, failures


def compile_modules() -> None:
    """Compile the modules that stdin lists; answer on stdout with their bytecode and what failed."""
    from importlib.util import MAGIC_NUMBER, source_hash

    made, failures = {}, {}
    for key, name, source in marshal.load(sys.stdin.buffer):  # noqa: S302 - written by the process above
        try:
            code = compile(source, f"{_TASK_ROOT}/{name}", "exec", dont_inherit=True, optimize=0)
            made[key] = MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            failures[key] = (getattr(error, "lineno", None) or 1, getattr(error, "msg", None) or str(error))
    marshal.dump((made, failures), sys.stdout.buffer, _MARSHAL_VERSION)


def check_imports(folder: str, handlers: list[Zipped]) -> None:
    """Import each handler from its zip alone, as Lambda would; raise what fails, by file and line."""
    from concurrent.futures import ThreadPoolExecutor

    from ops_cli.packaging.sources import failed

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = [
            problem for problem in pool.map(lambda handler: _import_problem(folder, *handler), handlers) if problem
        ]
    if problems:
        hint = "A handler must import from its zip alone; nothing was built."
        if any("No module named 'boto3'" in problem for problem in problems):
            hint = f"Lambda brings boto3; {sys.executable} has none to check with: run `make setup`."
        raise failed("\n".join(problems), hint)


def _import_problem(folder: str, function: str, zip_name: str, paths: list[str]) -> str:
    import subprocess
    import tempfile
    import zipfile

    told = f"{function}/handler.py:1: its import "
    with tempfile.TemporaryDirectory(prefix="opsctl-import-check-") as task:
        with zipfile.ZipFile(f"{folder}/{zip_name}") as archive:
            archive.extractall(task)
        command = [sys.executable, "-I", "-B", os.path.abspath(__file__), os.path.realpath(task), function]
        # Nothing of the builder's environment may reach a handler: no credentials, no PYTHON* variables.
        region = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "PATH": os.environ.get("PATH", "")}
        how: Any = {"env": region, "stdin": subprocess.DEVNULL, "capture_output": True, "timeout": SECONDS}
        try:
            answer = subprocess.run(command, check=False, **how)
            told = answer.stdout.decode() or f"{told}ended the process ({answer.returncode})"
        except subprocess.TimeoutExpired:
            told += f"took more than {SECONDS} s"
    name, _, rest = told.partition(":")
    path = next((path for path in paths if path.split("/", 2)[2] == name), name)
    return "" if told == _IMPORTED else f"{path}:{rest}"


def import_handler(task: str, function: str) -> None:
    """Import a handler of an unpacked zip; answer on stdout, where nothing of it comes; end although it has threads.

    It sees the zip, the standard library and the SDK, but neither the rest of site-packages nor editable installs.
    """
    import site
    from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder

    class SdkFinder(PathFinder):
        folders = (*site.getsitepackages(), "/usr/lib/python3/dist-packages")

        @classmethod
        def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> Any:
            return super().find_spec(fullname, cls.folders, target) if path is None and fullname in _SDK else None

    library = os.path.dirname(os.__file__)
    sys.path[:] = [task, *(path for path in sys.path if path == library or path.startswith(f"{library}/lib-dynload"))]
    sys.meta_path[:] = [BuiltinImporter, FrozenImporter, PathFinder, SdkFinder]
    answers, nothing = os.dup(1), os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.write(answers, _outcome(task, function).encode(errors="backslashreplace"))
    os._exit(0)


def _outcome(task: str, function: str) -> str:
    """Import a handler; say by file in the zip and line why that fails."""
    import importlib
    import traceback

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
    if not callable(getattr(handler, "handle", None)):
        return f"{function}/handler.py:1: has no function `handle`"
    return _IMPORTED


if __name__ == "__main__":
    compile_modules() if sys.argv[1] == "compile" else import_handler(*sys.argv[1:])
