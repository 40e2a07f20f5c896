"""A token bucket: how AWS throttles.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Bucket:
    """So many tokens at most, so many more each second, so many left when it was last looked at."""

    size: float
    refill_per_second: float
    tokens: float
    at: float

    @classmethod
    def full(cls, size: float, refill_per_second: float, now: float) -> "Bucket":
        """Return a bucket that nobody has taken from yet."""
        return cls(size, refill_per_second, size, now)

    def take(self, now: float) -> tuple["Bucket", bool]:
        """Take one token; return the bucket after it, and whether there was one."""
        seconds = max(0.0, now - self.at)
        tokens = min(self.size, self.tokens + seconds * self.refill_per_second)
        allowed = tokens >= 1
        return replace(self, tokens=tokens - allowed, at=max(now, self.at)), allowed
