"""What zips hold of our own: sources, and bytecode that is compiled once for each content of a source."""

from __future__ import annotations

import os

from ops_cli.packaging import bytecode, files
from ops_cli.packaging.sources import zip_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator, Mapping

    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target


class Contents:
    """The sources of a tree and their bytecode, which a target's folder keeps by the hash of name, source and version.

    What is missing there is compiled beside other work, until it is asked for or the `with` statement ends.
    """

    def __init__(self, folder: str, tree: Tree, target: Target) -> None:
        self.tree = tree
        self.interpreter = bytecode.find_interpreter(target)
        self._target = target
        self._kept = f"{folder}/.bytecode"
        self._scratch = f"{folder}/.compiling"
        sources = [path for path in tree.signatures if path.endswith(".py")] if self.interpreter else []
        self._paths = {zip_name(path): path for path in sources}
        self._keys = {name: self._key(name) for name in self._paths}
        self._missing: list[str] = []
        self._failures: dict[str, tuple[int, str]] = {}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Contents:
        os.makedirs(self._kept, exist_ok=True)
        there = set(os.listdir(self._kept))
        self._missing = [name for name, key in self._keys.items() if key not in there]
        if self.interpreter and self._missing:
            _empty(self._scratch)
            for name in self._missing:
                os.makedirs(os.path.dirname(f"{self._scratch}/{name}"), exist_ok=True)
                files.write(f"{self._scratch}/{name}", self.tree.content(self._paths[name]))
            self._process = bytecode.start_compiling(self.interpreter, self._scratch)
        return self

    def __exit__(self, *_raised: object) -> None:
        self._finish()

    def failures(self, names: Iterable[str]) -> list[str]:
        """Say which of these files do not compile, by path and line."""
        self._finish()
        found = ((self._paths[name], *self._failures[name]) for name in names if name in self._failures)
        return [f"{path}:{line}: {what} (Python {self._target.version})" for path, line, what in found]

    def entries(self, members: Mapping[str, str]) -> Iterator[tuple[str, bool, bytes]]:
        """Yield name, executable and content of these files and of their bytecode, given the paths by name."""
        self._finish()
        for name, path in members.items():
            yield name, self.tree.is_executable(path), self.tree.content(path)
            if name in self._keys:
                yield bytecode.place(name, self._target), False, files.read(f"{self._kept}/{self._keys[name]}")

    def _key(self, name: str) -> str:
        import hashlib

        return hashlib.sha256(
            f"{self._target.magic}\0{name}\0{self.tree.digest(self._paths[name])}".encode()
        ).hexdigest()

    def _finish(self) -> None:
        """Wait for the compilation, keep what it made and drop what no source stands for any more."""
        if self._process is None:
            return
        process, self._process = self._process, None
        self._failures = bytecode.finish_compiling(process)
        for name in self._missing:
            if name not in self._failures:
                made = f"{self._scratch}/{bytecode.place(name, self._target)}"
                os.replace(made, f"{self._kept}/{self._keys[name]}")
        for key in {*os.listdir(self._kept)} - {*self._keys.values()}:
            files.remove(f"{self._kept}/{key}")
        _empty(self._scratch)


def _empty(folder: str) -> None:
    """Remove a folder that a killed build may have left."""
    if os.path.exists(folder):
        import shutil

        shutil.rmtree(folder)
