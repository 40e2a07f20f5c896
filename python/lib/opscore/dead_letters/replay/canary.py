"""A replay that begins with few messages, watches what happens to them, and continues only when few of them fail."""

import dataclasses
import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.canaries import Canaries, Canary, GroupVerdict, by_group
from opscore.dead_letters.replay.returns import Returns
from opscore.dead_letters.replay.run import ClientRun
from opscore.dead_letters.tally import Tally
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

GROWTH = 4
"""Each good step is followed by one that many times as large."""

MAXIMUM_BAD_SHARE = 0.2
CAME_BACK = "it came back to the dead-letter queue"
WATCH_SECONDS = 120.0
SETTLE_SECONDS = 5.0
"""How long an empty backlog must stay quiet before a step counts as good: errors reach the log some seconds late."""

INTERVAL_SECONDS = 2.0


@dataclass(frozen=True)
class Observation:
    """What is known about a step: canaries that failed (again in the dead-letter queue, or an error in the log about
    them), how many more came back of which it cannot be told, and how many messages wait at their destinations, more
    than before the step.
    """

    canaries: Sequence[Canary]
    failed: Mapping[str, str] = field(default_factory=dict)
    backlog: int = 0
    seconds: float = 0.0
    untold: int = 0


@dataclass(frozen=True)
class Verdict:
    """What to do after a look, and why."""

    do: Literal["wait", "go on", "stop"]
    why: str


def judge(seen: Observation) -> Verdict:
    """Say how the canaries are. A failure counts at once; a success only when no message waits any more."""
    total = len(seen.canaries)
    failed = min(total, len(seen.failed) + seen.untold)
    if failed > MAXIMUM_BAD_SHARE * total:
        first = next(iter(seen.failed.values()), CAME_BACK)
        return Verdict("stop", f"{failed} of {total} failed again, one of them with: {first}")
    if seen.backlog <= 0 and seen.seconds >= SETTLE_SECONDS:
        return Verdict("go on", f"{total - failed} of {total} were taken and show no error")
    if seen.seconds >= WATCH_SECONDS:
        return Verdict(
            "stop",
            f"after {seen.seconds:.0f} s {counted(seen.backlog, 'message')} still waiting: does the consumer run?",
        )
    return Verdict("wait", f"{seen.backlog} waiting, {failed} of {total} failed")


def watch(
    look: Callable[[], Observation],
    report: Callable[[Verdict], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Verdict, Observation]:
    """Look until it is clear how the canaries are; return the last verdict with what it is based on.

    `look` need not fill in the seconds.
    """
    began = clock()
    while True:
        found = look()
        seen = dataclasses.replace(found, seconds=clock() - began)
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


@dataclass(frozen=True)
class CanaryResult:
    """The result: the run's tally, the last verdict, and which groups seem mended."""

    tally: Tally
    verdict: Verdict | None
    groups: Sequence[GroupVerdict]


class CanaryRun:
    """A run in growing steps. After each, what became of its messages decides whether the next one follows.

    `errors_since` reads what consumers logged from a time on, in milliseconds; the backlog of `work_queues` is watched.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        dead_letters: QueueFacts,
        work_queues: Sequence[QueueFacts],
        run: ClientRun,
        canaries: Canaries,
        errors_since: Callable[[int], CauseIndex],
        *,
        report: Callable[[Verdict], None] = lambda _verdict: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sqs, self._work_queues = sqs, work_queues
        self._run, self._canaries, self._errors_since = run, canaries, errors_since
        self._report, self._clock, self._sleep = report, clock, sleep
        self._began_ms = run.bound_ms - 1000
        self._returns = Returns(sqs, dead_letters, run.name, run.bound_ms)
        self._failed: dict[str, str] = {}
        self._untold = 0

    def work(self, first: int, maximum: int | None, *, moved: int = 0, backlog: int | None = None) -> CanaryResult:
        """Replay `first` messages, watch them, and continue in larger steps while few of them fail.

        An earlier process `moved` some already and noted the `backlog` before its last step: that step is finished
        and watched first, as those before it were found good.
        """
        tally, verdict = Tally(moved=moved), None
        for reached in steps(first, maximum):
            is_last = reached == maximum
            if reached is not None and reached < moved and not is_last:
                continue
            baseline = self._depth() if backlog is None else backlog
            if backlog is None:
                self._canaries.begin(baseline)
            backlog = None
            self._canaries.watching = not is_last
            before, dead_letters = tally.moved, self._returns.depth()
            tally = self._run.work(reached)
            self._returns.expect(dead_letters - (tally.moved - before))
            if is_last or tally.interrupted or (tally.moved == before and tally.moved != reached):
                break
            try:
                verdict = self._watch(baseline)
            except KeyboardInterrupt:
                tally.interrupted = True
                break
            if verdict.do == "stop":
                break
        return CanaryResult(tally, verdict, by_group(self._canaries.arrived, self._failed, self._untold))

    def _watch(self, baseline: int) -> Verdict:
        look = functools.partial(self._look, baseline)
        verdict, seen = watch(look, self._report, clock=self._clock, sleep=self._sleep)
        if verdict.do == "go on":  # all dead letters are searched once before more are sent
            again = judge(dataclasses.replace(look(whole=True), seconds=seen.seconds))
            if again != verdict:
                self._report(again)
            return again if again.do != "wait" else verdict
        return verdict

    def _look(self, baseline: int, *, whole: bool = False) -> Observation:
        canaries = list(self._canaries.arrived)
        errors = self._errors_since(self._began_ms)
        for canary in canaries:
            if (error := errors.of_id(canary.new_id)) is not None:
                self._failed[canary.new_id] = error
        back, self._untold = self._returns.look(canaries, whole=whole)
        for new_id in back:
            self._failed.setdefault(new_id, CAME_BACK)
        return Observation(canaries, dict(self._failed), self._depth() - baseline, untold=self._untold)

    def _depth(self) -> int:
        return sum(describe(self._sqs, queue.url).depth for queue in self._work_queues)
