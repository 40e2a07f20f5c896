"""What waits to be sent, and when a batch of it goes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from opscore.dead_letters.engine.calls import Send
from opscore.dead_letters.engine.leases import Leases
from opscore.dead_letters.engine.outbox import LINGER_SECONDS, Outbox, open_outbox
from opscore.dead_letters.engine.pace import Backoff, TokenBucket
from opscore.dead_letters.sending.destinations import Confirmation, Destination, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing

MARGIN_SECONDS = 15
"""A message whose lease ends sooner is not sent any more: another reader could receive it meanwhile."""

MAXIMUM_TRIES = 5
"""How often a destination may refuse one message. Calls that failed as a whole and throttling do not count."""


@dataclass
class Sent:
    """What became of one batch: what arrived, and what will not be tried again, with the reason."""

    arrived: list[Confirmation] = field(default_factory=list)
    failed: list[tuple[Outgoing, str]] = field(default_factory=list)


class Dispatch:
    """The outboxes of all destinations under one rate. The caller does the locking."""

    def __init__(self, *, rate: float | None, now: float, chance: Callable[[], float]) -> None:
        self.backoff = Backoff(chance)
        self._bucket = TokenBucket(rate, now) if rate else None
        self._outboxes: dict[str, Outbox] = {}
        self._tries: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return sum(len(outbox) for outbox in self._outboxes.values())

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait."""
        return sum(outbox.waiting_bytes for outbox in self._outboxes.values())

    def add(self, message: Outgoing, destination: Destination, now: float) -> None:
        """Take in a message for `destination`."""
        if destination.label not in self._outboxes:
            self._outboxes[destination.label] = open_outbox(destination)
        self._outboxes[destination.label].add(message, now)

    def next(self, now: float, *, flush: bool) -> Send | None:
        """Return a batch that should go now."""
        if now < self.backoff.until:
            return None
        for outbox in self._outboxes.values():
            if batch := outbox.take(now, limit=self._allowed(outbox, now), flush=flush):
                if self._bucket:
                    self._bucket.take(len(batch), now)
                return Send(outbox, batch)
        return None

    def _allowed(self, outbox: Outbox, now: float) -> int:
        if not self._bucket:
            return outbox.destination.batch_entries
        most = min(outbox.destination.batch_entries, int(self._bucket.burst))
        return 0 if self._bucket.wait(min(len(outbox), most), now) > 0 else most

    def wakes(self, now: float) -> Iterator[float]:
        """Yield the times at which a batch may go that cannot go now."""
        if self.backoff.until > now:
            yield self.backoff.until
        for outbox in self._outboxes.values():
            if (since := outbox.oldest_since()) is not None:
                yield since + LINGER_SECONDS
                if self._bucket:
                    yield now + self._bucket.wait(min(len(outbox), outbox.destination.batch_entries), now)

    def expired(self, send: Send, leases: Leases, now: float) -> list[Outgoing]:
        """Return the messages of a batch that are not ours for long enough any more, with those that follow them."""
        late = [
            message for message in send.messages if leases.seconds_left(message.letter.message_id, now) < MARGIN_SECONDS
        ]
        send.outbox.settle(late)
        return late + [after for message in late for after in send.outbox.take_group(message.letter.group_id)]

    def settled(self, send: Send, outcome: Outcome, now: float) -> Sent:
        """Take in what a destination answered; what may work later waits again."""
        send.outbox.settle(send.messages)
        sent = Sent(arrived=list(outcome.confirmed.values()))
        again: list[Outgoing] = []
        for message in send.messages:
            if refusal := outcome.refused.get(message.letter.message_id):
                self._refused(message, refusal, send.outbox, sent, again)
        self._put_back(send.outbox, again, now)
        return sent

    def not_sent(self, send: Send, now: float) -> None:
        """Take in that the call as a whole failed: its messages wait again, as if they had not been tried."""
        send.outbox.settle(send.messages)
        self._put_back(send.outbox, send.messages, now)

    def too_long(self, send: Send, now: float) -> None:
        """Take in that a batch of several messages was too large for the endpoint: send halves from now on."""
        send.outbox.batch_bytes = sum(message.size for message in send.messages) // 2
        send.outbox.settle(send.messages)
        send.outbox.put_back(send.messages, now)

    def stop(self) -> list[Outgoing]:
        """Remove and return everything that waits."""
        return [message for outbox in self._outboxes.values() for message in outbox.clear()]

    def _refused(self, message: Outgoing, refusal: Refusal, outbox: Outbox, sent: Sent, again: list[Outgoing]) -> None:
        self._tries[message.letter.message_id] += not (refusal.is_throttling or refusal.is_of_credentials)
        if not refusal.final and self._tries[message.letter.message_id] < MAXIMUM_TRIES:
            again.append(message)
            return
        sent.failed.append((message, str(refusal)))
        first = message.letter.message_id
        for after in outbox.take_group(message.letter.group_id):
            sent.failed.append((after, f"comes after {first} in its group, which could not be sent"))

    def _put_back(self, outbox: Outbox, messages: Sequence[Outgoing], now: float) -> None:
        if messages:
            outbox.put_back(messages, now)
            self.backoff.failed(now)
        else:
            self.backoff.succeeded()
