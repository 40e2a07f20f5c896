"""How fast a replay may go: what the operator allows, what AWS allows, and what makes it faster."""

from collections.abc import Callable
from dataclasses import dataclass


class TokenBucket:
    """At most `per_second` messages a second over any while, in bursts of at most one second's worth."""

    def __init__(self, per_second: float, now: float) -> None:
        self.per_second = per_second
        self.burst = max(1.0, per_second)
        self._tokens = min(self.burst, 10.0)
        self._filled_at = now

    def wait(self, count: int, now: float) -> float:
        """Return the seconds until `count` messages (or a burst, if that is less) may go; 0 for now."""
        self._fill(now)
        return max(0.0, (min(count, self.burst) - self._tokens) / self.per_second)

    def take(self, count: int, now: float) -> None:
        """Count `count` messages as sent."""
        self._fill(now)
        self._tokens -= count

    def _fill(self, now: float) -> None:
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._filled_at) * self.per_second)
        self._filled_at = now


GIVE_UP_SECONDS = 120.0


@dataclass
class Patience:
    """How long a run goes on while nothing succeeds: `seconds` after the first failure of which no success followed.

    Time, and not a number of failures: many calls are under way at once, and a gap of 50 ms in the network fails them
    all. An answer that asks for fewer requests is a success here, for the service is there: throttling ends no run.
    """

    seconds: float
    failing_since: float | None = None

    def succeeded(self) -> None:
        """Note that a call got an answer."""
        self.failing_since = None

    def failed(self, now: float) -> None:
        """Note that a call failed."""
        if self.failing_since is None:
            self.failing_since = now

    def is_over(self, now: float) -> bool:
        """Say whether it is time to give up."""
        return self.failing_since is not None and now - self.failing_since >= self.seconds


@dataclass
class Backoff:
    """How long to make no call of one kind after failures in a row: full jitter, doubling up to 20 s.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    chance: Callable[[], float]
    until: float = 0.0
    failures: int = 0

    def failed(self, now: float) -> None:
        """Note a failure. Calls that were under way together fail together: they are one."""
        if now < self.until:
            return
        self.failures += 1
        self.until = now + max(0.05, self.chance() * min(20.0, 0.1 * 2.0**self.failures))

    def succeeded(self) -> None:
        """Note a success: full speed again."""
        self.failures, self.until = 0, 0.0


class PoolSize:
    """The size of the worker pool: larger while that moves more messages a second, smaller when AWS throttles."""

    def __init__(self, start: int, maximum: int, now: float) -> None:
        self.allowed = min(start, maximum)
        self._maximum = maximum
        self._since, self._moved_before = now, 0
        self._best_rate = 0.0
        self._hold_until = now

    def observe(self, moved: int, now: float) -> int:
        """Take note of how many messages have moved in all; return how many workers may work."""
        elapsed = now - self._since
        if elapsed < 1.0:
            return self.allowed
        rate = (moved - self._moved_before) / elapsed
        self._since, self._moved_before = now, moved
        if now >= self._hold_until and rate > self._best_rate * 1.05:
            self.allowed = min(self._maximum, max(self.allowed + 1, self.allowed * 3 // 2))
        self._best_rate = max(self._best_rate, rate)
        return self.allowed

    def throttled(self, now: float) -> None:
        """Halve the pool, because AWS asked for fewer calls, and let it not grow for ten seconds."""
        if now >= self._hold_until - 9.0:
            self.allowed = max(1, self.allowed // 2)
            self._best_rate = 0.0
        self._hold_until = now + 10.0
