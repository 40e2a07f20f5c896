"""When a replay receives more, and when it believes that nothing is left."""

from collections.abc import Callable

from opscore.dead_letters.engine.calls import Look, Receive
from opscore.dead_letters.engine.leases import LEASE_SECONDS
from opscore.dead_letters.engine.pace import Backoff
from opscore.dead_letters.looking.queue import BATCH, EMPTY_ANSWERS, MAXIMUM_HELD

WAITING_BYTES = 32 * 1024 * 1024
STALE_COUNT_SECONDS = 15
"""How long to receive on when the queue's count is above 0 and receives bring nothing: the count is updated late."""

RETURN_SECONDS = LEASE_SECONDS + 10
"""How long to wait for messages that another reader, or a killed run, still hides."""


class Receiving:
    """Decides on receives.

    `moving` counts the messages taken on and not failed, against `maximum`. `to_delete` counts those that arrived and
    may still be in the queue: they are received and deleted even when the maximum is reached.
    """

    def __init__(
        self,
        *,
        maximum: int | None,
        moving: int,
        to_delete: int,
        returns_expected: bool,
        prefetch: int,
        now: float,
        chance: Callable[[], float],
    ) -> None:
        self.moving = moving
        self.to_delete = to_delete
        self._returns_expected = returns_expected
        self.held_elsewhere = self.waits_for = self.waits_seconds = 0
        self.over = False
        self.backoff = Backoff(chance)
        self._maximum, self._prefetch = maximum, prefetch
        self._asked_for = 0
        self._receiving = 0
        self._looking = False
        self._empty_answers = 0
        self._quiet_since = self._others_until = now

    def next(self, now: float, *, waiting: int, waiting_bytes: int, held: int) -> Receive | Look | None:
        """Return a Receive when more can be taken on, a Look when it seems that nothing is left."""
        if self.over or self._looking or now < self.backoff.until:
            return None
        if self._empty_answers and self._receiving:
            return None  # at the end of the queue one long poll at a time is enough
        if self._empty_answers >= EMPTY_ANSWERS or held >= MAXIMUM_HELD:
            return None if self._receiving else self._look()
        count = self._room(waiting)
        if count < 1 or waiting_bytes >= WAITING_BYTES:
            return None
        self._asked_for += count
        self._receiving += 1
        return Receive(count)

    def _look(self) -> Look:
        self._looking = True
        return Look()

    def _room(self, waiting: int) -> int:
        room = min(BATCH, self._prefetch - waiting - self._asked_for)
        if self._maximum is None or (self.is_full and self.to_delete > 0):
            return room
        return min(room, self._maximum - self.moving - self._asked_for)

    @property
    def is_full(self) -> bool:
        """Whether no more messages are to be taken on."""
        return self._maximum is not None and self.moving >= self._maximum

    @property
    def drained(self) -> bool:
        """Whether nothing more will come as things are: a partly filled batch need not wait."""
        enough = self.over or (self.is_full and self.to_delete <= 0)
        return not self._receiving and not self._looking and enough

    def expect_returns(self, now: float) -> None:
        """Note that a message which is no longer ours may become visible again: wait for it."""
        self._returns_expected = True
        self._quiet_since = now

    def received(self, count: int, asked_for: int, now: float) -> None:
        """Take in that a receive of up to `asked_for` messages brought `count`."""
        self._receiving -= 1
        self._asked_for -= asked_for
        self.backoff.succeeded()
        if count:
            self._empty_answers, self._quiet_since = 0, now
            self.waits_for = self.waits_seconds = 0
        else:
            self._empty_answers += 1

    def receive_failed(self, asked_for: int, now: float) -> None:
        """Take in that a receive got no answer, or a refusal that may pass."""
        self._receiving -= 1
        self._asked_for -= asked_for
        self.backoff.failed(now)
        self.expect_returns(now)  # it may have hidden messages all the same

    def looked(self, visible: int, hidden: int, held: int, now: float, *, blocked: bool) -> None:
        """Take in the queue's count; `held` of the hidden ones are our own, `blocked` ones wait behind those."""
        self._looking = False
        self.backoff.succeeded()
        others = max(0, hidden - held) if self._returns_expected else 0
        self._others_until = now if others else self._others_until
        quiet = now - self._quiet_since
        stale = now - max(self._quiet_since, self._others_until) >= STALE_COUNT_SECONDS
        nothing_to_wait_for = not others and (not visible or blocked or stale)
        if nothing_to_wait_for or quiet >= RETURN_SECONDS or held >= MAXIMUM_HELD:
            self.over = True
            self.held_elsewhere = others if not blocked else 0
            self.waits_for = self.waits_seconds = 0
        else:
            self.waits_for, self.waits_seconds = others, round(RETURN_SECONDS - quiet)
            self._empty_answers = EMPTY_ANSWERS - 1

    def look_failed(self, now: float) -> None:
        """Take in that the count could not be had."""
        self._looking = False
        self.backoff.failed(now)
