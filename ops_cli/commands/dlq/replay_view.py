"""How a replay is shown while it runs, on stderr, and what it came to, on stdout."""

import datetime as dt
import time
from collections.abc import Callable, Iterable

from ops_cli.frame.options import Choices
from ops_cli.frame.output import Column, Section, emit_screen, note
from ops_cli.frame.progress import Ticker
from ops_cli.frame.times import spoken
from opscore.dead_letters.replay.canary import Verdict
from opscore.dead_letters.replay.service import ReplayResult
from opscore.dead_letters.tally import Tally
from opscore.words import counted

_GROUPS = Section(
    "groups",
    (Column("group", "id"), Column("replayed", "number"), Column("failed", "number"), "verdict"),
    more="opsctl dlq analyse",
)


class Meter:
    """Shows a tally as it grows: one line that is rewritten on a terminal, a plain line every few seconds elsewhere."""

    def __init__(self, expected: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = expected
        self._clock = clock
        self._began = clock()
        self._ticker = Ticker(clock=clock)

    def __call__(self, tally: Tally) -> None:
        """Show the tally, when it is time to."""
        self._ticker.show(lambda: self.line(tally, self._clock()))

    def line(self, tally: Tally, now: float) -> str:
        """Return the tally in one line, with rate and time left."""
        rate = tally.moved / max(0.001, now - self._began)
        total = max(self._expected, tally.moved)
        parts = [f"{tally.moved} of about {total} moved"]
        counts = ("failed", "skipped", "bounced", "quarantined", "undeleted")
        parts += [f"{getattr(tally, name)} {name}" for name in counts if getattr(tally, name)]
        if tally.waits_for:
            until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=tally.waits_seconds)
            hidden = counted(tally.waits_for, "message")
            return ", ".join([*parts, f"waiting for {hidden} that another reader hides, until {until:%H:%M:%S} UTC"])
        parts.append(f"{rate:.0f}/s")
        if rate > 0 and total > tally.moved:
            parts.append(f"{spoken(round((total - tally.moved) / rate))} left")
        return ", ".join(parts)

    def close(self) -> None:
        """End the rewritten line."""
        self._ticker.close()


def show_verdict(verdict: Verdict) -> None:
    """Say how the canaries are."""
    note(f"canaries: {verdict.do}: {verdict.why}")


def show_counts(result: ReplayResult, choices: Choices) -> None:
    """Print what a run came to: people get the counts that are not zero in a sentence, programs all of them."""
    answer = {"run": result.run, **result.tally.plain()}
    if result.verdict:
        answer |= {"canaries": result.verdict, "groups": result.groups}
    emit_screen(answer, [_GROUPS] if result.verdict else [], choices, head=[f"{result.run}: {said(result.tally)}."])


def said(tally: Tally) -> str:
    """Return a tally in words: `4 moved, 20 skipped`."""
    return in_words(
        [
            (tally.moved, "moved"),
            (tally.failed, "not sent"),
            (tally.skipped, "skipped"),
            (tally.bounced, "came back"),
            (tally.quarantined, "replayed too often and left"),
            (tally.undeleted, "still to be deleted"),
            (tally.possibly_twice, "perhaps sent twice"),
            (tally.held_elsewhere, "hidden by another reader"),
        ]
    )


def in_words(counts: Iterable[tuple[int, str]]) -> str:
    """Return the counts that are not zero, each with what it counts."""
    return ", ".join(f"{count:,} {what}" for count, what in counts if count) or "nothing moved"
