"""The files a build works from: every function's folder and the library packages.

What tells whether anything changed since the last build is the signature of every file, as git's index has it: its
size, its dates and its inode. The kernel sets the date of the last change (ctime), and no program can set it back.
"""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

FUNCTIONS = "python/functions"
LIBRARY = "python/lib"
REQUIREMENTS = "requirements.txt"
LOCK = "requirements.lock"

# Made by Python and by editors, never by an author.
_MADE = ("__pycache__", ".pyc", ".pyo", "~")
# Written for people and for pytest. They are left out, and named, because an author may have meant them as data.
_NOT_SHIPPED = ("tests", "README.md")
# Of a file's mode, all that a zip keeps.
EXECUTABLE = 0o100


class Tree:
    """The sources under a root: their signatures by path, and the paths of each function and library package.

    A folder without a file in it, as git leaves behind, counts as absent.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        # Executable, size, mtime in ns, ctime in ns, inode.
        self.signatures: dict[str, tuple[bool, int, int, int, int]] = {}
        self.functions: dict[str, list[str]] = {}
        self.library: dict[str, list[str]] = {}
        self.left_out: dict[str, list[str]] = {}
        self._contents: dict[str, bytes] = {}
        self._digests: dict[str, str] = {}
        for packages, top in ((self.functions, FUNCTIONS), (self.library, LIBRARY)):
            if os.path.isdir(f"{root}/{top}"):
                for path in sorted(self._walk(top)):
                    packages.setdefault(path.split("/")[2], []).append(path)

    @staticmethod
    def zip_name(path: str) -> str:
        """Return where a source lies in a zip: functions and library packages are side by side."""
        return path.split("/", 2)[2]

    @staticmethod
    def package(path: str) -> str:
        """Return the folder of the function or library package that a source belongs to."""
        return "/".join(path.split("/", 3)[:3])

    def changed_before(self, time_ns: int) -> bool:
        """Say whether every file was last changed before a time, so that a change since then shows in its signature."""
        return all(changed < time_ns for _, _, _, changed, _ in self.signatures.values())

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
        content = self.content(path) if path in self.signatures else b""
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise failed(f"{path}:{line}: is not UTF-8.", "Save the file as UTF-8.") from None

    def digest(self, path: str) -> str:
        """Return the hash of a file's content."""
        if path not in self._digests:
            self._digests[path] = hashed(self.content(path))
        return self._digests[path]

    def _walk(self, folder: str) -> Iterator[str]:
        """Note the files below a folder and yield their paths; beside the packages themselves a file is nothing."""
        with os.scandir(f"{self.root}/{folder}") as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}"
                if entry.name.endswith(_MADE) or (folder in (FUNCTIONS, LIBRARY) and not entry.is_dir()):
                    continue
                if entry.name[0] == "." or entry.name in _NOT_SHIPPED:
                    package = self.package(path)
                    self.left_out.setdefault(package, []).append(path.removeprefix(f"{package}/"))
                    continue
                if not entry.name.isascii() or entry.is_symlink():
                    self._refuse_what_is_not_the_same_elsewhere(path)
                if entry.is_file():
                    made = entry.stat()
                    executable = bool(made.st_mode & EXECUTABLE)
                    self.signatures[path] = executable, made.st_size, made.st_mtime_ns, made.st_ctime_ns, made.st_ino
                    yield path
                elif entry.is_dir():
                    yield from self._walk(path)
                else:
                    raise failed(f"{path}: is neither a file nor a folder.", "Remove it.")

    def _refuse_what_is_not_the_same_elsewhere(self, path: str) -> None:
        """Refuse a name that is not UTF-8, which Python holds as lone surrogates (PEP 383), and links that lead out."""
        shown = path.encode("utf-8", "backslashreplace").decode()
        package, link = self.package(path), f"{self.root}/{path}"
        above, target = os.path.realpath(os.path.dirname(link)), os.path.realpath(link)
        if shown != path:
            raise failed(f"{shown}: the name is not UTF-8.", "Rename it.")
        if os.path.islink(f"{self.root}/{package}"):
            raise failed(f"{package}: is a symbolic link.", "Put a real folder in its place.")
        if not os.path.exists(target):
            raise failed(f"{path}: the symbolic link points to nothing.", "Remove it or mend what it points to.")
        if not f"{target}/".startswith(os.path.realpath(f"{self.root}/{package}") + os.sep):
            raise failed(
                f"{path}: the symbolic link leaves its own folder, so its content would not be the same elsewhere.",
                "Put a real file in its place, or move shared code to python/lib.",
            )
        if f"{above}/".startswith(f"{target}/"):
            raise failed(f"{path}: the symbolic link points to a folder that holds it.", "Remove it.")


def require(root: str | Path) -> str:
    """Return the absolute path of a repository's root; refuse a folder that is none."""
    top = os.path.abspath(root)
    if not os.path.isdir(f"{top}/{FUNCTIONS}"):
        raise failed(f"There is no {FUNCTIONS} under {top}.", "Run this from the root of the repository.")
    return top


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb", buffering=0) as file:
        return file.read()


def recall(path: str, default: Any) -> Any:
    """Return what an earlier build kept in a file, or the default when it is not there or damaged.

    The format is that of Python's own bytecode, which is read with nothing to import.
    """
    try:
        kept = marshal.loads(read(path))  # noqa: S302
    except (OSError, ValueError, EOFError, TypeError):
        return default
    return kept if isinstance(kept, type(default)) else default


def hashed(*parts: object) -> str:
    """Return the hash of a content, or of several values together."""
    import hashlib

    whole = parts[0] if isinstance(parts[0], bytes) else "\0".join(map(str, parts)).encode()
    return hashlib.sha256(whole).hexdigest()


def failed(message: str, hint: str = "") -> Exception:
    """Return the error to raise; the error model is imported only once there is an error."""
    from opscore.errors import OpsError

    return OpsError(message, hint=hint)
