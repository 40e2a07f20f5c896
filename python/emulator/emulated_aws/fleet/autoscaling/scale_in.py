"""Which instances of a group go when it scales in, and which zone gets the next one.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.Rebalancing

Modelled: instances that are protected stay; the zone with the most instances loses one first; inside it the policies
Default, OldestInstance, NewestInstance and OldestLaunchTemplate. Default takes the oldest configuration, then the
oldest instance (AWS then looks at the billing hour, which is not modelled). Other policies are refused by name.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from emulated_aws.fleet.refusals import Refused


@dataclass(frozen=True)
class Candidate:
    """An instance that counts towards the group's capacity."""

    instance_id: str
    zone: str
    launched_at: float
    configuration_age: int
    """0 for the group's present configuration, more for older ones."""
    protected: bool = False
    unhealthy: bool = False


Key = Callable[[Candidate], tuple[float, ...]]

POLICIES: Mapping[str, Key] = {
    "Default": lambda one: (-one.configuration_age, one.launched_at),
    "OldestInstance": lambda one: (one.launched_at,),
    "NewestInstance": lambda one: (-one.launched_at,),
    "OldestLaunchTemplate": lambda one: (-one.configuration_age, one.launched_at),
    "OldestLaunchConfiguration": lambda one: (-one.configuration_age, one.launched_at),
}


def check_policies(policies: Sequence[str]) -> None:
    """Refuse a termination policy that is not modelled."""
    for policy in policies:
        if policy not in POLICIES:
            raise Refused("ValidationError", f"The sandbox does not model the termination policy {policy}.")


def choose(candidates: Sequence[Candidate], count: int, policies: Sequence[str]) -> list[str]:
    """Return up to `count` ids in the order in which they go."""
    left = [one for one in candidates if not one.protected]
    zones = Counter(one.zone for one in candidates)
    key = POLICIES[policies[0] if policies else "Default"]
    chosen: list[str] = []
    while left and len(chosen) < count:
        fullest = max(zones[one.zone] for one in left)
        goes = min(
            (one for one in left if one.unhealthy or zones[one.zone] == fullest),
            key=lambda one: (not one.unhealthy, *key(one), one.instance_id),
        )
        left.remove(goes)
        zones[goes.zone] -= 1
        chosen.append(goes.instance_id)
    return chosen


def emptiest(places: Sequence[str], used: Sequence[str]) -> str:
    """Return the subnet or zone that gets the next instance."""
    counts = Counter(used)
    return min(places, key=lambda place: (counts[place], places.index(place)))
