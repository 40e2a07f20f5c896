"""The operations on groups themselves, and how a group reads back.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeAutoScalingGroups.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html

What is kept without an effect is kept so that it reads back: cooldowns, load balancers, placement groups, metrics,
capacity rebalancing, the zone distribution, the maximum lifetime. README.md says so.
"""

from collections.abc import Mapping
from typing import Any

from ministack.services import autoscaling

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.autoscaling.group_view import describe_group, describe_instance
from emulated_aws.fleet.autoscaling.members import Group
from emulated_aws.fleet.autoscaling.scale_in import check_policies
from emulated_aws.fleet.ec2 import launch_templates, machines
from emulated_aws.fleet.protocol import Query, page, timestamp
from emulated_aws.fleet.refusals import Refused

NUMBERS = (
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "DefaultCooldown",
    "HealthCheckGracePeriod",
    "MaxInstanceLifetime",
    "DefaultInstanceWarmup",
)
TEXTS = (
    "HealthCheckType",
    "VPCZoneIdentifier",
    "ServiceLinkedRoleARN",
    "PlacementGroup",
    "Context",
    "DesiredCapacityType",
    "DeletionProtection",
)
FLAGS = ("NewInstancesProtectedFromScaleIn", "CapacityRebalance")
LISTS = ("AvailabilityZones", "TerminationPolicies", "LoadBalancerNames", "TargetGroupARNs")
TREES = (
    "MixedInstancesPolicy",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
    "TrafficSources",
)
LARGEST_PAGE = 100
FILTERS = ("tag-key", "tag-value")


def require(query: Query) -> Group:
    """Return the group that a request names; raises `Refused`."""
    name = query.text("AutoScalingGroupName")
    group: Group | None = autoscaling._asgs.get(name)
    if group is None:
        raise Refused("ValidationError", f"AutoScalingGroup name not found - no such group: {name}")
    return group


def create(query: Query) -> None:
    """CreateAutoScalingGroup."""
    name = query.text("AutoScalingGroupName")
    if not name:
        raise Refused("ValidationError", "AutoScalingGroupName is required.")
    if name in autoscaling._asgs:
        raise Refused(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists: {name}",
        )
    group: Group = {
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": autoscaling._asg_arn(name),
        "LaunchConfigurationName": "",
        "LaunchTemplate": {},
        "MinSize": 0,
        "MaxSize": 0,
        "DefaultCooldown": 300,
        "HealthCheckType": "EC2",
        "HealthCheckGracePeriod": 0,
        "AvailabilityZones": [],
        "TerminationPolicies": ["Default"],
        "NewInstancesProtectedFromScaleIn": False,
        "VPCZoneIdentifier": "",
        "Instances": [],
        "CreatedTime": timestamp(clock.now()),
        "Tags": [],
        "Status": "",
    }
    changed = _changes(query, group)
    if not any(changed.get(name) for name in ("LaunchTemplate", "MixedInstancesPolicy", "LaunchConfigurationName")):
        message = (
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName "
            "or MixedInstancesPolicy parameter."
        )
        raise Refused("ValidationError", message)
    group.update(changed)
    group.setdefault("DesiredCapacity", group["MinSize"])
    check(group)
    group["AvailabilityZones"] = _zones(group)
    group["Tags"] = [_tag(name, tag) for tag in query.tree("Tags") or ()]
    autoscaling._asgs[name] = group
    autoscaling._tags[name] = group["Tags"]
    for hook in query.tree("LifecycleHookSpecificationList") or ():
        key = f"{name}/{hook['LifecycleHookName']}"
        autoscaling._hooks[key] = autoscaling._hook_record(name, hook["LifecycleHookName"], hook)


def _tag(group_name: str, tag: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Key": tag["Key"],
        "Value": tag.get("Value", ""),
        "ResourceId": group_name,
        "ResourceType": "auto-scaling-group",
        "PropagateAtLaunch": tag.get("PropagateAtLaunch") == "true",
    }


def _zones(group: Group) -> list[str]:
    subnets = machines.subnets_of(group)
    return sorted({machines.zone_of(subnet) for subnet in subnets} - {""}) or list(group["AvailabilityZones"])


def _changes(query: Query, group: Group) -> dict[str, Any]:
    """Return the members that a request sets; raises `Refused` on an unknown launch template."""
    changed: dict[str, Any] = {name: query.number(name) for name in NUMBERS if query.text(name)}
    changed.update({name: query.text(name) for name in TEXTS if query.text(name)})
    changed.update({name: query.flag(name) for name in FLAGS if query.text(name)})
    changed.update({name: query.members(name) for name in LISTS if query.members(name)})
    changed.update({name: query.tree(name) for name in TREES if query.tree(name)})
    if template := query.tree("LaunchTemplate"):
        changed.update(LaunchTemplate=launch_templates.specification(template), LaunchConfigurationName="")
        changed["MixedInstancesPolicy"] = None
    elif query.text("LaunchConfigurationName"):
        changed.update(LaunchConfigurationName=query.text("LaunchConfigurationName"), LaunchTemplate={})
        changed["MixedInstancesPolicy"] = None
    elif mixed := changed.get("MixedInstancesPolicy"):
        launch_templates.check_overrides(mixed)
        template = mixed.get("LaunchTemplate") or {}
        specification = template.get("LaunchTemplateSpecification") or {}
        template["LaunchTemplateSpecification"] = launch_templates.specification(specification)
        changed.update(LaunchTemplate={}, LaunchConfigurationName="")
    check_policies(changed.get("TerminationPolicies") or group["TerminationPolicies"])
    return changed


def check(group: Mapping[str, Any]) -> None:
    """Refuse a group whose desired capacity lies outside its limits."""
    least, most, wanted = int(group["MinSize"]), int(group["MaxSize"]), int(group["DesiredCapacity"])
    if least > most:
        raise Refused(
            "ValidationError",
            f"Max bound, {most}, must be greater than or equal to min bound, {least}",
        )
    if not least <= wanted <= most:
        message = f"Desired capacity:{wanted} must be between the specified min size:{least} and max size:{most}"
        raise Refused("ValidationError", message)


def update(query: Query) -> None:
    """UpdateAutoScalingGroup; a new limit pulls the desired capacity with it, as AWS does."""
    group = require(query)
    changed = _changes(query, group)
    trial = {**group, **changed}
    if "DesiredCapacity" not in changed:
        trial["DesiredCapacity"] = min(max(int(trial["DesiredCapacity"]), trial["MinSize"]), trial["MaxSize"])
    check(trial)
    group.update(changed)
    group["DesiredCapacity"] = trial["DesiredCapacity"]
    if "VPCZoneIdentifier" in changed or "AvailabilityZones" in changed:
        group["AvailabilityZones"] = _zones(group)


def set_desired(query: Query) -> None:
    """SetDesiredCapacity."""
    group = require(query)
    wanted = query.number("DesiredCapacity")
    if wanted is None:
        raise Refused("ValidationError", "DesiredCapacity is required.")
    if not int(group["MinSize"]) <= wanted <= int(group["MaxSize"]):
        side = "above max" if wanted > int(group["MaxSize"]) else "below min"
        limit = group["MaxSize"] if wanted > int(group["MaxSize"]) else group["MinSize"]
        message = f"New SetDesiredCapacity value {wanted} is {side} value {limit} for the AutoScalingGroup."
        raise Refused("ValidationError", message)
    group["DesiredCapacity"] = wanted


def delete(query: Query) -> None:
    """DeleteAutoScalingGroup; with ForceDelete its instances end without their hooks."""
    group = require(query)
    if group["Instances"] and not query.flag("ForceDelete"):
        message = (
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group."
        )
        raise Refused("ResourceInUse", message)
    name = group["AutoScalingGroupName"]
    autoscaling._asgs.pop(name, None)
    autoscaling._tags.pop(name, None)
    autoscaling._delete_group_hooks(name)
    autoscaling._delete_group_policies(name)
    state.activities.pop(name, None)


def describe(query: Query) -> dict[str, Any]:
    """DescribeAutoScalingGroups: names, tag filters, 50 a page unless told otherwise."""
    wanted, filters = query.members("AutoScalingGroupNames"), query.tree("Filters") or []
    size = query.number("MaxRecords", 50) or 50
    if size > LARGEST_PAGE:
        raise Refused("ValidationError", "MaxRecords must be at most 100.")
    groups = [group for name, group in sorted(autoscaling._asgs.items()) if not wanted or name in wanted]
    groups = [group for group in groups if all(_passes(group, one) for one in filters)]
    items, token = page(groups, query.text("NextToken"), size)
    instances = query.flag("IncludeInstances", True)
    return {"AutoScalingGroups": [describe_group(group, instances) for group in items], "NextToken": token}


def _passes(group: Group, condition: Mapping[str, Any]) -> bool:
    name, values = str(condition.get("Name", "")), list(condition.get("Values") or ())
    tags = {tag["Key"]: tag["Value"] for tag in group.get("Tags") or ()}
    if name.startswith("tag:"):
        return tags.get(name[4:]) in values
    if name not in FILTERS:
        raise Refused("ValidationError", f"Filter {name} is not one of tag-key, tag-value, tag:<key>.")
    found = tags.keys() if name == "tag-key" else tags.values()
    return any(value in values for value in found)


def describe_instances(query: Query) -> dict[str, Any]:
    """DescribeAutoScalingInstances: at most 50 a page."""
    wanted = set(query.members("InstanceIds"))
    size = query.number("MaxRecords", 50) or 50
    if len(wanted) > 50 or size > 50:  # noqa: PLR2004 - the API's limit
        raise Refused("ValidationError", "At most 50 instances can be described at a time.")
    found = [
        {**describe_instance(instance), "AutoScalingGroupName": name}
        for name, group in sorted(autoscaling._asgs.items())
        for instance in group["Instances"]
        if not wanted or instance["InstanceId"] in wanted
    ]
    items, token = page(found, query.text("NextToken"), size)
    return {"AutoScalingInstances": items, "NextToken": token}
