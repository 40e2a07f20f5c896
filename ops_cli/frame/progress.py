"""Progress on stderr: what a long command is doing now, and how long each step took."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from ops_cli.frame.output import RewrittenLine, note


class Progress:
    """Numbered steps, one line when a step begins, one when it ends; safe to use from several threads."""

    def __init__(
        self,
        total: int | None = None,
        *,
        color: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._color = color
        self._clock = clock
        self._begun = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce `title`, run the block, then say how long it took, or that it failed."""
        with self._lock:
            self._begun += 1
            label = f"[{self._begun}/{self._total}]" if self._total else f"[{self._begun}]"
        self._say(f"{label} {title} …", "cyan")
        started = self._clock()
        try:
            yield
        except BaseException:
            self._say(f"{label} {title}: failed after {self._clock() - started:.1f} s", "red")
            raise
        self._say(f"{label} {title}: done in {self._clock() - started:.1f} s", "green")

    def note(self, message: str) -> None:
        """Say something that belongs to the running step."""
        self._say(f"      {message}", None)

    def _say(self, line: str, color: str | None) -> None:
        with self._lock:
            note([(line, color)], color=self._color)


class Ticker:
    """Says how far something is: one line that is rewritten on a terminal, a line every few seconds elsewhere.

    The text is made by a function, so that none is made that nobody sees.
    """

    def __init__(self, *, every: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Say something every so many seconds where the line cannot be rewritten."""
        self._every = every
        self._clock = clock
        self._said = clock()
        self._line = RewrittenLine()

    def show(self, text: Callable[[], str]) -> None:
        """Show the text, when it is time to."""
        if self._line.is_possible:
            self._line.show(text())
        elif self._clock() - self._said >= self._every:
            note(text())
            self._said = self._clock()

    def close(self) -> None:
        """End the rewritten line, so that what is said next begins on its own."""
        self._line.close()
