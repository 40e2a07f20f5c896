"""A run of the client engine with its journal: begun, gone on with in steps, resumed by another process."""

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import Journal, RunState
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import Arrived
from opscore.dead_letters.tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SECOND_MS = 1000


def bound_ms(sqs: "SQSClient", source: QueueFacts) -> int:
    """Return the end of the present second by SQS's clock, whose date header has whole seconds.

    What the run itself sends within that second and gets back is known by the mark it carries.
    """
    return describe(sqs, source.url).asked_ms + SECOND_MS


class ClientRun:
    """All the work under one run id. `work` may be called again, with a larger maximum, as canaries do."""

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        request: ReplayRequest,
        admission: Admission,
        journal: Journal,
        *,
        arrived: Arrived | None = None,
        in_doubt: Collection[str] = (),
        to_clean_up: int = 0,
        pace: Pace | None = None,
        report: Callable[[Tally], None] = lambda _tally: None,
    ) -> None:
        self._sqs, self._source, self._request = sqs, source, request
        self._admission, self._journal, self._pace = admission, journal, pace
        self._resumed = arrived is not None
        self._arrived = Arrived() if arrived is None else arrived
        self._in_doubt, self._to_clean_up = in_doubt, to_clean_up
        self._report = report
        self._moved = 0

    @classmethod
    def resumed(cls, state: RunState, *arguments: Any, **options: Any) -> "ClientRun":
        """Return the rest of a run: what arrived is only deleted, and what is in doubt is sent again."""
        return cls(*arguments, arrived=state.arrived, in_doubt=state.in_doubt, to_clean_up=state.open, **options)

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Write the journal's first line: with it, another process can go on."""
        self._journal.begin(
            self._admission.run,
            {
                "engine": "client",
                "request": self._request.plain(),
                "bound_ms": self._admission.bound_ms,
                "source": {"name": self._source.name, "arn": self._source.arn},
                **facts,
            },
        )

    def work(self, maximum: int | None) -> Tally:
        """Replay until `maximum` of the run's messages arrived or nothing is left; return the whole run's tally."""
        engine = ClientEngine(
            self._sqs,
            describe(self._sqs, self._source.url),
            self._admission,
            self._journal,
            limits=Limits(maximum, self._request.rate, self._request.keep, ordered=self._source.fifo),
            pace=self._pace,
            arrived=self._arrived,
            resumed=self._resumed,
            in_doubt=self._in_doubt,
            to_clean_up=self._to_clean_up,
            report=lambda tally: self._report(self._whole(tally)),
        )
        tally = self._whole(engine.run())
        self._moved = tally.moved
        return tally

    def _whole(self, tally: Tally) -> Tally:
        # What was left by one step is met again by the next; what was moved is not.
        return tally.with_moved(self._moved + tally.moved)
