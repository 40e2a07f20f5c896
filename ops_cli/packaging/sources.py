"""The files a build reads: every function's folder and the library packages, each with its stat signature."""

from __future__ import annotations

import os

from ops_cli.packaging.problems import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Signature = tuple[int, int, int, int, int]

FUNCTIONS = "python/functions"
LIBRARY = "python/lib"
REQUIREMENTS = "requirements.txt"
LOCK = "requirements.lock"

_SKIPPED_FOLDERS = {"__pycache__", "tests"}
_SKIPPED_SUFFIXES = (".pyc", ".pyo", ".pyi", "~")
_SKIPPED_FILES = {"README.md", "py.typed"}
_NOT_SHIPPED = {REQUIREMENTS, LOCK}


class Tree:
    """What lies in the source folders now: paths relative to the root, grouped by function and by package."""

    __slots__ = ("functions", "library", "signatures")

    def __init__(self) -> None:
        self.functions: dict[str, list[str]] = {}
        self.library: dict[str, list[str]] = {}
        self.signatures: dict[str, Signature] = {}

    def shipped(self, function: str) -> Iterator[str]:
        """Yield the paths of a function's own files that go into its zip."""
        prefix = f"{FUNCTIONS}/{function}/"
        return (path for path in self.functions[function] if path.removeprefix(prefix) not in _NOT_SHIPPED)


def require(root: str) -> None:
    """Refuse a folder that is not the root of a repository with functions."""
    if not os.path.isdir(f"{root}/{FUNCTIONS}"):
        raise failed(f"There is no {FUNCTIONS} under {root}.", "Run this from the root of the repository.")


def scan(root: str) -> Tree:
    """List the sources under `root`; a folder without a file in it, as git leaves behind, counts as absent."""
    tree = Tree()
    for group, top in ((tree.functions, FUNCTIONS), (tree.library, LIBRARY)):
        for name in _folders(root, top):
            paths = sorted(_walk(tree.signatures, root, f"{top}/{name}", os.path.realpath(f"{root}/{top}/{name}")))
            if paths:
                group[name] = paths
    return tree


def signature(status: os.stat_result) -> Signature:
    """Reduce a stat result to what changes when a file's content or mode does."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def _folders(root: str, top: str) -> list[str]:
    if not os.path.isdir(f"{root}/{top}"):
        return []
    with os.scandir(f"{root}/{top}") as entries:
        found = [entry for entry in entries if entry.is_dir() and entry.name[0] != "."]
    for entry in found:
        if entry.is_symlink():
            raise failed(f"{top}/{entry.name}: is a symbolic link.", "Put a real folder in its place.")
    return sorted(entry.name for entry in found if entry.name not in _SKIPPED_FOLDERS)


def _walk(signatures: dict[str, Signature], root: str, folder: str, tree: str) -> Iterator[str]:
    """Yield the files below `folder`; `tree` is the real path that no symbolic link may leave."""
    with os.scandir(f"{root}/{folder}") as entries:
        for entry in entries:
            name = entry.name
            if name[0] == "." or name.endswith(_SKIPPED_SUFFIXES) or name in _SKIPPED_FILES:
                continue
            path = f"{folder}/{name}"
            if entry.is_symlink():
                _refuse_escape(root, path, tree)
            if entry.is_file():
                signatures[path] = signature(entry.stat())
                yield path
            elif not entry.is_dir():
                raise failed(f"{path}: is neither a file nor a folder.", "Remove it.")
            elif name not in _SKIPPED_FOLDERS:
                yield from _walk(signatures, root, path, tree)


def _refuse_escape(root: str, path: str, tree: str) -> None:
    link = f"{root}/{path}"
    target = os.path.realpath(link)
    if not os.path.exists(target):
        raise failed(f"{path}: the symbolic link points to nothing.", "Remove it or mend what it points to.")
    if not target.startswith(tree + os.sep):
        raise failed(
            f"{path}: the symbolic link leaves its own folder, so its content would not be the same elsewhere.",
            "Put a real file in its place, or move shared code to python/lib.",
        )
    if os.path.isdir(target) and f"{os.path.realpath(os.path.dirname(link))}/".startswith(f"{target}/"):
        raise failed(f"{path}: the symbolic link points to a folder that holds it.", "Remove it.")
