"""What is written to: a terminal of some size, or a pipe or file that is read later and by programs."""

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TextIO

_USUAL = (80, 24)


@dataclass(frozen=True)
class Screen:
    """Where data is shown. A terminal has a width and a height; without them everything is written whole.

    `now` is the moment that ages are counted from; None is the clock's.
    """

    width: int | None = None
    height: int | None = None
    now: dt.datetime | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it now."""
        return self.width is not None

    @property
    def moment(self) -> dt.datetime:
        """Now."""
        return self.now or dt.datetime.now(dt.UTC)


_INSTEAD: ContextVar[Screen | None] = ContextVar("screen", default=None)


def screen(*, err: bool = False) -> Screen:
    """Return what stdout (or stderr) is.

    COLUMNS and LINES set the size of a terminal, as in every program that follows POSIX; they make no terminal of a
    pipe, because a shell may export them.
    """
    if instead := _INSTEAD.get():
        return instead
    stream: TextIO | None = sys.stderr if err else sys.stdout
    if stream is None or not stream.isatty():
        return Screen()
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        found = os.terminal_size(_USUAL)
    # A terminal that does not know its size says 0.
    return Screen(
        _whole("COLUMNS") or found.columns or _USUAL[0],
        _whole("LINES") or found.lines or _USUAL[1],
    )


@contextlib.contextmanager
def showing_on(instead: Screen) -> Iterator[None]:
    """Show everything inside the block as on this screen: for tests, and for who renders for somebody else."""
    token = _INSTEAD.set(instead)
    try:
        yield
    finally:
        _INSTEAD.reset(token)


def _whole(variable: str) -> int:
    value = os.environ.get(variable, "")
    return int(value) if value.isascii() and value.isdigit() else 0
