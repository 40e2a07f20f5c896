"""An Auto Scaling group in a roll-out: what it launches, which hosts have the new version, which launches failed."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

IN_SERVICE = "InService"


class Member(NamedTuple):
    """An instance of a group, with the template version that launched it."""

    instance_id: str
    lifecycle: str
    version: str


class Group(NamedTuple):
    """A group as DescribeAutoScalingGroups gives it; `facts` is the whole entry."""

    name: str
    launches: str
    members: tuple[Member, ...]
    facts: Mapping[str, Any]

    @property
    def in_service(self) -> list[Member]:
        """The instances that are in service."""
        return [member for member in self.members if member.lifecycle == IN_SERVICE]

    def launched_by(self, version: str) -> list[Member]:
        """Return the instances in service that a version launched."""
        return [member for member in self.in_service if member.version == version]

    def configuration(self, version: str) -> dict[str, Any]:
        """Return the group's own configuration with another version of its template, as a refresh takes it."""
        if policy := self.facts.get("MixedInstancesPolicy"):
            template = policy["LaunchTemplate"]
            specification = _with_version(template["LaunchTemplateSpecification"], version)
            changed = {**template, "LaunchTemplateSpecification": specification}
            return {"MixedInstancesPolicy": {**policy, "LaunchTemplate": changed}}
        return {"LaunchTemplate": _with_version(self.facts["LaunchTemplate"], version)}


def read_group(autoscaling: Any, name: str) -> Group | None:
    """Return a group as it is; None for one that is gone."""
    found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    if not found:
        return None
    facts = found[0]
    members = tuple(
        Member(one["InstanceId"], one["LifecycleState"], str(one.get("LaunchTemplate", {}).get("Version", "")))
        for one in facts["Instances"]
    )
    return Group(name, version_of(facts), members, facts)


def version_of(facts: Mapping[str, Any]) -> str:
    """Return the template version in a group's entry, or in the desired configuration of a refresh; empty for none."""
    if policy := facts.get("MixedInstancesPolicy"):
        template = policy.get("LaunchTemplate", {}).get("LaunchTemplateSpecification", {})
    else:
        template = facts.get("LaunchTemplate", {})
    return str(template.get("Version", ""))


def failed_launches(autoscaling: Any, group: str, since: int) -> Sequence[str]:
    """Return why launches of a group failed that began at `since` or later, the last one first."""
    start = dt.datetime.fromtimestamp(since, dt.UTC)
    failed: list[str] = []
    request: dict[str, Any] = {"AutoScalingGroupName": group}
    while True:
        answer = autoscaling.describe_scaling_activities(**request)
        recent = [one for one in answer["Activities"] if one["StartTime"] >= start]
        failed += [one.get("StatusMessage", "no reason is given") for one in recent if _is_failed_launch(one)]
        if len(recent) < len(answer["Activities"]) or not answer.get("NextToken"):
            return failed
        request["NextToken"] = answer["NextToken"]


def _is_failed_launch(activity: Mapping[str, Any]) -> bool:
    description: str = activity.get("Description", "")
    return activity["StatusCode"] == "Failed" and description.startswith("Launching")


def _with_version(template: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Name a template by its id alone: with a name beside it AWS refuses it."""
    return {"LaunchTemplateId": template["LaunchTemplateId"], "Version": version}
