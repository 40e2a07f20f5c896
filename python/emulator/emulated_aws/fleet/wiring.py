"""Put the fleet into the emulator: which operation is answered by which module, and what is refused by name."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import autoscaling, ec2, ecs, stepfunctions

from emulated_aws.fleet import events, persistence, state, ticker
from emulated_aws.fleet.autoscaling import activities, group_api, hook_api, member_api, refresh_api
from emulated_aws.fleet.cloudformation import stack_groups
from emulated_aws.fleet.ec2 import (
    idempotency,
    instances_api,
    offerings,
    running,
    template_data,
    template_versions,
)
from emulated_aws.fleet.ec2.ami import describing, making, sharing, snapshots
from emulated_aws.fleet.ecs import capacity_providers, clusters, records, service_api, services, task_api
from emulated_aws.fleet.protocol import autoscaling_action, ec2_action, ecs_action
from emulated_aws.fleet.refusals import Refused
from emulated_aws.fleet.ssm import own_parameters, public_parameters
from emulated_aws.replacement import replace

AUTOSCALING: Mapping[str, Callable[..., Any]] = {
    "AttachInstances": member_api.attach,
    "AttachLoadBalancerTargetGroups": member_api.attach_target_groups,
    "CancelInstanceRefresh": refresh_api.cancel,
    "CompleteLifecycleAction": hook_api.complete,
    "CreateAutoScalingGroup": group_api.create,
    "DeleteAutoScalingGroup": group_api.delete,
    "DeleteLifecycleHook": hook_api.delete,
    "DescribeAutoScalingGroups": group_api.describe,
    "DescribeAutoScalingInstances": group_api.describe_instances,
    "DescribeInstanceRefreshes": refresh_api.describe,
    "DescribeLifecycleHookTypes": hook_api.describe_types,
    "DescribeLifecycleHooks": hook_api.describe,
    "DescribeLoadBalancerTargetGroups": member_api.describe_target_groups,
    "DescribeScalingActivities": activities.describe,
    "DetachInstances": member_api.detach,
    "DetachLoadBalancerTargetGroups": member_api.detach_target_groups,
    "DisableMetricsCollection": member_api.disable_metrics,
    "EnableMetricsCollection": member_api.enable_metrics,
    "EnterStandby": member_api.enter_standby,
    "ExitStandby": member_api.exit_standby,
    "PutLifecycleHook": hook_api.put,
    "RecordLifecycleActionHeartbeat": hook_api.heartbeat,
    "ResumeProcesses": member_api.resume,
    "RollbackInstanceRefresh": refresh_api.roll_back,
    "SetDesiredCapacity": group_api.set_desired,
    "SetInstanceHealth": member_api.set_health,
    "SetInstanceProtection": member_api.set_protection,
    "StartInstanceRefresh": refresh_api.start,
    "SuspendProcesses": member_api.suspend,
    "TerminateInstanceInAutoScalingGroup": member_api.terminate,
    "UpdateAutoScalingGroup": group_api.update,
}

REFUSED_AUTOSCALING = (
    "AttachLoadBalancers",
    "AttachTrafficSources",
    "DeleteWarmPool",
    "DescribeWarmPool",
    "ExecutePolicy",
    "LaunchInstances",
    "PutNotificationConfiguration",
    "PutWarmPool",
)

EC2: Mapping[str, Callable[..., Any]] = {
    "CreateLaunchTemplateVersion": template_versions.create_version,
    "CreateImage": making.create,
    "CopyImage": making.copy,
    "DeleteLaunchTemplateVersions": template_versions.delete_versions,
    "DeregisterImage": making.deregister,
    "DescribeImageAttribute": sharing.describe,
    "DescribeImages": describing.describe,
    "DescribeInstanceTypeOfferings": offerings.describe,
    "DescribeInstanceTypes": offerings.describe_types,
    "DescribeInstances": instances_api.describe,
    "DescribeLaunchTemplateVersions": template_versions.describe_versions,
    "DescribeSnapshots": snapshots.describe,
    "DisableImageDeprecation": sharing.disable_deprecation,
    "EnableImageDeprecation": sharing.enable_deprecation,
    "ModifyImageAttribute": sharing.modify,
    "ModifyLaunchTemplate": template_versions.modify,
    "RegisterImage": making.register,
    "ResetImageAttribute": sharing.reset,
    "RunInstances": running.run,
    "TerminateInstances": instances_api.terminate,
}

WRAPPED_EC2: Mapping[str, Callable[[Any], Callable[..., Any]]] = {
    "CreateLaunchTemplate": template_versions.create,
    "DeleteLaunchTemplate": template_versions.delete,
    "DeleteSnapshot": snapshots.delete,
    "DescribeLaunchTemplates": template_versions.describe,
}

IDEMPOTENT_EC2 = frozenset(
    {"CopyImage", "CreateLaunchTemplate", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "RunInstances"}
)
"""The operations that have a ClientToken."""

ECS: Mapping[str, Callable[..., Any]] = {
    "DeleteAttributes": clusters.delete_attributes,
    "DeregisterContainerInstance": clusters.deregister,
    "DescribeContainerInstances": clusters.describe_instances,
    "DescribeTasks": task_api.describe,
    "GetTaskProtection": task_api.get_protection,
    "ListAttributes": clusters.list_attributes,
    "ListContainerInstances": clusters.list_instances,
    "ListTasks": task_api.list_tasks,
    "PutAttributes": clusters.put_attributes,
    "RegisterContainerInstance": clusters.register,
    "StartTask": task_api.start,
    "UpdateContainerInstancesState": clusters.update_state,
    "UpdateTaskProtection": task_api.update_protection,
}

WRAPPED_ECS: Mapping[str, Callable[[Any], Callable[..., Any]]] = {
    "CreateCapacityProvider": capacity_providers.create,
    "CreateService": service_api.create,
    "DeleteCapacityProvider": capacity_providers.delete,
    "DeleteCluster": clusters.delete_cluster,
    "DeleteService": service_api.delete,
    "DescribeServices": service_api.describe,
    "RunTask": task_api.run,
    "StopTask": task_api.stop,
    "UpdateCapacityProvider": capacity_providers.update,
    "UpdateService": service_api.update,
}

THROTTLED_ECS = ("DescribeClusters", "ListServices")
REFUSED_ECS = ("UpdateContainerAgent", "CreateTaskSet")


def install() -> None:
    """Take the emulator's operations over, start the threads."""
    for name, handler in AUTOSCALING.items():
        autoscaling._ACTION_MAP[name] = autoscaling_action(name, handler)
    for name in REFUSED_AUTOSCALING:
        autoscaling._ACTION_MAP[name] = autoscaling_action(name, _refuse(name, "ValidationError"))
    _install_ecs()
    _install_ec2()
    replace(autoscaling, "_reconcile_instances", lambda _stock: lambda _group: None)
    public_parameters.install()
    own_parameters.install()
    stepfunctions._AWS_SDK_SERVICE_MAP.setdefault("autoscaling", {"protocol": "query"})
    stepfunctions._AWS_SDK_SERVICE_MAP.setdefault("cloudformation", {"protocol": "query"})
    stack_groups.install()
    persistence.install()
    events.start()
    ticker.start()


def _install_ec2() -> None:
    template_data.install()
    wrapped = {name: wrap(ec2._ACTION_MAP[name]) for name, wrap in WRAPPED_EC2.items()}
    for name, handler in {**EC2, **wrapped}.items():
        work = idempotency.once(name, handler) if name in IDEMPOTENT_EC2 else handler
        ec2._ACTION_MAP[name] = ec2_action(name, work)


def _install_ecs() -> None:
    replace(services, "_fact", _with_image_flaws)
    replace(ecs, "_sanitize", service_api.omit_empty_network)
    replace(ecs, "_reconcile_service_tasks", _only_fargate)
    # CloudFormation calls these two by name, past the table of operations.
    replace(ecs, "_create_service", lambda stock: ecs_action("CreateService", service_api.create(stock)))
    replace(ecs, "_update_service", lambda stock: ecs_action("UpdateService", service_api.update(stock)))
    replace(ecs, "_stop_task", lambda stock: ecs_action("StopTask", task_api.stop(stock)))
    for name, handler in ECS.items():
        ecs._ACTION_MAP[name] = ecs_action(name, handler)
    for name, wrap in WRAPPED_ECS.items():
        ecs._ACTION_MAP[name] = ecs_action(name, wrap(ecs._ACTION_MAP[name]))
    for name in THROTTLED_ECS:
        ecs._ACTION_MAP[name] = ecs_action(name, ecs._ACTION_MAP[name])
    for name in REFUSED_ECS:
        ecs._ACTION_MAP[name] = ecs_action(name, _refuse(name, "ClientException"))


def _refuse(action: str, code: str) -> Callable[[Any], Any]:
    def refuse(_request: Any) -> None:
        raise Refused(code, f"The sandbox does not model {action}.")

    return refuse


def _only_fargate(stock: Any) -> Any:
    def reconcile(cluster_name: str, key: str) -> None:
        service = ecs._services.get(key)
        if service is None or not services.on_container_instances(service):
            stock(cluster_name, key)

    return reconcile


def _with_image_flaws(stock: Any) -> Any:
    """Tasks on a host whose image has the flaw `unhealthy_task` are not healthy."""

    def fact(service: Any, task: Any) -> Any:
        found = stock(service, task)
        host = records.container_instances.get(found.host) or {}
        machine = ec2._instances.get(host.get("ec2InstanceId", "")) or {}
        facts = {"family": task["_family"], "group": task["group"], "image_id": machine.get("ImageId", "")}
        flawed = state.faults.applies("unhealthy_task", **facts) is not None
        return dataclasses.replace(found, healthy=found.healthy and not flawed)

    return fact
