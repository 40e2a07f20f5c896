"""A run of the client engine with its journal: begun, continued in steps, resumed by another process."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import RunJournal, RunState
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import OnArrival
from opscore.dead_letters.tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class ClientRun:
    """All the work under one run id. `work` may be called again, with a larger maximum, as canaries do.

    `earlier` is what the journal of another process says: what arrived is only deleted, what is in doubt is sent again.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        request: ReplayRequest,
        admission: Admission,
        journal: RunJournal,
        *,
        earlier: RunState | None = None,
        pace: Pace | None = None,
        on_arrival: OnArrival = lambda _message, _proof: None,
        report: Callable[[Tally], None] = lambda _tally: None,
    ) -> None:
        self._sqs, self._source, self._request = sqs, source, request
        self._admission, self._journal, self._pace = admission, journal, pace
        self._resumed, self._state = earlier is not None, earlier or RunState()
        self._to_delete = self._state.open  # now: what this process moves is added to the same state
        self._on_arrival, self._report = on_arrival, report
        self._moved = 0

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Write the journal's first line: with it, another process can continue."""
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
            arrived=self._state.arrived,
            resumed=self._resumed,
            in_doubt=self._state.in_doubt,
            to_delete=self._to_delete,
            on_arrival=self._on_arrival,
            report=lambda tally: self._report(self._whole(tally)),
        )
        tally = self._whole(engine.run())
        self._moved = tally.moved
        return tally

    def _whole(self, tally: Tally) -> Tally:
        # What was left by one step is met again by the next; what was moved is not.
        return tally.with_moved(self._moved + tally.moved)
