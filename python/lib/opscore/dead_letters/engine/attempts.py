"""What became of each message of a run, in one place: the engine writes here, a journal is read into it.

A message is under way, arrived, refused or deleted. Besides that it may be doubtful: a send of it got no answer, so it
may be at its destination once more than its state says. No later answer takes a doubt back.
"""

from collections.abc import Iterable

from opscore.dead_letters.sending.destinations import Arrived, Outcome
from opscore.dead_letters.tally import Left, Tally


class Attempts:
    """The attempts of one run, over all its steps and processes, and the `tally` that follows from them.

    Messages that arrived cost few bytes each; whole ids are kept only of those that are under way, doubtful, left in
    the dead-letter queue, or refused by a delete. The caller does the locking.
    """

    def __init__(self) -> None:
        self.arrived = Arrived()
        self.doubtful: set[str] = set()
        self.tally = Tally()
        self._under_way: set[str] = set()
        self._left: dict[str, tuple[Left, str]] = {}
        self._undeleted: set[str] = set()

    @property
    def in_doubt(self) -> set[str]:
        """The messages that did not arrive as far as is known, and yet may have."""
        return {name for name in self.doubtful | self._under_way if not self.arrived.proof(name)}

    @property
    def possibly_twice(self) -> int:
        """How many messages may be at their destination once more than is known."""
        return len(self.doubtful | self._under_way)

    def intend(self, message_ids: Iterable[str]) -> None:
        """Note that messages are about to be sent. What was under way already will get no answer any more."""
        for name in message_ids:
            if name in self._under_way:
                self._doubt(name)
            self._under_way.add(name)

    def settle(self, outcome: Outcome) -> None:
        """Take in what is known about messages that were under way."""
        for name, proof in outcome.confirmed.items():
            self._under_way.discard(name)
            self._take_back(name)
            self.arrived.add(proof)
        for name, refusal in outcome.refused.items():
            self._under_way.discard(name)
            if refusal.doubtful:
                self._doubt(name)
        self.tally.moved = len(self.arrived)

    def answers_end(self) -> None:
        """Note that nobody waits for an answer any more: the process that sent what is under way is gone."""
        for name in self._under_way:
            self._doubt(name)
        self._under_way.clear()

    def leave(self, message_id: str, left: Left, why: str = "") -> None:
        """Note that a message stays in the dead-letter queue. What a later step meets again counts once."""
        self._take_back(message_id)
        self._left[message_id] = (left, why)
        self.tally.leave(left, why)

    def deleted(self, message_ids: Iterable[str]) -> None:
        """Note that messages which arrived are gone from the dead-letter queue."""
        for name in message_ids:
            self.arrived.delete(name)
            self._undeleted.discard(name)
        self.tally.undeleted = len(self._undeleted)

    def not_deleted(self, message_ids: Iterable[str]) -> None:
        """Note that messages which arrived could not be deleted so far."""
        self._undeleted.update(message_ids)
        self.tally.undeleted = len(self._undeleted)

    def _doubt(self, message_id: str) -> None:
        self.doubtful.add(message_id)
        self.tally.possibly_twice = len(self.doubtful)

    def _take_back(self, message_id: str) -> None:
        if left := self._left.pop(message_id, None):
            self.tally.take_back(*left)
