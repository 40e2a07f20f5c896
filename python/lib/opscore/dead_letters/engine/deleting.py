"""What arrived and is still in the dead-letter queue: deleted in batches, each message on its proof."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator

from opscore.dead_letters.engine.calls import Delete
from opscore.dead_letters.engine.leases import Leases
from opscore.dead_letters.engine.outbox import LINGER_SECONDS
from opscore.dead_letters.engine.pace import Backoff
from opscore.dead_letters.looking.queue import BATCH
from opscore.dead_letters.sending.destinations import Confirmation

MAXIMUM_TRIES = 3
"""How often SQS may refuse to delete one message. Calls that failed as a whole do not count."""


class Deleting:
    """Decides on deletes of messages that arrived."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self.backoff = Backoff(chance)
        self._waiting: deque[tuple[float, Confirmation]] = deque()
        self._tries: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, proof: Confirmation, now: float) -> None:
        """Take in a message that arrived."""
        self._waiting.append((now, proof))

    def next(self, now: float, leases: Leases, *, flush: bool) -> Delete | None:
        """Return a batch to delete: a full one, or an older one, or on `flush` any."""
        if not self._waiting or now < self.backoff.until:
            return None
        if not (flush or len(self._waiting) >= BATCH or now - self._waiting[0][0] >= LINGER_SECONDS):
            return None
        proofs = [self._waiting.popleft()[1] for _ in range(min(BATCH, len(self._waiting)))]
        held = [(proof, handle) for proof in proofs if (handle := leases.handle(proof.message_id))]
        return Delete(held) if held else None

    def wakes(self) -> Iterator[float]:
        """Yield the times at which a batch may go that cannot go now."""
        if self._waiting:
            yield max(self.backoff.until, self._waiting[0][0] + LINGER_SECONDS)

    def settled(self, delete: Delete, done: Collection[str], leases: Leases, now: float) -> None:
        """Take in which messages are gone, and so no longer held; SQS refused the others."""
        for proof, handle in delete.proofs:
            message_id = proof.message_id
            if message_id in done:
                leases.let_go(message_id)
                continue
            self._tries[message_id] += 1
            if leases.handle(message_id) != handle or self._tries[message_id] < MAXIMUM_TRIES:
                self.add(proof, now)  # received again meanwhile, or worth another try
            elif leases.seconds_left(message_id, now) <= 0:
                leases.let_go(message_id)  # it will be received again, and deleted then
        self.backoff.succeeded()

    def failed(self, delete: Delete, now: float) -> None:
        """Take in that the call as a whole failed: try again later."""
        self._waiting.extendleft((now, proof) for proof, _handle in reversed(delete.proofs))
        self.backoff.failed(now)

    def stop(self) -> list[str]:
        """Remove everything that waits; return the ids."""
        message_ids = [proof.message_id for _since, proof in self._waiting]
        self._waiting.clear()
        return message_ids
