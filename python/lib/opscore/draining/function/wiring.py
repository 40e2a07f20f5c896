"""What the drivers of the drains work with: everything that is not a decision comes in from outside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opscore.draining.aws.drain_table import Drains
from opscore.draining.aws.hosts import Hosts
from opscore.draining.aws.metrics import Count
from opscore.draining.policy import Fleet, Policy
from opscore.draining.record import Drain


@dataclass(frozen=True)
class Wiring:
    """The table, the clients, the figures, the fleets by group, and the clock (whole seconds since the epoch)."""

    drains: Drains
    hosts: Hosts
    ecs: Any
    ec2: Any
    autoscaling: Any
    count: Count
    fleets: Mapping[str, Fleet]
    now: Callable[[], int]

    def policy(self, drain: Drain) -> Policy:
        """Return the policy of a drain's fleet; an unknown group gets the default one."""
        fleet = self.fleets.get(drain.group)
        return fleet.policy if fleet else Policy()
