"""The files a build works from: every function's folder and the library packages.

What tells whether anything changed since the last build is the signature of every file, as git's index has it: its
size, its dates and its inode. The kernel sets the date of the last change (ctime), and no program can set it back.
"""

from __future__ import annotations

import os

from ops_cli.packaging.files import decode, failed, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    # Executable, size, mtime in ns, ctime in ns, inode.
    Signature = tuple[bool, int, int, int, int]

FUNCTIONS = "python/functions"
LIBRARY = "python/lib"
REQUIREMENTS = "requirements.txt"
LOCK = "requirements.lock"

# Made by Python and by editors, never by an author.
_MADE = ("__pycache__", ".pyc", ".pyo", "~")
# Written for people and for pytest. They are left out, and named, because an author may have meant them as data.
_NOT_SHIPPED = ("tests", "README.md")
_EXECUTABLE = 0o100


class Tree:
    """The sources: signatures by path relative to the root, and the paths of each function and library package."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.signatures: dict[str, Signature] = {}
        self.functions: dict[str, list[str]] = {}
        self.library: dict[str, list[str]] = {}
        self.left_out: dict[str, list[str]] = {}
        self._contents: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}

    def changed_before(self, time_ns: int) -> bool:
        """Say whether every file was last changed before a time, so that a change since then shows in its signature."""
        return all(changed < time_ns for _, _, _, changed, _ in self.signatures.values())

    @staticmethod
    def zip_name(path: str) -> str:
        """Return where a source lies in a zip: functions and library packages are side by side."""
        return path.split("/", 2)[2]

    def is_executable(self, path: str) -> bool:
        """Say whether a file's owner may execute it, which is all of its mode that a zip keeps."""
        return self.signatures[path][0]

    def content(self, path: str) -> bytes:
        """Return the content of a file, which is read once: what is packed is what was hashed."""
        if path not in self._contents:
            self._contents[path] = read(f"{self.root}/{path}")
        return self._contents[path]

    def text(self, path: str) -> str:
        """Return the text of a file, or nothing when there is no such file; the text must be UTF-8."""
        return decode(self.content(path), path) if path in self.signatures else ""

    def digest(self, path: str) -> str:
        """Return the hash of a file's content."""
        import hashlib

        if path not in self._digests:
            self._digests[path] = hashlib.sha256(self.content(path)).hexdigest()
        return self._digests[path]

    def shipped(self, function: str) -> list[str]:
        """Return the paths of a function's own files that go into its zip."""
        own = (f"{FUNCTIONS}/{function}/{REQUIREMENTS}", f"{FUNCTIONS}/{function}/{LOCK}")
        return [path for path in self.functions[function] if path not in own]


def require(root: str) -> None:
    """Refuse a folder that is not the root of a repository with functions."""
    if not os.path.isdir(f"{root}/{FUNCTIONS}"):
        raise failed(f"There is no {FUNCTIONS} under {root}.", "Run this from the root of the repository.")


def scan(root: str) -> Tree:
    """Find the sources under `root`; a folder without a file in it, as git leaves behind, counts as absent."""
    tree = Tree(root)
    for group, top in ((tree.functions, FUNCTIONS), (tree.library, LIBRARY)):
        for name in _folders(root, top):
            folder = f"{top}/{name}"
            left_out: list[str] = []
            if paths := sorted(_walk(tree, root, folder, os.path.realpath(f"{root}/{folder}"), left_out)):
                group[name] = paths
                if left_out:
                    tree.left_out[folder] = sorted(path.removeprefix(f"{folder}/") for path in left_out)
    return tree


def _folders(root: str, top: str) -> list[str]:
    if not os.path.isdir(f"{root}/{top}"):
        return []
    with os.scandir(f"{root}/{top}") as entries:
        found = [entry for entry in entries if entry.is_dir() and entry.name[0] != "."]
    for entry in found:
        if entry.is_symlink():
            raise failed(f"{top}/{entry.name}: is a symbolic link.", "Put a real folder in its place.")
    return sorted(entry.name for entry in found if entry.name not in (*_NOT_SHIPPED, *_MADE))


def _walk(tree: Tree, root: str, folder: str, real: str, left_out: list[str]) -> Iterator[str]:
    """Note the files below `folder` and yield their paths; no symbolic link may leave the real path `real`."""
    with os.scandir(f"{root}/{folder}") as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.name.endswith(_MADE):
                continue
            if entry.name[0] == "." or entry.name in _NOT_SHIPPED:
                left_out.append(path)
                continue
            if not entry.name.isascii():
                _refuse_unspeakable(path)
            if entry.is_symlink():
                _refuse_escape(root, path, real)
            if entry.is_file():
                tree.signatures[path] = _signature(entry.stat())
                yield path
            elif entry.is_dir():
                yield from _walk(tree, root, path, real, left_out)
            else:
                raise failed(f"{path}: is neither a file nor a folder.", "Remove it.")


def _signature(status: os.stat_result) -> Signature:
    executable = bool(status.st_mode & _EXECUTABLE)
    return executable, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _refuse_unspeakable(path: str) -> None:
    """Refuse a name whose bytes are not UTF-8, which Python holds as lone surrogates (PEP 383)."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("ascii", "backslashreplace").decode()
        raise failed(f"{shown}: the name is not UTF-8.", "Rename it.") from None


def _refuse_escape(root: str, path: str, real: str) -> None:
    link = f"{root}/{path}"
    target = os.path.realpath(link)
    if not os.path.exists(target):
        raise failed(f"{path}: the symbolic link points to nothing.", "Remove it or mend what it points to.")
    if not target.startswith(real + os.sep):
        raise failed(
            f"{path}: the symbolic link leaves its own folder, so its content would not be the same elsewhere.",
            "Put a real file in its place, or move shared code to python/lib.",
        )
    if os.path.isdir(target) and f"{os.path.realpath(os.path.dirname(link))}/".startswith(f"{target}/"):
        raise failed(f"{path}: the symbolic link points to a folder that holds it.", "Remove it.")
