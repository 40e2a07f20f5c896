"""What the groups of the fleets must be like for a drain to hold their hosts, looked at in every sweep.

Terraform makes a group's hook with the group and cannot change it later, and its provider cannot say what is retained.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from opscore.batches import batches
from opscore.draining.aws.hosts import HookFacts, retains_abandoned
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import AtDeadline, Fleet

GROUPS_PER_CALL = 50

Group = Mapping[str, Any]
"""A group as DescribeAutoScalingGroups gives it."""

Change = Callable[[Group, Fleet, Wiring], bool]


class Righted(NamedTuple):
    """The groups that were told to retain what their hook abandons, those whose hook was changed, what was refused."""

    retaining: set[str]
    hooks: set[str]
    refusal: Exception | None


def describe(wiring: Wiring) -> Iterator[Group]:
    """Yield the groups of the fleets; one that is not made yet is missing."""
    for names in batches(wiring.fleets, GROUPS_PER_CALL):
        request: dict[str, object] = {"AutoScalingGroupNames": list(names)}
        while True:
            answer = wiring.autoscaling.describe_auto_scaling_groups(**request)
            yield from answer["AutoScalingGroups"]
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]


def set_right(groups: Sequence[Group], wiring: Wiring) -> Righted:
    """Have each group hold and keep its hosts as its fleet says, where it does not; one that is being deleted is left.

    From then on a host whose hook times out is kept, even when nothing here runs any more.
    """
    changed: dict[Change, set[str]] = {_retain: set(), _hook: set()}
    refusal = None
    for group in groups:
        # AWS gives a status only to a group that is being deleted.
        if group.get("Status"):
            continue
        name = group["AutoScalingGroupName"]
        for change, names in changed.items():
            try:
                if change(group, wiring.fleets[name], wiring):
                    names.add(name)
            except Exception as error:  # noqa: BLE001  Raised by the sweep's end: other groups and repairs come first.
                refusal = error
    return Righted(changed[_retain], changed[_hook], refusal)


def _retain(group: Group, fleet: Fleet, wiring: Wiring) -> bool:
    if retains_abandoned(group) or not fleet.policy.keeps_hosts:
        return False
    wiring.hosts.retain_abandoned(fleet.group)
    return True


def _hook(_group: Group, fleet: Fleet, wiring: Wiring) -> bool:
    """Change a hook that does not wait as long as heartbeats are sent for, or does not end as the policy says."""
    ends = "ABANDON" if fleet.policy.at_deadline is AtDeadline.KEEP else "CONTINUE"
    wanted = HookFacts(fleet.policy.heartbeat_timeout_seconds, ends)
    if wiring.hosts.hook(fleet.group, fleet.hook) in (None, wanted):
        return False
    wiring.hosts.change_hook(fleet.group, fleet.hook, wanted)
    return True
