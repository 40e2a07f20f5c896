"""Which messages this process holds: hidden from everybody else until their visibility timeout ends."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

LEASE_SECONDS = 120
LONGEST_LEASE_SECONDS = 900
HOLD_LIMIT_SECONDS = 11.5 * 3600
"""No reader may hold a message for more than 12 hours from its receive:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""


@dataclass(slots=True)
class Lease:
    """A held message: its current receipt handle, since when it is held, and when SQS shows it to others again."""

    handle: str
    taken: float
    expires: float
    renew_at: float

    def extension(self, now: float) -> int:
        """Return for how many seconds to renew: as long as it was held already, within limits.

        A message held for long, such as one that a filter left out, needs few renewals then, and one that a dead
        process held stays hidden for no longer than that process had worked.
        """
        return int(min(max(LEASE_SECONDS, now - self.taken), LONGEST_LEASE_SECONDS))


class Leases:
    """All held messages by id. Times are seconds of one monotonic clock; the caller does the locking."""

    def __init__(self) -> None:
        self._held: dict[str, Lease] = {}
        self._renewals: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._held

    def hold(self, message_id: str, handle: str, asked: float) -> None:
        """Hold a message received by a call begun at `asked`; its old handle, if there was one, is forgotten."""
        known = self._held.get(message_id)
        lease = Lease(handle, known.taken if known else asked, 0.0, 0.0)
        self._held[message_id] = lease
        self._extend(message_id, lease, asked, LEASE_SECONDS)

    def handle(self, message_id: str) -> str | None:
        """Return the current receipt handle, None when the message is not held."""
        lease = self._held.get(message_id)
        return lease.handle if lease else None

    def seconds_left(self, message_id: str, now: float) -> float:
        """Return how long the message stays hidden for certain."""
        lease = self._held.get(message_id)
        return lease.expires - now if lease else 0.0

    def let_go(self, message_id: str) -> str | None:
        """Hold the message no longer; return its handle."""
        lease = self._held.pop(message_id, None)
        return lease.handle if lease else None

    def let_some_go(self, limit: int) -> list[tuple[str, str]]:
        """Hold up to `limit` messages no longer; return their ids and handles."""
        chosen = [(message_id, lease.handle) for message_id, lease in islice(self._held.items(), limit)]
        for message_id, _handle in chosen:
            del self._held[message_id]
        return chosen

    def take_back(self, leases: Iterable[tuple[str, str]], now: float) -> None:
        """Hold messages again, for a later try to show them to everybody; they are not renewed."""
        for message_id, handle in leases:
            self._held.setdefault(message_id, Lease(handle, now, now, float("inf")))

    def clear(self) -> None:
        """Hold nothing any more."""
        self._held.clear()

    def due(self, now: float, limit: int) -> list[tuple[str, str, int]]:
        """Return up to `limit` (id, handle, seconds) to renew now; each is offered once."""
        found: list[tuple[str, str, int]] = []
        while self._renewals and self._renewals[0][0] <= now and len(found) < limit:
            at, message_id = heapq.heappop(self._renewals)
            lease = self._held.get(message_id)
            if lease and lease.renew_at == at and now - lease.taken < HOLD_LIMIT_SECONDS:
                lease.renew_at = float("inf")
                found.append((message_id, lease.handle, lease.extension(now)))
        return found

    def next_due(self) -> float | None:
        """Return when the next renewal is due."""
        return self._renewals[0][0] if self._renewals else None

    def renewed(self, message_id: str, handle: str, asked: float, seconds: int) -> None:
        """Note that SQS extended a lease by `seconds` from `asked`."""
        lease = self._held.get(message_id)
        if lease and lease.handle == handle:
            self._extend(message_id, lease, asked, seconds)

    def not_renewed(self, message_id: str, retry_at: float) -> None:
        """Note that a renewal got no answer: offer it again at `retry_at`."""
        if lease := self._held.get(message_id):
            self._plan(message_id, lease, retry_at)

    def _extend(self, message_id: str, lease: Lease, asked: float, seconds: int) -> None:
        lease.expires = asked + seconds
        self._plan(message_id, lease, asked + seconds / 2)

    def _plan(self, message_id: str, lease: Lease, at: float) -> None:
        lease.renew_at = at
        heapq.heappush(self._renewals, (at, message_id))
