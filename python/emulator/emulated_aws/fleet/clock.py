"""The fleet's clock: what time it is, and how long one of AWS's seconds takes here."""

import time

from emulated_aws.fleet import state


def now() -> float:
    """Return the time in seconds since 1970; it goes on while the process is stopped."""
    return time.time()


def scaled(seconds: float) -> float:
    """Return how long so many of AWS's seconds take here."""
    return seconds * state.settings().time_scale
