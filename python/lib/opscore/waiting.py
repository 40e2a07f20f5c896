"""Wait for something to come true, with the clock and the sleep passed in."""

import time
from collections.abc import Callable
from typing import TypeVar

from opscore.errors import TimedOut

T = TypeVar("T")


def wait_until(
    ready: Callable[[], T | None],
    *,
    timeout: float,
    what: str,
    interval: float = 1.0,
    hint: str = "",
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Call `ready` every `interval` seconds until it returns something true, and return that.

    Raises `TimedOut` after `timeout` seconds; `what` completes the sentence "... did not happen within N s".
    """
    deadline = clock() + timeout
    while True:
        if found := ready():
            return found
        left = deadline - clock()
        if left <= 0:
            raise TimedOut(f"{what} did not happen within {timeout:g} s.", hint=hint)
        sleep(min(interval, left))
