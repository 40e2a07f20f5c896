"""A replay that begins with few messages, looks at what becomes of them, and goes on only when that is good."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing

GROWTH = 4
"""Each good step is followed by one that many times as large."""

MAXIMUM_BAD_SHARE = 0.2
WATCH_SECONDS = 120.0
SETTLE_SECONDS = 5.0
"""How long an empty backlog must stay quiet before a step counts as good: errors reach the log some seconds late."""

INTERVAL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Canary:
    """A replayed message that is watched: its id at the destination and the group it had died in."""

    new_id: str
    group: str


@dataclass(frozen=True)
class Observation:
    """What is known about a step: canaries that failed (again in the dead-letter queue, or an error in the log about
    them), and how many messages wait at their destinations, more than before the step.
    """

    canaries: Sequence[Canary]
    failed: Mapping[str, str] = field(default_factory=dict)
    backlog: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What to do after a look, and why."""

    do: Literal["wait", "go on", "stop"]
    why: str


def judge(seen: Observation) -> Verdict:
    """Say whether the canaries are well. Failures count at once; a success only when the backlog is worked off."""
    failed, total = len(seen.failed), len(seen.canaries)
    if failed > MAXIMUM_BAD_SHARE * total:
        first = next(iter(seen.failed.values()))
        return Verdict("stop", f"{failed} of {total} failed again, one of them with: {first}")
    if seen.backlog <= 0 and seen.seconds >= SETTLE_SECONDS:
        return Verdict("go on", f"{total - failed} of {total} were taken and show no error")
    if seen.seconds >= WATCH_SECONDS:
        return Verdict("stop", f"{seen.backlog} messages still wait after {seen.seconds:.0f} s: does the consumer run?")
    return Verdict("wait", f"{seen.backlog} wait, {failed} of {total} failed")


@dataclass(frozen=True)
class GroupFate:
    """How the canaries of one group fared."""

    group: str
    replayed: int
    failed: int
    verdict: Literal["mended", "not mended", "mixed"]


def by_group(canaries: Iterable[Canary], failed: Mapping[str, str]) -> list[GroupFate]:
    """Return for each group whether its cause seems mended, the worst first."""
    total: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for canary in canaries:
        total[canary.group] += 1
        bad[canary.group] += canary.new_id in failed
    fates = [GroupFate(name, count, bad[name], _fate(bad[name], count)) for name, count in total.items()]
    return sorted(fates, key=lambda fate: (-fate.failed / fate.replayed, fate.group))


def _fate(bad: int, total: int) -> Literal["mended", "not mended", "mixed"]:
    return "mended" if not bad else "not mended" if bad == total else "mixed"


class Flock:
    """Hears what arrived and remembers it as canaries, each with the group it was in."""

    def __init__(self, group_of: Callable[[DeadLetter], str]) -> None:
        self._group_of = group_of
        self.canaries: list[Canary] = []
        self.watching = True

    def hear(self, message: Outgoing, proof: Confirmation) -> None:
        """Take note of a message that arrived."""
        if self.watching:
            self.canaries.append(Canary(proof.new_id, self._group_of(message.letter)))


def watch(
    look: Callable[[], Observation],
    report: Callable[[Verdict], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Verdict, Observation]:
    """Look until the canaries are seen to be well, or not, and return the last verdict with what it is based on.

    `look` need not fill in the seconds.
    """
    began = clock()
    while True:
        found = look()
        seen = Observation(found.canaries, found.failed, found.backlog, clock() - began)
        verdict = judge(seen)
        report(verdict)
        if verdict.do != "wait":
            return verdict, seen
        sleep(INTERVAL_SECONDS)


def steps(first: int, maximum: int | None) -> Iterable[int | None]:
    """Yield how many messages of the run should have arrived after each step; None, at last, for all of them.

    After four growing steps there is nothing more to learn from watching.
    """
    reached, size = 0, first
    for _ in range(4):
        reached += size
        if maximum is not None and reached >= maximum:
            break
        yield reached
        size *= GROWTH
    yield maximum
