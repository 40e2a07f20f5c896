"""Messages that wait for one destination, handed out in batches as full as they can be."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from opscore.dead_letters.sending.destinations import Destination
from opscore.dead_letters.sending.outgoing import Outgoing

LINGER_SECONDS = 0.2
"""How long a batch may wait to become full. A short receive brings three or four messages; a send takes ten."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: Outgoing
    since: float


class Outbox:
    """The messages that wait for a standard queue or another destination without order. The caller does the locking."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.batch_bytes = destination.batch_bytes
        self.waiting_bytes = 0
        self._waiting: deque[_Waiting] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, message: Outgoing, now: float) -> None:
        """Take a message in."""
        self._waiting.append(_Waiting(message, now))
        self.waiting_bytes += message.size

    def put_back(self, messages: Sequence[Outgoing], now: float) -> None:
        """Take back messages that were not sent; they are the next ones."""
        self._waiting.extendleft(_Waiting(message, now) for message in reversed(messages))
        self.waiting_bytes += sum(message.size for message in messages)

    def take(self, now: float, *, limit: int, flush: bool) -> list[Outgoing]:
        """Return the next batch, nothing while it is better to wait; `flush` means that nothing more will come."""
        since = self.oldest_since()
        if since is None or limit < 1:
            return []
        limit = min(limit, self.destination.batch_entries)
        batch, full = self._fill(limit)
        if not (full or flush or now - since >= LINGER_SECONDS):
            return []
        self._remove(batch)
        return [waiting.message for waiting in batch]

    def oldest_since(self) -> float | None:
        """Return since when the next message waits."""
        return self._waiting[0].since if self._waiting else None

    def settle(self, messages: Iterable[Outgoing]) -> None:
        """Note that a batch is no longer under way. Call it before anything of the batch is put back."""

    def take_group(self, group: str | None) -> list[Outgoing]:  # noqa: ARG002
        """Remove and return what must not go because an earlier one of its group did not; nothing, without order."""
        return []

    def clear(self) -> list[Outgoing]:
        """Remove and return everything that waits."""
        messages = [waiting.message for waiting in self._waiting]
        self._waiting.clear()
        self.waiting_bytes = 0
        return messages

    def _fill(self, limit: int) -> tuple[list[_Waiting], bool]:
        """Return what fits into a batch, and whether the batch is full."""
        batch: list[_Waiting] = []
        total = 0
        for waiting in self._candidates():
            if batch and total + waiting.message.size > self.batch_bytes:
                return batch, True
            batch.append(waiting)
            total += waiting.message.size
            if len(batch) == limit:
                return batch, True
        return batch, False

    def _candidates(self) -> Iterator[_Waiting]:
        return iter(self._waiting)

    def _remove(self, batch: Sequence[_Waiting]) -> None:
        for waiting in batch:
            self._waiting.popleft()
            self.waiting_bytes -= waiting.message.size


class FifoOutbox(Outbox):
    """The messages that wait for a FIFO queue: of each group only the first one is ever under way.

    Two of one group in a batch would not do: when SQS takes the second and not the first, their order is lost.
    """

    def __init__(self, destination: Destination) -> None:
        super().__init__(destination)
        self._groups: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._under_way: set[str] = set()

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups.values())

    def add(self, message: Outgoing, now: float) -> None:
        """Take a message in, behind the others of its group."""
        self._groups.setdefault(_group(message), deque()).append(_Waiting(message, now))
        self.waiting_bytes += message.size

    def put_back(self, messages: Sequence[Outgoing], now: float) -> None:
        """Take back messages that were not sent, each before the others of its group."""
        for message in messages:
            self._groups.setdefault(_group(message), deque()).appendleft(_Waiting(message, now))
            self.waiting_bytes += message.size

    def take(self, now: float, *, limit: int, flush: bool) -> list[Outgoing]:
        """Return the next batch: the first messages of groups of which none is under way."""
        # With nothing under way no further group can become free: waiting would be for nothing.
        batch = super().take(now, limit=limit, flush=flush or not self._under_way)
        self._under_way |= {_group(message) for message in batch}
        return batch

    def oldest_since(self) -> float | None:
        """Return since when the next message that may go waits."""
        first = next(self._candidates(), None)
        return first.since if first else None

    def settle(self, messages: Iterable[Outgoing]) -> None:
        """Note that a batch is no longer under way: the next messages of its groups may go."""
        self._under_way -= {_group(message) for message in messages}

    def take_group(self, group: str | None) -> list[Outgoing]:
        """Remove and return everything of a group that waits."""
        removed = [waiting.message for waiting in self._groups.pop(group or "", ())]
        self.waiting_bytes -= sum(message.size for message in removed)
        return removed

    def clear(self) -> list[Outgoing]:
        """Remove and return everything that waits."""
        removed = [waiting.message for group in self._groups.values() for waiting in group]
        self._groups.clear()
        self.waiting_bytes = 0
        return removed

    def _candidates(self) -> Iterator[_Waiting]:
        return (waiting[0] for group, waiting in self._groups.items() if group not in self._under_way)

    def _remove(self, batch: Sequence[_Waiting]) -> None:
        for waiting in batch:
            group = _group(waiting.message)
            self._groups[group].popleft()
            self.waiting_bytes -= waiting.message.size
            if not self._groups[group]:
                del self._groups[group]


def open_outbox(destination: Destination) -> Outbox:
    """Return the outbox that fits the destination."""
    return FifoOutbox(destination) if destination.fifo else Outbox(destination)


def _group(message: Outgoing) -> str:
    return message.letter.group_id or ""
