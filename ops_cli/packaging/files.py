"""Files that a killed build, or a second one beside it, never leaves or finds half-written."""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Any


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb") as file:
        return file.read()


def write(path: str, *parts: bytes | memoryview) -> None:
    """Write a file beside its place and move it there whole."""
    temporary = temporary_beside(path)
    try:
        with open(temporary, "wb") as file:
            for part in parts:
                file.write(part)
        os.replace(temporary, path)
    except BaseException:
        remove(temporary)
        raise


def temporary_beside(path: str) -> str:
    """Return a hidden name in the folder of `path` that only this process uses."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.getpid()}.tmp")


def remove(path: str) -> None:
    """Remove a file that may already be gone."""
    try:  # noqa: SIM105 - contextlib would be one more import in a build with nothing to do
        os.unlink(path)
    except FileNotFoundError:
        pass


def leftovers(folder: str) -> Iterator[str]:
    """Yield the temporary files in a folder; with its lock held, they are those of killed builds."""
    with os.scandir(folder) as entries:
        yield from [entry.path for entry in entries if entry.name[0] == "." and entry.name.endswith(".tmp")]


def store(path: str, version: int, value: Any) -> None:
    """Remember a value of plain types for the next run."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Format 2 is understood by every Python 3, and marshal needs no import: json would cost a third of a no-op build.
    write(path, marshal.dumps((version, value), 2))


def load(path: str, version: int) -> Any:
    """Return what `store` remembered; None when there is nothing, or it is damaged or of another version."""
    try:
        stored = marshal.loads(read(path))  # noqa: S302 - written by ourselves, into the build folder
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return stored[1] if isinstance(stored, tuple) and stored[:1] == (version,) else None


class Lock:
    """A lock between processes that the system releases when its holder dies; use it in a `with` statement."""

    __slots__ = ("_file", "_path", "_waiting")

    def __init__(self, path: str, waiting: Callable[[], None] | None = None) -> None:
        self._path = path
        self._waiting = waiting
        self._file = -1

    def __enter__(self) -> None:
        import fcntl

        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if self._waiting is not None:
                self._waiting()
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
