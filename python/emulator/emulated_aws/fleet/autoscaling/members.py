"""The instances of a group: how one begins, and every way in which one leaves.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/automating-ec2-auto-scaling-with-eventbridge.html

An instance's record is what the API shows of it plus members of ours: `_launched` and `_in_service` (times), `_actions`
(the open lifecycle actions), `_activity` (the scaling activity that it is part of).
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import autoscaling

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.autoscaling import activities
from emulated_aws.fleet.autoscaling.lifecycle_hooks import Action
from emulated_aws.fleet.autoscaling.scale_in import emptiest
from emulated_aws.fleet.ec2 import launch_templates, machines
from emulated_aws.fleet.ec2.launch_templates import Recipe
from emulated_aws.fleet.events import emit, notify
from emulated_aws.fleet.protocol import timestamp
from emulated_aws.fleet.refusals import Refused

Group = dict[str, Any]
Instance = dict[str, Any]

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


def all_members() -> Iterator[tuple[Group, Instance]]:
    """Yield every group with each of its instances."""
    for group in autoscaling._asgs.values():
        for instance in group["Instances"]:
            yield group, instance


def find(instance_id: str) -> tuple[Group, Instance]:
    """Return an instance and its group; raises `Refused` as AWS does."""
    name = state.owners.get(instance_id)
    group: Group = (autoscaling._asgs.get(name) if name else None) or {"Instances": []}
    for instance in group["Instances"]:
        if instance["InstanceId"] == instance_id:
            return group, instance
    message = f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
    raise Refused("ValidationError", message)


def leaves(instance: Instance) -> bool:
    """Whether the instance is on its way out, or retained beyond it."""
    return bool(instance["LifecycleState"].startswith("Terminating"))


def counts(instance: Instance) -> bool:
    """Whether the instance counts towards the group's desired capacity."""
    return not leaves(instance) and instance["LifecycleState"] not in ("Standby", "EnteringStandby", "Detaching")


def counting(group: Group) -> list[Instance]:
    """Return the instances that count towards the desired capacity."""
    return [instance for instance in group["Instances"] if counts(instance)]


def launch(group: Group, recipe: Recipe, cause: str) -> Instance | None:
    """Launch one instance into the group's emptiest subnet; None when EC2 refused, which the activity then says."""
    subnet = _next_subnet(group)
    zone = machines.zone_of(subnet)
    place = {"Subnet ID": subnet, "Availability Zone": zone}
    activity = activities.begin(group, "Launching a new EC2 instance", cause, place)
    try:
        record = machines.launch(recipe, subnet, _tags(group, recipe))
    except Refused as refusal:
        message = f"{refusal.message}. Launching EC2 instance failed."
        activity["Description"] += f". Status Reason: {message}"
        _finish(group, activity["ActivityId"], "Failed", place, message, "EC2 Instance Launch Unsuccessful", "")
        return None
    instance_id = record["InstanceId"]
    activity["Description"] += f": {instance_id}"
    instance = {
        "InstanceId": instance_id,
        "InstanceType": recipe.instance_type,
        "ImageId": recipe.image_id,
        "LifecycleState": "Pending",
        "HealthStatus": "Healthy",
        "AvailabilityZone": zone,
        "ProtectedFromScaleIn": bool(group.get("NewInstancesProtectedFromScaleIn")),
        "LaunchTemplate": dict(recipe.template),
        "LaunchConfigurationName": recipe.configuration,
        "_launched": clock.now(),
        "_activity": activity["ActivityId"],
        "_subnet": subnet,
        "_fails": bool(_strikes("boot_failure", group, recipe, zone)),
        "_spot": recipe.spot,
    }
    group["Instances"].append(instance)
    state.owners[instance_id] = group["AutoScalingGroupName"]
    return instance


def _strikes(kind: str, group: Group, recipe: Recipe, zone: str) -> Any:
    return state.faults.strike(
        kind,
        group=group["AutoScalingGroupName"],
        image_id=recipe.image_id,
        instance_type=recipe.instance_type,
        zone=zone,
    )


def _next_subnet(group: Group) -> str:
    subnets = machines.subnets_of(group)
    if not subnets:
        return ""
    return emptiest(subnets, [one.get("_subnet", "") for one in counting(group)])


def _tags(group: Group, recipe: Recipe) -> dict[str, str]:
    tags = {}
    for specification in recipe.data.get("TagSpecifications") or ():
        if specification.get("ResourceType") == "instance":
            tags.update({tag["Key"]: tag["Value"] for tag in specification.get("Tags") or ()})
    tags.update({tag["Key"]: tag["Value"] for tag in group.get("Tags") or () if tag.get("PropagateAtLaunch")})
    tags["aws:autoscaling:groupName"] = group["AutoScalingGroupName"]
    if recipe.template:
        tags["aws:ec2launchtemplate:id"] = recipe.template["LaunchTemplateId"]
        tags["aws:ec2launchtemplate:version"] = recipe.template["Version"]
    return tags


def recipe_of(group: Group) -> Recipe:
    """Return what the group launches from now: an instance refresh's desired configuration goes before its own."""
    wanted = {**group, **(group.get("_desired_configuration") or {})}
    return launch_templates.recipe_of(wanted, sum(not one.get("_spot") for one in counting(group)))


def terminate(group: Group, instance: Instance, cause: str) -> str:
    """Begin the termination of an instance; return the activity's id. One that leaves already is left alone."""
    if leaves(instance) and instance["LifecycleState"] != "Terminating:Retained":
        return str(instance.get("_activity", ""))
    place = {"Subnet ID": instance.get("_subnet", ""), "Availability Zone": instance["AvailabilityZone"]}
    activity = activities.begin(group, f"Terminating EC2 instance: {instance['InstanceId']}", cause, place)
    retained = instance["LifecycleState"] == "Terminating:Retained"
    instance["LifecycleState"] = "Terminating:Proceed" if retained else "Terminating"
    instance["_activity"] = activity["ActivityId"]
    instance["_actions"] = []
    return str(activity["ActivityId"])


def finish_launch(group: Group, instance: Instance) -> None:
    """The instance is in service."""
    instance["LifecycleState"] = "InService"
    instance["_in_service"] = clock.now()
    place = {"Subnet ID": instance.get("_subnet", ""), "Availability Zone": instance["AvailabilityZone"]}
    name = "EC2 Instance Launch Successful"
    _finish(group, instance.get("_activity", ""), "Successful", place, None, name, instance["InstanceId"])


def fail_launch(group: Group, instance: Instance, reason: str) -> None:
    """The instance never came into service: its launch failed, and it goes."""
    place = {"Subnet ID": instance.get("_subnet", ""), "Availability Zone": instance["AvailabilityZone"]}
    name = "EC2 Instance Launch Unsuccessful"
    _finish(group, instance.get("_activity", ""), "Failed", place, reason, name, instance["InstanceId"])
    terminate(group, instance, f"an instance was taken out of service in response to a launch failure. {reason}")


def finish_termination(group: Group, instance: Instance) -> None:
    """End the instance and forget it."""
    instance_id = instance["InstanceId"]
    machines.terminate([instance_id])
    group["Instances"].remove(instance)
    state.owners.pop(instance_id, None)
    place = {"Subnet ID": instance.get("_subnet", ""), "Availability Zone": instance["AvailabilityZone"]}
    name = "EC2 Instance Terminate Successful"
    _finish(group, instance.get("_activity", ""), "Successful", place, None, name, instance_id)


def _finish(
    group: Group,
    activity_id: str,
    status: str,
    place: dict[str, str],
    message: str | None,
    detail_type: str,
    instance_id: str,
) -> None:
    activity = activities.change(activity_id, group["AutoScalingGroupName"], status, 100, message)
    launched = "Launch" in detail_type
    detail = {
        "StatusCode": "InProgress" if status == "Successful" else "Failed",
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "ActivityId": activity_id,
        "Details": place,
        "RequestId": activity_id,
        "StatusMessage": message or "",
        "EndTime": timestamp(clock.now()),
        "EC2InstanceId": instance_id,
        "StartTime": activity.get("StartTime"),
        "Cause": activity.get("Cause", ""),
        "Origin": "EC2" if launched else "AutoScalingGroup",
        "Destination": "AutoScalingGroup" if launched else "EC2",
    }
    emit("aws.autoscaling", detail_type, detail, [group["AutoScalingGroupARN"], instance_id])


def hooks_of(group: Group, transition: str) -> list[dict[str, Any]]:
    """Return the group's hooks of one transition."""
    name = group["AutoScalingGroupName"]
    hooks = autoscaling._hooks.values()
    return [h for h in hooks if h["AutoScalingGroupName"] == name and h["LifecycleTransition"] == transition]


def begin_actions(group: Group, instance: Instance, transition: str) -> bool:
    """Start the action of every hook of the transition and say so; return whether there is one."""
    actions = []
    for hook in hooks_of(group, transition):
        action = Action.begin(
            hook["LifecycleHookName"],
            new_uuid(),
            float(hook["HeartbeatTimeout"]),
            hook["DefaultResult"],
            clock.now(),
            state.settings().time_scale,
        )
        actions.append(asdict(action))
        _announce(group, instance, hook, action.token)
    instance["_actions"] = actions
    if actions:
        activities.change(instance.get("_activity", ""), group["AutoScalingGroupName"], "MidLifecycleAction", 50)
    return bool(actions)


def _announce(group: Group, instance: Instance, hook: dict[str, Any], token: str) -> None:
    launches = hook["LifecycleTransition"] == LAUNCHING
    detail = {
        "LifecycleActionToken": token,
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "LifecycleHookName": hook["LifecycleHookName"],
        "EC2InstanceId": instance["InstanceId"],
        "LifecycleTransition": hook["LifecycleTransition"],
    }
    if hook.get("NotificationMetadata"):
        detail["NotificationMetadata"] = hook["NotificationMetadata"]
    ends = {
        "Origin": "EC2" if launches else "AutoScalingGroup",
        "Destination": "AutoScalingGroup" if launches else "EC2",
    }
    name = f"EC2 Instance-{'launch' if launches else 'terminate'} Lifecycle Action"
    emit("aws.autoscaling", name, {**detail, **ends}, [group["AutoScalingGroupARN"]])
    if hook.get("NotificationTargetARN"):
        more = {"Service": "AWS Auto Scaling", "Time": timestamp(clock.now()), "AccountId": get_account_id()}
        notify(hook["NotificationTargetARN"], {**detail, **ends, **more, "RequestId": new_uuid()})
