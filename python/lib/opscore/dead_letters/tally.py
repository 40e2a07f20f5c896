"""The count of a run: what became of each message, for the progress and for the result."""

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Left(StrEnum):
    """Why a message stays in the dead-letter queue; each is a count of the `Tally`."""

    BOUNCED = "bounced"
    SKIPPED = "skipped"
    QUARANTINED = "quarantined"
    FAILED = "failed"


_NO_RESULT = ("reasons", "waits_for", "waits_seconds")


@dataclass
class Tally:
    """What became of the messages so far.

    `moved` were confirmed by their destination; `undeleted` of them could not be deleted from the dead-letter queue.
    `skipped` were not asked for, `bounced` came back during the run, `quarantined` were replayed too often, `failed`
    could not be sent: all four stay in the dead-letter queue. Of all these messages and of those that were not dealt
    with, `possibly_twice` may be at their destination once more than is said here, because a send of them got no
    answer. `held_elsewhere` were still hidden by another reader at the end.

    While a run is at work, `waits_for` are messages that another reader hides now; it waits for them `waits_seconds` at
    most.
    """

    moved: int = 0
    failed: int = 0
    skipped: int = 0
    bounced: int = 0
    quarantined: int = 0
    undeleted: int = 0
    possibly_twice: int = 0
    held_elsewhere: int = 0
    interrupted: bool = False
    reasons: Counter[str] = field(default_factory=Counter)
    waits_for: int = 0
    waits_seconds: int = 0

    def leave(self, left: Left, why: str = "") -> None:
        """Count one message that stays in the dead-letter queue."""
        setattr(self, left.value, getattr(self, left.value) + 1)
        if why:
            self.reasons[why] += 1

    def take_back(self, left: Left, why: str = "") -> None:
        """Count a message no longer that `leave` counted."""
        setattr(self, left.value, getattr(self, left.value) - 1)
        if why:
            self.reasons[why] -= 1
            self.reasons += Counter()  # without what has come to nothing

    def copy(self) -> "Tally":
        """Return the count as it is now."""
        return dataclasses.replace(self, reasons=Counter(self.reasons))

    @property
    def settled(self) -> int:
        """How many messages the run is done with."""
        return self.moved + self.failed + self.skipped + self.bounced + self.quarantined

    @property
    def is_whole(self) -> bool:
        """Whether everything that was asked for was done, and not all of it came back."""
        left = self.failed or self.quarantined or self.undeleted or self.held_elsewhere or self.interrupted
        return not left and not self.all_came_back

    @property
    def all_came_back(self) -> bool:
        """Whether as many messages came back during the run as it replayed."""
        return self.bounced > 0 and self.bounced >= self.moved

    def plain(self) -> dict[str, Any]:
        """Return the count as a mapping, the reasons from the most frequent on."""
        counts = {key: value for key, value in vars(self).items() if key not in _NO_RESULT}
        return counts | {"reasons": dict(self.reasons.most_common())}
