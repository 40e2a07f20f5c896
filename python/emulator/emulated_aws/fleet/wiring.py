"""Put the fleet into the emulator: which operation is answered by which module, and what is refused by name."""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import autoscaling, ec2, ecs, ssm, stepfunctions

from emulated_aws.fleet import events, persistence, state, ticker
from emulated_aws.fleet.autoscaling import activities, group_api, hook_api, member_api, refresh_api
from emulated_aws.fleet.cloudformation import stack_groups
from emulated_aws.fleet.ec2 import images, images_api, instances_api, launch_templates, offerings
from emulated_aws.fleet.ecs import capacity_providers, clusters, service_api, services, task_api
from emulated_aws.fleet.protocol import autoscaling_action, ec2_action, ecs_action
from emulated_aws.fleet.refusals import Refused
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
    images.install()
    for name, handler in AUTOSCALING.items():
        autoscaling._ACTION_MAP[name] = autoscaling_action(name, handler)
    for name in REFUSED_AUTOSCALING:
        autoscaling._ACTION_MAP[name] = autoscaling_action(name, _refuse(name, "ValidationError"))
    _install_ecs()
    ec2._ACTION_MAP["DescribeImages"] = ec2_action("DescribeImages", images_api.describe)
    ec2._ACTION_MAP["DescribeInstances"] = ec2_action("DescribeInstances", instances_api.describe)
    ec2._ACTION_MAP["DescribeInstanceTypeOfferings"] = ec2_action("DescribeInstanceTypeOfferings", offerings.describe)
    ec2._ACTION_MAP["RunInstances"] = ec2_action("RunInstances", images_api.run(ec2._ACTION_MAP["RunInstances"]))
    for name in ("CreateLaunchTemplate", "CreateLaunchTemplateVersion"):
        ec2._ACTION_MAP[name] = ec2_action(name, launch_templates.write(ec2._ACTION_MAP[name]))
    ec2._ACTION_MAP["TerminateInstances"] = ec2_action("TerminateInstances", instances_api.terminate)
    replace(autoscaling, "_reconcile_instances", lambda _stock: lambda _group: None)
    replace(ssm, "handle_request", _with_public_parameters)
    stepfunctions._AWS_SDK_SERVICE_MAP.setdefault("autoscaling", {"protocol": "query"})
    stepfunctions._AWS_SDK_SERVICE_MAP.setdefault("cloudformation", {"protocol": "query"})
    stack_groups.install()
    persistence.install()
    events.start()
    ticker.start()


def _install_ecs() -> None:
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


def _with_public_parameters(stock: Any) -> Any:
    async def handle(*arguments: Any) -> Any:
        with state.LOCK:
            images.publish_parameters()
        return await stock(*arguments)

    return handle
