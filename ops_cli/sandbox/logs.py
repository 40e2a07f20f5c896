"""The emulator's own log: its last lines, and those to come."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from opscore.errors import NotFound


def last_lines(log: Path, count: int) -> list[str]:
    """Return the last `count` lines; raises `NotFound` when the emulator has never been started."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, maxlen=count)]
    except FileNotFoundError:
        raise NotFound("The emulator has not been started yet.", hint="`opsctl sandbox up` starts it.") from None


def follow(log: Path, count: int, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[str]:
    """Yield the last `count` lines and then every new one, without end; a log that begins anew is followed too."""
    yield from last_lines(log, count)
    position, partial = log.stat().st_size, ""
    while True:
        size = log.stat().st_size
        if size < position:
            position, partial = 0, ""
        if size > position:
            with log.open(encoding="utf-8", errors="replace", newline="") as lines:
                lines.seek(position)
                partial += lines.read()
                position = lines.tell()
            *whole, partial = partial.split("\n")
            yield from whole
        else:
            sleep(0.2)
