"""The closed loop of a careful replay: some messages, a look at what becomes of them, then more or an end."""

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queues import QueueFacts, describe
from opscore.dead_letters.replay.canary import Flock, GroupFate, Observation, Verdict, by_group, steps, watch
from opscore.dead_letters.replay.run import ClientRun
from opscore.dead_letters.tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LOOKED_AT = 100


@dataclass(frozen=True)
class Finding:
    """What the loop came to: the run's tally, the last verdict, and which groups seem mended."""

    tally: Tally
    verdict: Verdict | None
    groups: Sequence[GroupFate]


class ClosedLoop:
    """Works a run off in growing steps.

    `errors_since` reads what the consumers logged from a time on (milliseconds); the backlog of `work_queues` is
    watched.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        dead_letters: QueueFacts,
        work_queues: Sequence[QueueFacts],
        run: ClientRun,
        flock: Flock,
        errors_since: Callable[[int], CauseIndex],
        *,
        report: Callable[[Verdict], None] = lambda _verdict: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sqs, self._dead_letters, self._work_queues = sqs, dead_letters, work_queues
        self._run, self._flock, self._errors_since = run, flock, errors_since
        self._report, self._clock, self._sleep = report, clock, sleep
        self._began_ms = dead_letters.asked_ms
        self._failed: dict[str, str] = {}

    def work(self, first: int, maximum: int | None) -> Finding:
        """Replay `first` messages, watch them, and go on in larger steps while they are well."""
        tally, verdict = Tally(), None
        for reached in steps(first, maximum):
            baseline = self._depth()
            before = tally.moved
            is_last = reached == maximum
            self._flock.watching = not is_last
            tally = self._run.work(reached)
            if is_last or tally.interrupted or tally.moved == before:
                break
            verdict, _ = watch(
                functools.partial(self._look, baseline),
                self._report,
                clock=self._clock,
                sleep=self._sleep,
            )
            if verdict.do == "stop":
                break
        return Finding(tally, verdict, by_group(self._flock.canaries, self._failed))

    def _look(self, baseline: int) -> Observation:
        canaries = list(self._flock.canaries)
        errors = self._errors_since(self._began_ms)
        for canary in canaries:
            if (error := errors.of_id(canary.new_id)) is not None:
                self._failed[canary.new_id] = error
        self._look_for_bounces({canary.new_id for canary in canaries})
        return Observation(canaries, dict(self._failed), self._depth() - baseline)

    def _look_for_bounces(self, new_ids: set[str]) -> None:
        for letter in peek(self._sqs, self._dead_letters, limit=_LOOKED_AT):
            if letter.message_id in new_ids:
                self._failed.setdefault(letter.message_id, "it came back to the dead-letter queue")

    def _depth(self) -> int:
        return sum(describe(self._sqs, queue.url).depth for queue in self._work_queues)
