"""Which call a replay makes next, and what its answer changes. No client, no thread, no sleep.

A free thread takes the first of these that there is: renew a lease, delete what arrived, send what waits, receive more.
So every connection does what is needed most, and no number of threads is set for receiving, sending or deleting.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.calls import Call, Delete, Receive, Release, Renew, Send
from opscore.dead_letters.engine.deleting import Deleting
from opscore.dead_letters.engine.dispatch import Dispatch, Sent
from opscore.dead_letters.engine.leases import Leases
from opscore.dead_letters.engine.pace import Backoff
from opscore.dead_letters.engine.receiving import Receiving
from opscore.dead_letters.looking.queue import BATCH
from opscore.dead_letters.sending.admission import Admit, Leave
from opscore.dead_letters.sending.destinations import Confirmation, Outcome
from opscore.dead_letters.tally import Left

PREFETCH_SECONDS = 20


@dataclass(frozen=True)
class Limits:
    """What bounds a run: so many messages, so many a second, copies only (`keep`), the order of groups (`ordered`)."""

    maximum: int | None = None
    rate: float | None = None
    keep: bool = False
    ordered: bool = False

    def prefetch(self, workers: int) -> int:
        """Return how many messages may wait: two batches a worker, and no more than soon can go."""
        enough = 2 * BATCH * workers
        return enough if self.rate is None else min(enough, max(BATCH, int(self.rate * PREFETCH_SECONDS)))


class Schedule:
    """The state of a run, or of one step of it. Its engine holds one lock around every method.

    `attempts` is what earlier steps and processes of the run have come to, and what this one adds to it.
    """

    def __init__(
        self,
        limits: Limits,
        attempts: Attempts,
        *,
        now: float,
        chance: Callable[[], float],
        workers: int,
        returns_expected: bool = False,
    ) -> None:
        attempts.answers_end()
        self.attempts, self.tally = attempts, attempts.tally
        self.tally.held_elsewhere = 0
        self.leases = Leases()
        self.dispatch = Dispatch(rate=limits.rate, now=now, chance=chance)
        self.deleting = Deleting(chance)
        # What may have arrived has its place under the maximum, and is looked for, until it is met in the queue.
        self._counted_already = attempts.in_doubt
        to_delete = 0 if limits.keep else len(attempts.arrived) - attempts.arrived.deleted
        self.receiving = Receiving(
            maximum=limits.maximum,
            moving=len(attempts.arrived) + len(self._counted_already),
            to_delete=to_delete + len(self._counted_already),
            returns_expected=returns_expected,
            prefetch=limits.prefetch(workers),
            now=now,
            chance=chance,
        )
        self._limits = limits
        self._blocked_groups: set[str] = set()
        self._renewals, self._releases = Backoff(chance), Backoff(chance)
        self._deleted_late: set[str] = set()
        self._under_way = self._releasing = 0
        self._stopped = self._given_up = False

    def next(self, now: float) -> Call | None:
        """Return the call to make now, None when there is none at the moment."""
        call = self._choose(now)
        self._under_way += call is not None
        return call

    def _choose(self, now: float) -> Call | None:
        flush = self.receiving.drained
        return (
            self._renew(now)
            or self.deleting.next(now, self.leases, flush=flush)
            or self._send(now, flush=flush)
            or self.receiving.next(
                now,
                waiting=self.dispatch.waiting,
                waiting_bytes=self.dispatch.waiting_bytes,
                held=len(self.leases),
            )
            or self._release(now)
        )

    def pause(self, now: float) -> float:
        """Return for how many seconds at most there is nothing to do unless an answer comes in."""
        times = [*self.dispatch.wakes(now), *self.deleting.wakes()]
        times += [self.receiving.backoff.until, self._renewals.until, self._releases.until]
        times += [due] if (due := self.leases.next_due()) is not None else []
        later = [time - now for time in times if time > now]
        return min(later, default=1.0)

    @property
    def over(self) -> bool:
        """Whether everything is done and no message is held any more."""
        return self._idle and not self._releasing and not len(self.leases)

    @property
    def _idle(self) -> bool:
        working = self._under_way - self._releasing or self.dispatch.waiting or len(self.deleting)
        return self.receiving.drained and not working

    def stop(self) -> None:
        """Receive and send no more; what is under way is finished and what arrived is deleted."""
        self._stopped = True
        self.receiving.over = True
        self.dispatch.stop()

    def give_up(self) -> None:
        """Stop, and make no call of a kind again that fails from now on: the run is to end."""
        self.stop()
        self._given_up = True

    def late_deletes(self) -> Collection[str]:
        """Take in that the run is over; return what is gone after all: deleted late, and not come back by the end."""
        gone = set() if self._stopped else self._deleted_late
        self.attempts.deleted(gone)
        return gone

    def _renew(self, now: float) -> Renew | None:
        if now < self._renewals.until:
            return None
        due = self.leases.due(now, BATCH)
        return Renew(due) if due else None

    def _send(self, now: float, *, flush: bool) -> Send | None:
        while send := self.dispatch.next(now, flush=flush):
            late = self.dispatch.expired(send, self.leases, now)
            if not late:
                return self._intended(send)
            for message in late:
                self.leases.let_go(message.letter.message_id)
            self.receiving.moving -= len(late)
            self.receiving.expect_returns(now)
            if fresh := [message for message in send.messages if message not in late]:
                return self._intended(Send(send.outbox, fresh))
        return None

    def _intended(self, send: Send) -> Send:
        self.attempts.intend(message.letter.message_id for message in send.messages)
        return send

    def _release(self, now: float) -> Release | None:
        if not self._idle or now < self._releases.until:
            return None
        handles = self.leases.let_some_go(BATCH)
        self._releasing += bool(handles)
        return Release(handles) if handles else None

    # What came of a call. Each is the answer to one call that `next` gave out.

    def received(self, decisions: Sequence[Admit | Leave], receive: Receive, asked: float, now: float) -> None:
        """Take in the messages that a receive begun at `asked` brought."""
        self._under_way -= 1
        self.receiving.received(len(decisions), receive.count, now)
        self._say_for_what_it_waits()
        for decision in decisions:
            self._take_in(decision, asked, now)

    def _take_in(self, decision: Admit | Leave, asked: float, now: float) -> None:
        letter = decision.letter if isinstance(decision, Leave) else decision.message.letter
        known = letter.message_id in self.leases
        self.leases.hold(letter.message_id, letter.receipt_handle, asked)
        if known:
            return  # delivered again while we have it: only its handle is new
        if letter.message_id in self._counted_already:
            self._counted_already.remove(letter.message_id)
            self.receiving.to_delete -= 1
            self.receiving.moving -= 1
        if proof := self.attempts.arrived.proof(letter.message_id):
            self._deleted_late.discard(letter.message_id)
            self.receiving.to_delete -= 1
            self._delete_later(proof, now)
        elif isinstance(decision, Leave):
            self._leave(decision)
        elif letter.group_id in self._blocked_groups:
            self._leave(Leave(letter, Left.FAILED, "comes after a message of its group that was left"))
        elif not self._stopped and not self.receiving.is_full:
            self.receiving.moving += 1
            self.dispatch.add(decision.message, decision.destination, now)

    def _delete_later(self, proof: Confirmation, now: float) -> None:
        if not self._limits.keep:
            self.deleting.add(proof, now)

    def _leave(self, leave: Leave) -> None:
        self.attempts.leave(leave.letter.message_id, leave.left, leave.why)
        if self._limits.ordered and leave.letter.group_id:
            self._blocked_groups.add(leave.letter.group_id)

    def sent(self, send: Send, outcome: Outcome, now: float) -> None:
        """Take in what a destination answered."""
        self.attempts.settle(outcome)
        self._take_out(self.dispatch.settled(send, outcome, now), now)

    def not_sent(self, send: Send, outcome: Outcome, now: float, *, too_long: bool = False) -> None:
        """Take in that a call as a whole failed, which `outcome` says of each message; `too_long` for the endpoint."""
        self.attempts.settle(outcome)
        sent = Sent()
        if not too_long:
            self.dispatch.not_sent(send, now)
        elif len(send.messages) > 1:
            self.dispatch.too_long(send, now)
        else:
            sent = self.dispatch.settled(send, outcome, now)
        self._take_out(sent, now)

    def _take_out(self, sent: Sent, now: float) -> None:
        self._under_way -= 1
        for proof in sent.arrived:
            self._delete_later(proof, now)
        for message, why in sent.failed:
            self.receiving.moving -= 1
            self._leave(Leave(message.letter, Left.FAILED, why))
        if self._stopped:
            self.dispatch.stop()

    def deleted(self, delete: Delete, done: Collection[str], now: float) -> list[str]:
        """Take in which messages SQS deleted; it refused the others. Return those that are gone for certain."""
        self._under_way -= 1
        confirmed = set(done)
        late = {proof.message_id for proof, _ in delete.proofs if self.leases.seconds_left(proof.message_id, now) <= 0}
        # SQS may confirm the delete of an old handle and not do it: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/
        # APIReference/API_DeleteMessage.html. If it is still there it comes back, and is deleted then.
        self.receiving.to_delete += len(late)
        self._deleted_late |= late & confirmed
        if late or len(done) < len(delete.proofs):
            self.receiving.expect_returns(now)
        self.attempts.not_deleted({proof.message_id for proof, _ in delete.proofs} - confirmed)
        self.deleting.settled(delete, done, self.leases, now)
        certain = [message_id for message_id in done if message_id not in late]
        self.attempts.deleted(certain)
        return certain

    def not_deleted(self, delete: Delete, now: float) -> None:
        """Take in that a delete got no answer."""
        self._under_way -= 1
        self.deleting.failed(delete, now)
        if self._given_up:
            self.attempts.not_deleted(self.deleting.stop())

    def renewed(self, renew: Renew, refused: Collection[str], asked: float) -> None:
        """Take in which leases were extended. What was refused is not ours any more and will not be sent."""
        self._under_way -= 1
        self._renewals.succeeded()
        for message_id, handle, seconds in renew.leases:
            if message_id not in refused:
                self.leases.renewed(message_id, handle, asked, seconds)

    def not_renewed(self, renew: Renew, now: float) -> None:
        """Take in that a renewal got no answer."""
        self._under_way -= 1
        self._renewals.failed(now)
        if self._given_up:
            return
        for message_id, _handle, _seconds in renew.leases:
            self.leases.not_renewed(message_id, self._renewals.until)

    def released(self) -> None:
        """Take in that a release was answered. A handle that SQS refused is stale, and needs no release."""
        self._under_way -= 1
        self._releasing -= 1
        self._releases.succeeded()

    def not_released(self, release: Release, now: float, *, again: bool) -> None:
        """Take in that a release failed; without `again` nothing more is released, and comes back by itself."""
        self._under_way -= 1
        self._releasing -= 1
        self._releases.failed(now)
        if again and not self._given_up:
            self.leases.take_back(release.leases, now)
        else:
            self.leases.clear()

    def receive_failed(self, receive: Receive, now: float) -> None:
        """Take in that a receive failed."""
        self._under_way -= 1
        self.receiving.receive_failed(receive.count, now)

    def looked(self, visible: int, hidden: int, now: float) -> None:
        """Take in how many messages the queue says it has."""
        self._under_way -= 1
        blocked = bool(self._blocked_groups)
        self.receiving.looked(visible, hidden, len(self.leases), now, blocked=blocked)
        self.tally.held_elsewhere = self.receiving.held_elsewhere
        self._say_for_what_it_waits()

    def _say_for_what_it_waits(self) -> None:
        self.tally.waits_for, self.tally.waits_seconds = self.receiving.waits_for, self.receiving.waits_seconds

    def look_failed(self, now: float) -> None:
        """Take in that the count could not be had."""
        self._under_way -= 1
        self.receiving.look_failed(now)
