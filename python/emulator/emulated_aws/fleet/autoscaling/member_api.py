"""The operations on a group's instances.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html

Hooks do not fire when an instance is detached or put into standby.
"""

from collections.abc import Sequence
from typing import Any

from ministack.services import ec2

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.autoscaling import activities, members
from emulated_aws.fleet.autoscaling.group_api import require
from emulated_aws.fleet.autoscaling.members import Group, Instance
from emulated_aws.fleet.ec2 import machines
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

PROCESSES = (
    "Launch",
    "Terminate",
    "HealthCheck",
    "ReplaceUnhealthy",
    "AZRebalance",
    "AlarmNotification",
    "ScheduledActions",
    "AddToLoadBalancer",
    "InstanceRefresh",
)
MOST_AT_A_TIME = 20
MOST_PROTECTED = 50


def terminate(query: Query) -> dict[str, Any]:
    """TerminateInstanceInAutoScalingGroup; ends a retained instance for good."""
    group, instance = members.find(query.text("InstanceId"))
    if query.flag("ShouldDecrementDesiredCapacity") and members.counts(instance):
        _decrement(group, 1, "Terminating")
    cause = "instance was taken out of service in response to a user request."
    activity_id = members.terminate(group, instance, cause)
    return {"Activity": activities.find(activity_id, group["AutoScalingGroupName"])}


def _decrement(group: Group, count: int, doing: str) -> None:
    if int(group["DesiredCapacity"]) - count < int(group["MinSize"]):
        message = (
            f"Currently, desiredSize equals minSize ({group['MinSize']}). {doing} instance without replacement will "
            "violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "
            "group's min size."
        )
        raise Refused("ValidationError", message)
    group["DesiredCapacity"] = int(group["DesiredCapacity"]) - count


def _named(query: Query, states: Sequence[str], most: int = MOST_AT_A_TIME) -> tuple[Group, list[Instance]]:
    """Return the group and its named instances, all of which must be in one of `states`."""
    group, wanted = require(query), query.members("InstanceIds")
    if not wanted or len(wanted) > most:
        raise Refused("ValidationError", f"Between 1 and {most} instance ids are needed.")
    by_id = {instance["InstanceId"]: instance for instance in group["Instances"]}
    name = group["AutoScalingGroupName"]
    for instance_id in wanted:
        if instance_id not in by_id:
            raise Refused("ValidationError", f"The instance {instance_id} is not part of Auto Scaling group {name}.")
        if states and by_id[instance_id]["LifecycleState"] not in states:
            message = f"The instance {instance_id} is not in {' or '.join(states)}."
            raise Refused("ValidationError", message)
    return group, [by_id[instance_id] for instance_id in wanted]


def enter_standby(query: Query) -> dict[str, Any]:
    """EnterStandby."""
    group, instances = _named(query, ("InService",))
    if query.flag("ShouldDecrementDesiredCapacity"):
        _decrement(group, len(instances), "Moving to Standby")
    done = []
    for instance in instances:
        instance["LifecycleState"] = "Standby"
        done.append(
            _activity(group, instance, "Moving EC2 instance to Standby", "to standby in response to a user request.")
        )
    return {"Activities": done}


def exit_standby(query: Query) -> dict[str, Any]:
    """ExitStandby: the desired capacity grows with the instances that come back."""
    group, instances = _named(query, ("Standby",))
    if int(group["DesiredCapacity"]) + len(instances) > int(group["MaxSize"]):
        raise Refused("ValidationError", "Exiting standby would exceed the group's max size.")
    group["DesiredCapacity"] = int(group["DesiredCapacity"]) + len(instances)
    done = []
    for instance in instances:
        instance["LifecycleState"] = "Pending:Proceed"
        done.append(
            _activity(group, instance, "Moving EC2 instance out of Standby", "out of standby on a user request.")
        )
        instance["_activity"] = done[-1]["ActivityId"]
    return {"Activities": done}


def detach(query: Query) -> dict[str, Any]:
    """DetachInstances: the instance lives on without the group."""
    group, instances = _named(query, ("InService", "Standby", "Terminating:Retained"))
    if query.flag("ShouldDecrementDesiredCapacity"):
        _decrement(group, sum(members.counts(instance) for instance in instances), "Detaching")
    done = []
    for instance in instances:
        group["Instances"].remove(instance)
        state.owners.pop(instance["InstanceId"], None)
        tags = ec2._tags.get(instance["InstanceId"]) or []
        ec2._tags[instance["InstanceId"]] = [tag for tag in tags if tag["Key"] != "aws:autoscaling:groupName"]
        done.append(_activity(group, instance, "Detaching EC2 instance", "detached in response to a user request."))
    return {"Activities": done}


def attach(query: Query) -> None:
    """AttachInstances: the desired capacity grows by them."""
    group, wanted = require(query), query.members("InstanceIds")
    if not wanted or len(wanted) > MOST_AT_A_TIME:
        raise Refused("ValidationError", f"Between 1 and {MOST_AT_A_TIME} instance ids are needed.")
    if int(group["DesiredCapacity"]) + len(wanted) > int(group["MaxSize"]):
        raise Refused("ValidationError", "Attaching would exceed the group's max size.")
    for instance_id in wanted:
        if machines.status(instance_id) != "running":
            raise Refused("ValidationError", f"Invalid Instance ID(s): [{instance_id}] specified. It is not running.")
        if instance_id in state.owners:
            raise Refused("ValidationError", f"Instance {instance_id} is already part of {state.owners[instance_id]}.")
    for instance_id in wanted:
        _adopt(group, ec2._instances[instance_id])
    group["DesiredCapacity"] = int(group["DesiredCapacity"]) + len(wanted)


def _adopt(group: Group, record: dict[str, Any]) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in ec2._tags.get(record["InstanceId"]) or ()}
    template: dict[str, Any] = ec2._launch_templates.get(tags.get("aws:ec2launchtemplate:id")) or {}
    instance = {
        "InstanceId": record["InstanceId"],
        "InstanceType": record["InstanceType"],
        "ImageId": record["ImageId"],
        "LifecycleState": "Pending",
        "HealthStatus": "Healthy",
        "AvailabilityZone": record["Placement"]["AvailabilityZone"],
        "ProtectedFromScaleIn": bool(group.get("NewInstancesProtectedFromScaleIn")),
        "LaunchTemplate": {
            "LaunchTemplateId": template["LaunchTemplateId"],
            "LaunchTemplateName": template["LaunchTemplateName"],
            "Version": tags["aws:ec2launchtemplate:version"],
        }
        if template
        else {},
        "LaunchConfigurationName": "",
        "_launched": clock.now(),
        "_subnet": record["SubnetId"],
    }
    place = {"Availability Zone": instance["AvailabilityZone"]}
    what = f"Attaching an existing EC2 instance: {record['InstanceId']}"
    activity = activities.begin(group, what, "an instance was attached in response to a user request.", place)
    instance["_activity"] = activity["ActivityId"]
    group["Instances"].append(instance)
    state.owners[record["InstanceId"]] = group["AutoScalingGroupName"]
    tags["aws:autoscaling:groupName"] = group["AutoScalingGroupName"]
    ec2._tags[record["InstanceId"]] = [{"Key": key, "Value": value} for key, value in tags.items()]


def _activity(group: Group, instance: Instance, description: str, cause: str) -> dict[str, Any]:
    place = {"Subnet ID": instance.get("_subnet", ""), "Availability Zone": instance["AvailabilityZone"]}
    what = f"{description}: {instance['InstanceId']}"
    activity = activities.begin(group, what, f"instance {instance['InstanceId']} was moved {cause}", place)
    return activities.change(activity["ActivityId"], group["AutoScalingGroupName"], "Successful", 100)


def set_protection(query: Query) -> None:
    """SetInstanceProtection."""
    _group, instances = _named(query, (), MOST_PROTECTED)
    for instance in instances:
        instance["ProtectedFromScaleIn"] = query.flag("ProtectedFromScaleIn")


def set_health(query: Query) -> None:
    """SetInstanceHealth."""
    _group, instance = members.find(query.text("InstanceId"))
    health = query.text("HealthStatus").capitalize()
    if health not in ("Healthy", "Unhealthy"):
        raise Refused("ValidationError", "HealthStatus must be Healthy or Unhealthy.")
    if query.flag("ShouldRespectGracePeriod", True):
        grace = clock.scaled(float(_group.get("HealthCheckGracePeriod") or 0))
        if clock.now() < instance.get("_in_service", clock.now()) + grace:
            return
    instance["HealthStatus"] = health


def suspend(query: Query) -> None:
    """SuspendProcesses: the named ones, or all."""
    group = require(query)
    for name in _processes(query):
        group.setdefault("_suspended", {})[name] = f"User suspended at {clock.now():.0f}"


def resume(query: Query) -> None:
    """ResumeProcesses: the named ones, or all."""
    group = require(query)
    for name in _processes(query):
        (group.get("_suspended") or {}).pop(name, None)


def _processes(query: Query) -> Sequence[str]:
    named = query.members("ScalingProcesses")
    for name in named:
        if name not in PROCESSES:
            raise Refused("ValidationError", f"{name} is not a process; there are {', '.join(PROCESSES)}.")
    return named or PROCESSES


def enable_metrics(query: Query) -> None:
    """EnableMetricsCollection: kept, so that it reads back; no metric is made."""
    group = require(query)
    known = set(group.get("_metrics") or ())
    group["_metrics"] = sorted(known | set(query.members("Metrics") or METRICS))


def disable_metrics(query: Query) -> None:
    """DisableMetricsCollection."""
    group = require(query)
    known = set(group.get("_metrics") or ())
    group["_metrics"] = sorted(known - set(query.members("Metrics") or METRICS))


METRICS = (
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
)


def attach_target_groups(query: Query) -> None:
    """AttachLoadBalancerTargetGroups: kept, so that it reads back; README.md says what follows from it."""
    group = require(query)
    group["TargetGroupARNs"] = sorted({*group.get("TargetGroupARNs", ()), *query.members("TargetGroupARNs")})


def detach_target_groups(query: Query) -> None:
    """DetachLoadBalancerTargetGroups."""
    group = require(query)
    group["TargetGroupARNs"] = sorted(set(group.get("TargetGroupARNs", ())) - set(query.members("TargetGroupARNs")))


def describe_target_groups(query: Query) -> dict[str, Any]:
    """DescribeLoadBalancerTargetGroups."""
    group = require(query)
    found = [{"LoadBalancerTargetGroupARN": arn, "State": "InService"} for arn in group.get("TargetGroupARNs") or ()]
    return {"LoadBalancerTargetGroups": found}
