"""What an instance refresh does next, as a decision over plain facts.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-adding-checkpoints-instance-refresh.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html

Below a minimum of 100 % instances are terminated and replaced at the same time, as many as the minimum leaves; above a
maximum of 100 % replacements are launched first. When both bounds leave no room, the API's reference says what
happens: with an explicit maximum one is launched first, without one an instance is replaced by terminating it first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """An instance of the group. `ready` is in service and warm; `leaving` is already terminating."""

    instance_id: str
    outdated: bool
    ready: bool
    leaving: bool = False
    standby: bool = False
    protected: bool = False


@dataclass(frozen=True)
class Bounds:
    """Percentages of the desired capacity; `maximum` is None when the request did not set one."""

    minimum: int = 90
    maximum: int | None = None

    def floor(self, desired: int) -> int:
        """Return how many instances must stay ready."""
        return math.ceil(desired * self.minimum / 100)

    def ceiling(self, desired: int) -> int:
        """Return how many instances may be in service or pending."""
        return math.floor(desired * (self.maximum or 100) / 100)


@dataclass(frozen=True)
class Decision:
    """Terminate these, keep this many more than desired while doing so, and this is what is left to do."""

    terminate: tuple[str, ...]
    surge: int
    to_update: int
    finished: bool
    blocked: str = ""


def decide(
    desired: int,
    bounds: Bounds,
    members: Sequence[Member],
    *,
    total: int,
    next_checkpoint: int,
    protected: str = "Wait",
    standby: str = "Wait",
) -> Decision:
    """Say what to do now. `total` were outdated at the start; `next_checkpoint` is the percentage not to go beyond."""
    outdated = [one for one in members if one.outdated]
    skipped = [one for one in outdated if _is_skipped(one, protected, standby)]
    open_ones = [one for one in outdated if one not in skipped]
    to_update = len(open_ones)
    target_left = total - math.ceil(total * next_checkpoint / 100)
    allowed_now = max(0, sum(not one.leaving for one in open_ones) - max(0, target_left))
    waiting = [one for one in open_ones if not one.leaving and _must_wait(one, protected, standby)]
    free = [one for one in open_ones if not one.leaving and one not in waiting]
    live = [one for one in members if not one.leaving and not one.standby]
    ready = sum(one.ready for one in live)
    if not to_update:
        return Decision((), 0, 0, finished=ready >= desired)
    surge = min(_surge(desired, bounds), len(free), allowed_now)
    count = min(_room(desired, bounds, len(live), ready), allowed_now)
    # An instance that is not ready costs nothing to lose.
    chosen = sorted(free, key=lambda one: (one.ready, one.instance_id))
    broken = [one for one in chosen if not one.ready][:allowed_now]
    good = [one for one in chosen if one.ready][: max(0, count - len(broken))]
    blocked = "instances are protected or in standby" if waiting and not free else ""
    return Decision(
        tuple(one.instance_id for one in (*broken, *good)), surge, to_update, finished=False, blocked=blocked
    )


def _surge(desired: int, bounds: Bounds) -> int:
    extra = max(0, bounds.ceiling(desired) - desired)
    stuck = bounds.maximum is not None and extra == 0 and bounds.floor(desired) >= desired
    return max(extra, 1 if stuck else 0)


def _room(desired: int, bounds: Bounds, live: int, ready: int) -> int:
    spare = ready - bounds.floor(desired)
    if spare > 0:
        return spare
    settled = live == ready == desired
    return 1 if bounds.maximum is None and settled else 0


def _is_skipped(one: Member, protected: str, standby: str) -> bool:
    return (one.protected and protected == "Ignore") or (one.standby and standby == "Ignore")


def _must_wait(one: Member, protected: str, standby: str) -> bool:
    return (one.protected and protected == "Wait") or (one.standby and standby == "Wait")


def percentage(total: int, to_update: int) -> int:
    """Return how much of the refresh is done, rounded down."""
    return 100 if not total else math.floor(100 * (total - min(total, to_update)) / total)
