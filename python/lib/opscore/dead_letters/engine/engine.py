"""Replay message by message: the calls of the schedule, made by as many threads as make it faster."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opscore import aws_faults
from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.calls import Call, Delete, Receive, Release, Renew, Send
from opscore.dead_letters.engine.journal import Journal
from opscore.dead_letters.engine.leases import LEASE_SECONDS
from opscore.dead_letters.engine.pace import GIVE_UP_SECONDS, Patience, PoolSize
from opscore.dead_letters.engine.schedule import Limits, Schedule
from opscore.dead_letters.looking.queue import QueueFacts, QueueReader
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import OnArrival, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.dead_letters.tally import Tally

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Pace:
    """How the engine works: threads at the start and at most (one means in the caller's own), patience, the clock."""

    workers: int = 16
    maximum_workers: int = 64
    give_up_seconds: float = GIVE_UP_SECONDS
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    condition: Callable[[], threading.Condition] = threading.Condition
    report_seconds: float = 0.25


class ClientEngine:
    """One run over one dead-letter queue, or the rest of one.

    `attempts` is what earlier steps of the run, or the journal of an earlier process, have come to; that process may
    still hide messages when the run is `resumed`. `on_arrival` is called once for each message that arrived, by several
    threads at a time; `report` is called with the tally during the run.
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
        attempts: Attempts | None = None,
        resumed: bool = False,
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
            attempts or Attempts(),
            now=now,
            chance=self._pace.chance,
            workers=self._pace.maximum_workers,
            returns_expected=source.in_flight > 0 or resumed,
        )
        self._pool_size = PoolSize(self._pace.workers, self._pace.maximum_workers, now)
        self._patience = Patience(self._pace.give_up_seconds)
        self._changed = self._pace.condition()
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None
        self._is_broken = False

    def run(self) -> Tally:
        """Replay until nothing that the run may touch is left; what stays is visible again afterwards.

        Raises what AWS refused for good, and the last failure when nothing has succeeded for `give_up_seconds`, after
        everything under way has ended. Renewing and giving back count for no success: they go on while nothing moves.
        The first Ctrl-C ends the run in the same way and marks the tally as interrupted; a second one leaves at once,
        and then the journal knows what is open.
        """
        if self._pace.maximum_workers == 1:
            self._work(0)
        else:
            self._supervise()
        if self._error:
            raise self._error
        if gone := self._schedule.late_deletes():
            self._journal.deleted(gone)
        self._report(self._schedule.tally)
        return self._schedule.tally.copy()

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

    def _work_safely(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as error:  # noqa: BLE001  Raised again by `run`, in the caller's thread.
            with self._changed:
                self._end(error)
                self._is_broken = True  # its call will not be counted as over: nobody may wait for that
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
            outcome = self._not_sent(call, error) if isinstance(call, Send) else Outcome()
            with self._changed:
                self._failed(call, outcome, error, self._pace.clock())
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
            self._patience.succeeded()
            self._schedule.received(decisions, call, asked, self._pace.clock())
            self._changed.notify()

    def _send(self, call: Send) -> None:
        destination = call.outbox.destination
        self._journal.intend(destination.label, call.messages)
        outcome = destination.send(call.messages)
        self._journal.sent(outcome)
        with self._ending_on_error():
            self._announce(call.messages, outcome)
        with self._changed:
            now = self._pace.clock()
            self._patience.succeeded()
            self._schedule.sent(call, outcome, now)
            for refusal in outcome.refused.values():
                if refusal.is_throttling:
                    self._pool_size.throttled(now)
                elif refusal.is_of_credentials:
                    self._end(aws_faults.EntryRefused(refusal.code, refusal.message))
            self._changed.notify()

    def _announce(self, messages: Sequence[Outgoing], outcome: Outcome) -> None:
        for message in messages:
            if proof := outcome.confirmed.get(message.letter.message_id):
                self._on_arrival(message, proof)

    def _delete(self, call: Delete) -> None:
        refused = self._queue.delete([handle for _, handle in call.proofs])
        done = [proof.message_id for position, (proof, _) in enumerate(call.proofs) if position not in refused]
        with self._changed:
            self._patience.succeeded()
            certain = self._schedule.deleted(call, done, self._pace.clock())
            self._changed.notify()
        with self._ending_on_error():
            self._journal.deleted(certain)

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
            self._patience.succeeded()
            self._schedule.looked(facts.visible, facts.in_flight, self._pace.clock())
            self._changed.notify_all()

    # Failures

    def _not_sent(self, call: Send, error: Exception) -> Outcome:
        """Return, and write down, what a send that failed as a whole means for each of its messages."""
        refusal = Refusal.of(error, final=aws_faults.is_too_long(error))
        outcome = Outcome(refused={message.letter.message_id: refusal for message in call.messages})
        with contextlib.suppress(Exception):  # a journal that says nothing of a send says that it is in doubt
            self._journal.sent(outcome)
        return outcome

    def _failed(self, call: Call, outcome: Outcome, error: Exception, now: float) -> None:
        """Put `call` back, go slower when that may help, and end the run when it cannot."""
        schedule = self._schedule
        if self._ends_run(call, error, now):
            self._end(error)
        if isinstance(call, Receive):
            schedule.receive_failed(call, now)
        elif isinstance(call, Send):
            schedule.not_sent(call, outcome, now, too_long=aws_faults.is_too_long(error))
        elif isinstance(call, Delete):
            schedule.not_deleted(call, now)
        elif isinstance(call, Renew):
            schedule.not_renewed(call, now)
        elif isinstance(call, Release):
            schedule.not_released(call, now, again=aws_faults.is_transient(error))
        else:
            schedule.look_failed(now)

    def _ends_run(self, call: Call, error: Exception, now: float) -> bool:
        if aws_faults.is_throttling(error):
            self._patience.succeeded()
            self._pool_size.throttled(now)
            return False
        if aws_faults.is_transient(error):
            self._patience.failed(now)
            return self._patience.is_over(now)
        return not (isinstance(call, Release) or (isinstance(call, Send) and aws_faults.is_too_long(error)))

    @contextlib.contextmanager
    def _ending_on_error(self) -> Iterator[None]:
        """Let an error end the run without changing anything about the call, which has succeeded."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  Raised again by `run`.
            with self._changed:
                self._end(error)

    def _end(self, error: BaseException) -> None:
        self._error = self._error or error
        self._schedule.give_up()
