"""Progress on stderr: what a long command is doing now, and how long each step took."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import click


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
            click.echo(click.style(line, fg=color) if color else line, err=True, color=self._color)
