"""A run of the client engine with its journal: begun, continued in steps, resumed by another process."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import RunState
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import OnArrival
from opscore.dead_letters.tally import Tally
from opscore.errors import RefusedByAws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class EndedEarly(RefusedByAws):
    """AWS, or the way to it, ended a run before it was done. Nothing is lost, and the rest can be done later."""

    def __init__(self, run: str, tally: Tally, error: Exception, waited_seconds: float) -> None:
        said = f"{aws_faults.name(error)}: {aws_faults.message(error)}".rstrip(".")
        rest = f"`opsctl dlq resume {run}` does the rest."
        if aws_faults.is_of_credentials(error):
            hint = f"Sign in again (`aws sso login --profile NAME`, or your own way to get new credentials); {rest}"
        elif aws_faults.is_transient(error):
            said = f"nothing succeeded for {waited_seconds:g} s, at last with {said}"
            hint = f"When AWS can be reached again, {rest}"
        else:
            hint = f"When that is mended, {rest}"
        super().__init__(f"{run} ended early, with {tally.moved:,} moved: {said}.", hint=hint)
        self.tally = tally


class ClientRun:
    """All the work under one run id. `work` may be called again, with a larger maximum, as canaries do.

    `earlier` is what the journal of another process says: what arrived is only deleted, what is in doubt is sent again.
    Every tally is of the whole run: of all its steps, and of what earlier processes moved and left in doubt.
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
        self._admission, self._journal, self._pace = admission, journal, pace or Pace()
        self._resumed = earlier is not None
        self._attempts = earlier.attempts if earlier else Attempts()
        self._on_arrival, self._report = on_arrival, report

    @property
    def name(self) -> str:
        """The run's id."""
        return self._admission.run

    @property
    def bound_ms(self) -> int:
        """From when on, by SQS's clock, a dead letter may be one that came back from this run."""
        return self._admission.bound_ms

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
        """Replay until `maximum` of the run's messages arrived or nothing is left; return the whole run's tally.

        Raises `EndedEarly` when AWS refuses something for good, or cannot be reached for too long.
        """
        try:
            return self._engine(maximum).run()
        except Exception as error:
            if not aws_faults.is_of_aws(error):
                raise
            tally = self._attempts.tally.copy()
            raise EndedEarly(self._admission.run, tally, error, self._pace.give_up_seconds) from error

    def _engine(self, maximum: int | None) -> ClientEngine:
        return ClientEngine(
            self._sqs,
            describe(self._sqs, self._source.url),
            self._admission,
            self._journal,
            limits=Limits(maximum, self._request.rate, self._request.keep, ordered=self._source.fifo),
            pace=self._pace,
            attempts=self._attempts,
            resumed=self._resumed,
            on_arrival=self._on_arrival,
            report=self._report,
        )
