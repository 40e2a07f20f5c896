"""How a group and its instances read in DescribeAutoScalingGroups.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_AutoScalingGroup.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Instance.html
"""

from typing import Any

from emulated_aws.fleet.autoscaling.members import Group, Instance

ALWAYS = (
    "AutoScalingGroupName",
    "AutoScalingGroupARN",
    "MinSize",
    "MaxSize",
    "DesiredCapacity",
    "DefaultCooldown",
    "AvailabilityZones",
    "HealthCheckType",
    "HealthCheckGracePeriod",
    "CreatedTime",
    "VPCZoneIdentifier",
    "TerminationPolicies",
    "NewInstancesProtectedFromScaleIn",
)
WHEN_SET = (
    "LaunchConfigurationName",
    "LaunchTemplate",
    "MixedInstancesPolicy",
    "LoadBalancerNames",
    "TargetGroupARNs",
    "TrafficSources",
    "PlacementGroup",
    "ServiceLinkedRoleARN",
    "MaxInstanceLifetime",
    "CapacityRebalance",
    "Context",
    "DesiredCapacityType",
    "DefaultInstanceWarmup",
    "InstanceMaintenancePolicy",
    "AvailabilityZoneDistribution",
    "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification",
    "InstanceLifecyclePolicy",
    "DeletionProtection",
    "Status",
)
SHOWN = (
    "InstanceId",
    "InstanceType",
    "ImageId",
    "AvailabilityZone",
    "LifecycleState",
    "HealthStatus",
    "ProtectedFromScaleIn",
)


def describe_group(group: Group, with_instances: bool = True) -> dict[str, Any]:
    """Return the members that AWS answers, in its spelling."""
    shown = {name: group.get(name) for name in ALWAYS}
    shown.update({name: group[name] for name in WHEN_SET if group.get(name) not in (None, "", {}, [])})
    shown["ServiceLinkedRoleARN"] = group.get("ServiceLinkedRoleARN") or _linked_role(group)
    shown["Tags"] = list(group.get("Tags") or ())
    shown["Instances"] = [describe_instance(one) for one in group["Instances"]] if with_instances else []
    shown["SuspendedProcesses"] = [
        {"ProcessName": name, "SuspensionReason": reason}
        for name, reason in sorted((group.get("_suspended") or {}).items())
    ]
    shown["EnabledMetrics"] = [{"Metric": name, "Granularity": "1Minute"} for name in group.get("_metrics") or ()]
    return shown


def _linked_role(group: Group) -> str:
    account = group["AutoScalingGroupARN"].split(":")[4]
    path = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    return f"arn:aws:iam::{account}:role/{path}"


def describe_instance(instance: Instance) -> dict[str, Any]:
    """Return the members of an instance of a group."""
    shown = {name: instance[name] for name in SHOWN if name in instance}
    if instance.get("LaunchTemplate"):
        shown["LaunchTemplate"] = instance["LaunchTemplate"]
    if instance.get("LaunchConfigurationName"):
        shown["LaunchConfigurationName"] = instance["LaunchConfigurationName"]
    return shown
