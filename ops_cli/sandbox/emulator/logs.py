"""The emulator's own log: its last lines, and those to come."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from opscore.errors import NotFound


def last_lines(log: Path, count: int) -> list[str]:
    """Return the last `count` lines; raises `NotFound` when the emulator has never been started."""
    return [_text(line) for line in _tail(log, count)[0]]


def follow(log: Path, count: int, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Yield the last `count` lines and then every new one, without end; a log that begins anew is followed too."""
    lines, position = _tail(log, count)
    partial = b"" if not lines or lines[-1].endswith(b"\n") else lines.pop()
    yield from map(_text, lines)
    while True:
        size = log.stat().st_size
        if size < position:
            position, partial = 0, b""
        if size == position:
            sleep(0.2)
            continue
        with log.open("rb") as file:
            file.seek(position)
            partial += file.read()
            position = file.tell()
        *whole, partial = partial.split(b"\n")
        yield from map(_text, whole)


def _tail(log: Path, count: int) -> tuple[list[bytes], int]:
    """Return the last `count` lines and where in the file they end."""
    try:
        with log.open("rb") as file:
            return list(deque(file, maxlen=count)), file.tell()
    except FileNotFoundError:
        raise NotFound("The emulator has not been started yet.", hint="`opsctl sandbox up` starts it.") from None


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\n")
