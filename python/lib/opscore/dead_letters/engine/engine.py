"""Replay message by message: the calls of the schedule, made by as many threads as make it faster."""

import random
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opscore import aws_faults
from opscore.dead_letters.engine.calls import Call, Delete, Receive, Release, Renew, Send
from opscore.dead_letters.engine.journal import Journal
from opscore.dead_letters.engine.leases import LEASE_SECONDS
from opscore.dead_letters.engine.pace import PoolSize
from opscore.dead_letters.engine.schedule import Limits, Schedule
from opscore.dead_letters.looking.queue import QueueFacts, QueueReader
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import Arrived, OnArrival, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.dead_letters.tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAXIMUM_FAILURES = 8
"""Calls of one kind that may fail in a row before the run gives up."""


@dataclass(frozen=True)
class Pace:
    """How the engine works: threads at the start and at most (one means in the caller's own), the clock."""

    workers: int = 16
    maximum_workers: int = 64
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    report_seconds: float = 0.25


class ClientEngine:
    """One run over one dead-letter queue, or the rest of one.

    `arrived`, `in_doubt` and `to_delete` are what the journal of an earlier process says, which may still hide
    messages when the run is `resumed`. `on_arrival` is called once for each message that arrived, by several threads at
    a time; `report` is called with the tally during the run.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        admission: Admission,
        journal: Journal,
        *,
        limits: Limits,
        pace: Pace | None = None,
        arrived: Arrived | None = None,
        resumed: bool = False,
        in_doubt: Collection[str] = (),
        to_delete: int = 0,
        on_arrival: OnArrival = lambda _message, _proof: None,
        report: Callable[[Tally], None] = lambda _tally: None,
    ) -> None:
        self._admission, self._journal = admission, journal
        self._pace = pace or Pace()
        self._queue = QueueReader(sqs, source)
        self._on_arrival, self._report = on_arrival, report
        now = self._pace.clock()
        self._schedule = Schedule(
            limits,
            now=now,
            chance=self._pace.chance,
            workers=self._pace.maximum_workers,
            arrived=Arrived() if arrived is None else arrived,
            in_doubt=in_doubt,
            to_delete=to_delete,
            returns_expected=source.in_flight > 0 or resumed,
        )
        self._pool_size = PoolSize(self._pace.workers, self._pace.maximum_workers, now)
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None

    def run(self) -> Tally:
        """Replay until nothing that the run may touch is left; what stays is visible again afterwards.

        Raises what AWS refused for good, after everything under way has ended. The first Ctrl-C ends
        the run in the same way and marks the tally as interrupted; a second one leaves at once, and then the journal
        knows what is open.
        """
        if self._pace.maximum_workers == 1:
            self._work(0)
        else:
            self._supervise()
        if self._error:
            raise self._error
        self._report(self._schedule.tally)
        return self._schedule.tally

    def interrupt(self) -> None:
        """Receive and send no more; finish what is under way, and give back what is held."""
        with self._changed:
            self._schedule.tally.interrupted = True
            self._schedule.stop()
            self._changed.notify_all()

    # Threads

    def _supervise(self) -> None:
        try:
            self._watch()
        except KeyboardInterrupt:
            self.interrupt()
            self._watch()

    def _watch(self) -> None:
        """Keep as many threads at work as make it faster, and report, until all is done."""
        while not self._schedule.over and not self._is_broken:
            with self._changed:
                wanted = self._pool_size.observe(self._schedule.tally.moved, self._pace.clock())
            while len(self._threads) < wanted:
                number = len(self._threads)
                thread = threading.Thread(target=self._work_safely, args=(number,), daemon=True)
                self._threads.append(thread)
                thread.start()
            self._report(self._schedule.tally)
            with self._changed:
                if not self._schedule.over:
                    self._changed.wait(self._pace.report_seconds)
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    @property
    def _is_broken(self) -> bool:
        return self._error is not None and not isinstance(self._error, Exception)

    def _work_safely(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as error:  # noqa: BLE001  Raised again by `run`, in the caller's thread.
            with self._changed:
                self._error = self._error or error
                self._schedule.stop()
                self._changed.notify_all()

    def _work(self, number: int) -> None:
        while (call := self._next(number)) is not None:
            self._make(call)

    def _next(self, number: int) -> Call | None:
        while True:
            with self._changed:
                now = self._pace.clock()
                if self._schedule.over or self._is_broken:
                    self._changed.notify_all()
                    return None
                call = self._schedule.next(now) if number < self._pool_size.allowed else None
                if call:
                    return call
                pause = self._schedule.pause(now)
                if self._threads:
                    self._changed.wait(pause)
                    continue
            self._pace.sleep(pause)

    # Calls

    def _make(self, call: Call) -> None:
        try:
            self._dispatch(call)
        except Exception as error:  # noqa: BLE001  Every kind of failure has its place in the schedule.
            with self._changed:
                self._failed(call, error, self._pace.clock())
                self._changed.notify_all()

    def _dispatch(self, call: Call) -> None:
        if isinstance(call, Receive):
            self._receive(call)
        elif isinstance(call, Send):
            self._send(call)
        elif isinstance(call, Delete):
            self._delete(call)
        elif isinstance(call, Renew):
            self._renew(call)
        elif isinstance(call, Release):
            self._release(call)
        else:
            self._look()

    def _receive(self, call: Receive) -> None:
        asked = self._pace.clock()
        letters = self._queue.receive(call.count, LEASE_SECONDS)
        decisions = [self._admission.decide(letter) for letter in letters]
        with self._changed:
            self._schedule.received(decisions, call, asked, self._pace.clock())
            self._changed.notify()

    def _send(self, call: Send) -> None:
        destination = call.outbox.destination
        self._journal.intend(destination.label, call.messages)
        outcome = destination.send(call.messages)
        self._journal.sent(outcome)
        self._announce(call.messages, outcome)
        with self._changed:
            now = self._pace.clock()
            self._schedule.sent(self._schedule.dispatch.settled(call, outcome, now), now)
            self._changed.notify()

    def _announce(self, messages: Sequence[Outgoing], outcome: Outcome) -> None:
        for message in messages:
            if proof := outcome.confirmed.get(message.letter.message_id):
                self._on_arrival(message, proof)

    def _delete(self, call: Delete) -> None:
        refused = self._queue.delete([handle for _, handle in call.proofs])
        done = [proof.message_id for position, (proof, _) in enumerate(call.proofs) if position not in refused]
        self._journal.deleted(done)
        with self._changed:
            self._schedule.deleted(call, done, self._pace.clock())
            self._changed.notify()

    def _renew(self, call: Renew) -> None:
        asked = self._pace.clock()
        refused = self._queue.hide([(handle, seconds) for _, handle, seconds in call.leases])
        with self._changed:
            self._schedule.renewed(call, {call.leases[position][0] for position in refused}, asked)

    def _release(self, call: Release) -> None:
        self._queue.release([handle for _, handle in call.leases])
        with self._changed:
            self._schedule.released()
            self._changed.notify()

    def _look(self) -> None:
        facts = self._queue.facts()
        with self._changed:
            self._schedule.looked(facts.visible, facts.in_flight, self._pace.clock())
            self._changed.notify_all()

    # Failures

    def _failed(self, call: Call, error: Exception, now: float) -> None:
        """Put `call` back, go slower when that may help, and end the run when it cannot."""
        schedule = self._schedule
        if aws_faults.is_throttling(error):
            self._pool_size.throttled(now)
        if isinstance(call, Receive):
            schedule.receive_failed(call, now)
        elif isinstance(call, Send):
            self._send_failed(call, error, now)
        elif isinstance(call, Delete):
            schedule.not_deleted(call, now)
        elif isinstance(call, Renew):
            schedule.not_renewed(call, now)
        elif isinstance(call, Release):
            schedule.released()
        else:
            schedule.look_failed(now)
        if not self._may_pass(call, error):
            self._error = self._error or error
            schedule.stop()

    def _send_failed(self, call: Send, error: Exception, now: float) -> None:
        schedule = self._schedule
        if aws_faults.is_too_long(error):
            schedule.sent(schedule.dispatch.too_long(call, now), now)
            return
        refusal = Refusal(aws_faults.code(error) or type(error).__name__, aws_faults.message(error), final=False)
        if aws_faults.may_have_worked(error):
            schedule.doubt(call)
        schedule.sent(schedule.dispatch.unanswered(call, refusal, now), now)

    def _may_pass(self, call: Call, error: Exception) -> bool:
        """Say whether the run can continue after this failure."""
        if isinstance(call, Release) or (isinstance(call, Send) and aws_faults.is_too_long(error)):
            return True
        return aws_faults.is_transient(error) and self._schedule.failures(call) < MAXIMUM_FAILURES
