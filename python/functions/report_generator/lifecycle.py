"""The states of a report while its message is processed: claim it, make it, record the delivery, announce it."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from insight.orders.request import ReportRequest
from insight.orders.state_table import Held, States
from opscore.logs import structured_log
from opscore.queues.worker import Message, NotYet, PermanentError, Work

GRACE_SECONDS = 5
"""How much longer a lease lasts than its invocation may run: clocks differ."""


@dataclass
class Lifecycle:
    """Wraps the making of reports. One instance processes one message after another.

    `announce` publishes a delivery. It is called again when the worker dies before that is on record, so receivers may
    get a report's notice twice, with the same id. `move_to_dead_letters` copies a message there.
    SQS itself moves a message to the dead letters that goes back after it was received `last_receive` times.
    """

    making: Work[ReportRequest]
    states: States
    announce: Callable[[ReportRequest], object]
    move_to_dead_letters: Callable[[Message, PermanentError], None]
    now: Callable[[], datetime]
    last_receive: int
    remaining_milliseconds: Callable[[], int]
    clock: Callable[[], float] = time.monotonic
    _attempt: str = field(default="", init=False)

    def work(self) -> Work[ReportRequest]:
        """Return the work as the batch loop wants it."""
        return replace(
            self.making,
            run=self._run,
            record=self._record,
            move_to_dead_letters=self.move_to_dead_letters,
            defer=self._defer,
        )

    def _run(self, request: ReportRequest) -> None:
        self._attempt = ""
        attempt, began = uuid.uuid4().hex, self.clock()
        until = self.now() + timedelta(milliseconds=self.remaining_milliseconds(), seconds=GRACE_SECONDS)
        if self._claim(request, attempt, until):
            self._attempt = attempt
            self.making.run(request)
            self.states.deliver(request, round(self.clock() - began, 3))
        self._settle(request)

    def _claim(self, request: ReportRequest, attempt: str, until: datetime) -> bool:
        """Claim the report; NotYet says when the other worker's lease ends, before which a delivery would be wasted."""
        try:
            return self.states.claim(request, attempt, until)
        except Held as held:
            raise NotYet((held.until - self.now()).total_seconds(), held.message) from held

    def _settle(self, request: ReportRequest) -> None:
        """Do what follows a delivery, unless an earlier worker has done all of it."""
        record = self.states.get(request.report_id)
        if record and record.settled:
            structured_log.write("INFO", "report was delivered already", report_id=request.report_id)
            return
        self.states.supersede(request)
        self.announce(request)
        self.states.settle(request)

    def _record(self, request: ReportRequest, error: PermanentError) -> None:
        self.states.fail(request, self._attempt, error.reason, str(error))

    def _defer(self, request: ReportRequest, message: Message, error: Exception) -> None:
        """Release the lease at once; after the last delivery, record the report as failed."""
        kind = type(error).__name__
        if message.receive_count >= self.last_receive:
            message_text = f"Gave up after {message.receive_count} deliveries, the last with {kind}: {error}"
            self.states.fail(request, self._attempt, "gave_up", message_text)
        else:
            self.states.release(request, self._attempt, kind, str(error))
