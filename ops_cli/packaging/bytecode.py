"""The bytecode of modules, written by another process: an interpreter of the target's version.

Run as a script, by an interpreter that knows nothing of this package, it is that process. Not `compileall`, which takes
three times as long to be imported. The bytecode is not checked against the source's date when it is loaded (PEP 552):
a zip does not keep the date, and bytecode that does not match would be made again at each cold start.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator

    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target

# Where Lambda unpacks a zip; tracebacks name it.
TASK_ROOT = "/var/task"
_UNCHECKED_HASH = b"\1\0\0\0"
# What every Python reads that may compile.
_MARSHAL_VERSION = 4


class Bytecode:
    """The bytecode of a tree, which a target's folder keeps by the hash of each module's name, source and version.

    What is missing there is compiled beside other work, until it is asked for or the `with` statement ends.
    """

    def __init__(self, folder: str, tree: Tree, target: Target) -> None:
        self.interpreter = target.interpreter()
        self._folder = f"{folder}/.bytecode"
        self._tree = tree
        self._target = target
        self._kept: dict[str, str] = {}
        self._failures: dict[str, tuple[int, str]] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Bytecode:
        if self.interpreter:
            os.makedirs(self._folder, exist_ok=True)
            self._kept = {path: self._place(path) for path in self._tree.signatures if path.endswith(".py")}
            there = {f"{self._folder}/{name}" for name in os.listdir(self._folder)}
            missing = [path for path, kept in self._kept.items() if kept not in there]
            jobs = [(self._tree.zip_name(path), self._tree.content(path), self._kept[path]) for path in missing]
            if jobs:
                self._process = start_compiling(self.interpreter, jobs, f"{self._folder}/jobs")
        return self

    def __exit__(self, *_raised: object) -> None:
        self._finish()

    def failures(self, paths: Iterable[str]) -> list[str]:
        """Say which of these files do not compile, by path and line."""
        self._finish()
        found = ((path, self._failures.get(self._kept.get(path, ""))) for path in paths)
        return [f"{path}:{one[0]}: {one[1]} (Python {self._target.version})" for path, one in found if one]

    def entries(self, paths: Iterable[str]) -> Iterator[tuple[str, bool, bytes]]:
        """Yield name, executable and content of these files and of their bytecode."""
        from ops_cli.packaging.sources import read

        self._finish()
        for path in paths:
            name = self._tree.zip_name(path)
            yield name, self._tree.is_executable(path), self._tree.content(path)
            if path in self._kept:
                yield place(name, self._target), False, read(self._kept[path])

    def _place(self, path: str) -> str:
        import hashlib

        text = f"{self._target.magic}\0{self._tree.zip_name(path)}\0{self._tree.digest(path)}"
        return f"{self._folder}/{hashlib.sha256(text.encode()).hexdigest()}"

    def _finish(self) -> None:
        """Wait for the compilation and drop what no source stands for any more."""
        if self._process is not None:
            process, self._process = self._process, None
            self._failures = finish_compiling(process)
            for name in {*os.listdir(self._folder)} - {os.path.basename(kept) for kept in self._kept.values()}:
                os.unlink(f"{self._folder}/{name}")


def place(name: str, target: Target) -> str:
    """Return where the bytecode of the module file `name` belongs in a zip."""
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file[:-3]}.{target.tag}.pyc".removeprefix("/")


def start_compiling(interpreter: str, jobs: list[tuple[str, bytes, str]], scratch: str) -> subprocess.Popen[bytes]:
    """Start to compile modules, each with its name in a zip, its source and the path of what is made."""
    import subprocess

    # A fixed environment: neither the user's PYTHON* variables nor the hash seed may show in the bytecode.
    command = [interpreter, "-S", "-s", "-P", "-W", "ignore", os.path.abspath(__file__)]
    with open(scratch, "w+b") as file:
        marshal.dump(jobs, file, _MARSHAL_VERSION)
        file.seek(0)
        return subprocess.Popen(
            command, env={"PYTHONHASHSEED": "0"}, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )


def finish_compiling(process: subprocess.Popen[bytes]) -> dict[str, tuple[int, str]]:
    """Wait for a compilation; return line and reason of what fails by the path of what it was to become."""
    told, error = process.communicate()
    if process.returncode:
        from ops_cli.packaging.sources import failed

        said = error.decode(errors="replace").strip()
        raise failed(f"Python stopped while it compiled: {said}", "Run with --no-bytecode.")
    failures: dict[str, tuple[int, str]] = marshal.loads(told)  # noqa: S302 - written by the process below
    return failures


def main() -> None:
    """Compile the modules that stdin lists; say on stdout which failed."""
    from importlib.util import MAGIC_NUMBER, source_hash

    failures = {}
    for name, source, made in marshal.load(sys.stdin.buffer):  # noqa: S302 - written by the process above
        try:
            code = compile(source, f"{TASK_ROOT}/{name}", "exec", dont_inherit=True, optimize=0)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            failures[made] = (getattr(error, "lineno", None) or 1, getattr(error, "msg", None) or str(error))
        else:
            os.makedirs(os.path.dirname(made), exist_ok=True)
            with open(f"{made}.tmp", "wb") as file:
                file.write(MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code))
            os.replace(f"{made}.tmp", made)
    marshal.dump(failures, sys.stdout.buffer, _MARSHAL_VERSION)


if __name__ == "__main__":
    main()
