"""What a fleet wants of its drains, and AWS's limits that bound it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from opscore.errors import UsageProblem

POLL_SECONDS = 15
SWEEP_SECONDS = 60

# A lifecycle action ends after 48 hours or 100 heartbeat timeouts, whichever is shorter:
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html
LONGEST_ACTION_SECONDS = 48 * 3600
MOST_HEARTBEATS = 100


class AtDeadline(StrEnum):
    """What happens to a host whose tasks have not all stopped at the deadline."""

    LET_GO = "let-go"
    KEEP = "keep"


class Standalone(StrEnum):
    """What happens to tasks that belong to no service, which ECS never stops or moves."""

    WAIT = "wait"
    STOP = "stop"
    KEEP = "keep"


@dataclass(frozen=True)
class Policy:
    """Times in seconds. `stop_after_seconds` is for standalone tasks under `Standalone.STOP`.

    `boot_seconds` is how long a new instance may take to register with ECS. `daemon_grace_seconds` is how long daemons
    may stay once nothing is left that they serve. Raises `UsageProblem` when a lifecycle action could end before the
    deadline, or between two heartbeats.
    """

    deadline_seconds: int = 3600
    at_deadline: AtDeadline = AtDeadline.KEEP
    standalone: Standalone = Standalone.WAIT
    stop_after_seconds: int = 900
    heartbeat_timeout_seconds: int = 1800
    boot_seconds: int = 600
    daemon_grace_seconds: int = 120

    def __post_init__(self) -> None:
        shortest = 3 * (POLL_SECONDS + SWEEP_SECONDS)
        if self.heartbeat_timeout_seconds < shortest:
            raise UsageProblem(
                f"A heartbeat timeout of {self.heartbeat_timeout_seconds} s is too short: it takes up to "
                f"{SWEEP_SECONDS} s until a poller that died is started again, so it must be at least {shortest} s."
            )
        if not 0 < self.deadline_seconds < self.longest_action_seconds:
            raise UsageProblem(
                f"A deadline of {self.deadline_seconds} s is not below the {self.longest_action_seconds} s after which "
                "AWS ends the lifecycle action: 48 hours or 100 heartbeat timeouts."
            )

    @property
    def keeps_hosts(self) -> bool:
        """Whether a host may be kept at its deadline, so that its group must retain what its hook abandons."""
        return self.at_deadline is AtDeadline.KEEP or self.standalone is Standalone.KEEP

    @property
    def longest_action_seconds(self) -> int:
        """When AWS ends the lifecycle action, whatever is still heartbeating."""
        return min(LONGEST_ACTION_SECONDS, MOST_HEARTBEATS * self.heartbeat_timeout_seconds)


@dataclass(frozen=True)
class Fleet:
    """An Auto Scaling group whose instances are container instances of `cluster`, and the hook that holds them."""

    group: str
    cluster: str
    hook: str
    policy: Policy = field(default_factory=Policy)


def parse_fleets(text: str) -> dict[str, Fleet]:
    """Return the fleets by group name from the JSON in a function's settings: `{group: {cluster, hook, …policy}}`."""
    return {group: _fleet(group, facts) for group, facts in json.loads(text).items()}


def _fleet(group: str, facts: Mapping[str, Any]) -> Fleet:
    limits = {key: value for key, value in facts.items() if key not in ("cluster", "hook")}
    if "at_deadline" in limits:
        limits["at_deadline"] = AtDeadline(limits["at_deadline"])
    if "standalone" in limits:
        limits["standalone"] = Standalone(limits["standalone"])
    return Fleet(group, facts["cluster"], facts["hook"], Policy(**limits))
