"""Lifecycle hooks as decisions: when does a waiting instance go on, and with what result.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html

Every hook of a transition has an action of its own with its own clock. CONTINUE ends one action, the instance goes on
when all have ended; ABANDON ends them all at once. An action whose clock runs out ends with its hook's default
result. A heartbeat starts the clock again, but never beyond 100 times the timeout or 48 hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

LONGEST_SECONDS = 48 * 3600
MOST_TIMEOUTS = 100


class Outcome(Enum):
    """What the actions of one instance come to."""

    WAIT = "WAIT"
    CONTINUE = "CONTINUE"
    ABANDON = "ABANDON"


@dataclass(frozen=True)
class Action:
    """One hook's action on one instance. Times are on the caller's clock; `result` is empty while it is open."""

    hook: str
    token: str
    timeout: float
    default_result: str
    deadline: float
    latest: float
    result: str = ""

    @classmethod
    def begin(cls, hook: str, token: str, timeout: float, default_result: str, now: float, scale: float) -> "Action":
        """Start the clock of an action; `timeout` is in AWS's seconds, `scale` is how long one takes here."""
        longest = min(LONGEST_SECONDS, MOST_TIMEOUTS * timeout) * scale
        return cls(hook, token, timeout * scale, default_result, now + timeout * scale, now + longest)

    def heartbeat(self, now: float) -> "Action":
        """Start the clock again, as far as the hook's global timeout lets it."""
        return replace(self, deadline=min(now + self.timeout, self.latest))

    def complete(self, result: str) -> "Action":
        """End the action with CONTINUE or ABANDON."""
        return replace(self, result=result)

    def settle(self, now: float) -> "Action":
        """End the action with its default result when its clock has run out."""
        return self if self.result or now < self.deadline else replace(self, result=self.default_result)


def outcome(actions: Sequence[Action]) -> Outcome:
    """Return what the settled actions of one instance come to."""
    if any(action.result == "ABANDON" for action in actions):
        return Outcome.ABANDON
    if any(not action.result for action in actions):
        return Outcome.WAIT
    return Outcome.CONTINUE


def next_state(state: str, found: Outcome, *, retain_on_abandon: bool) -> str:
    """Return the lifecycle state that follows a `:Wait` state.

    An abandoned launch ends the instance. An abandoned termination goes on, unless the group's instance lifecycle
    policy retains the instance
    (https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RetentionTriggers.html).
    """
    if found is Outcome.WAIT:
        return state
    if state == "Pending:Wait":
        return "Pending:Proceed" if found is Outcome.CONTINUE else "Terminating"
    if found is Outcome.ABANDON and retain_on_abandon:
        return "Terminating:Retained"
    return "Terminating:Proceed"
