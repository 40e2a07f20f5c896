"""Files that a killed build, or a second one beside it, never leaves or finds half-written."""

from __future__ import annotations

import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def read(path: str) -> bytes:
    """Return the content of a file."""
    with open(path, "rb", buffering=0) as file:
        return file.read()


def decode(content: bytes, shown: str) -> str:
    """Return UTF-8 content as text, without a byte order mark; other content is an error that names it as `shown`."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise failed(f"{shown}:{line}: is not UTF-8.", "Save the file as UTF-8.") from None


def signature(path: str) -> tuple[int, int] | None:
    """Return a file's size and the time of its last change; None when it is not there."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def write(path: str, content: bytes) -> None:
    """Write a file beside its place and move it there whole."""
    temporary = temporary_beside(path)
    try:
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        remove(temporary)
        raise


def temporary_beside(path: str) -> str:
    """Return a hidden name in the folder of `path` that only this process uses."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.getpid()}.tmp")


def recall(path: str, form: str) -> Any:
    """Return what `remember` kept under the same `form`; None when it is not there or damaged."""
    try:
        found, value = marshal.loads(read(path))  # noqa: S302 - the packager's own, as bytecode is Python's
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return value if found == form else None


def remember(path: str, form: str, value: Any) -> None:
    """Keep a value made of the plain types, in the format that is read with the least to import."""
    write(path, marshal.dumps((form, value)))


def remove(path: str) -> None:
    """Remove a file that may already be gone."""
    try:  # noqa: SIM105 - contextlib would be one more import in a build with nothing to do
        os.unlink(path)
    except FileNotFoundError:
        pass


def failed(message: str, hint: str = "") -> Exception:
    """Return the error to raise; the error model is imported only once there is an error."""
    from opscore.errors import OpsError

    return OpsError(message, hint=hint)


def refuse(problems: Iterable[str]) -> Exception:
    """Return the error for everything that is wrong in the sources, one `file:line: what` a line."""
    return failed("\n".join(dict.fromkeys(problems)), "Nothing was built.")


class Lock:
    """A lock between processes that the system releases when its holder dies.

    A `with` statement gives the time at which it was taken in ns, by the clock of the file system that it lies on.
    """

    def __init__(self, path: str, waiting: Callable[[], None]) -> None:
        self._path = path
        self._waiting = waiting
        self._file = -1

    def __enter__(self) -> int:
        import fcntl

        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._waiting()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        os.utime(self._file)
        return os.fstat(self._file).st_mtime_ns

    def __exit__(self, *_raised: object) -> None:
        os.close(self._file)
