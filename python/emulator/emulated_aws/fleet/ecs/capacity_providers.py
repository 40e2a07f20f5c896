"""Capacity providers on Auto Scaling groups: how they read back, and ECS's own managed draining.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/asg-capacity-providers.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html

Managed draining is ENABLED unless the request says otherwise: ECS puts a termination hook on the group, sets an
instance that waits in it DRAINING and lets it go when its last task has stopped. Managed scaling and managed
termination protection are refused by name when they are switched on: nothing here would scale or protect.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import autoscaling, ecs

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.autoscaling import members
from emulated_aws.fleet.autoscaling.lifecycle_hooks import Action
from emulated_aws.fleet.ec2 import machines
from emulated_aws.fleet.ecs import container_instances, records
from emulated_aws.fleet.refusals import Refused

Json = dict[str, Any]

HOOK = "ecs-managed-draining-termination-hook"
HOOK_TIMEOUT = 3600
SCALING = {
    "status": "DISABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10000,
    "instanceWarmupPeriod": 300,
}


def create(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """CreateCapacityProvider."""

    def create_provider(data: Json) -> Any:
        given = data.get("autoScalingGroupProvider") or {}
        _refuse_unmodelled(given)
        name = str(given.get("autoScalingGroupArn", "")).rsplit("/", 1)[-1]
        if name not in autoscaling._asgs:
            raise Refused("ClientException", "The specified Auto Scaling group ARN is not valid. Specify a valid ARN.")
        answer = stock(data)
        provider = ecs._capacity_providers.get(data.get("name"))
        if answer[0] == 200 and provider:  # noqa: PLR2004
            _complete(provider, given)
            return {"capacityProvider": provider}
        return answer

    return create_provider


def update(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """UpdateCapacityProvider."""

    def update_provider(data: Json) -> Any:
        given = data.get("autoScalingGroupProvider") or {}
        _refuse_unmodelled(given)
        provider = ecs._capacity_providers.get(ecs._resolve_capacity_provider_name(data.get("name")))
        before = dict(provider["autoScalingGroupProvider"]) if provider else {}
        answer = stock(data)
        if provider:
            _complete(provider, {**before, **given})
            return {"capacityProvider": provider}
        return answer

    return update_provider


def _refuse_unmodelled(given: Json) -> None:
    if (given.get("managedScaling") or {}).get("status") == "ENABLED":
        raise Refused("ClientException", "The sandbox does not model managed scaling; set its status to DISABLED.")
    if given.get("managedTerminationProtection") == "ENABLED":
        raise Refused("ClientException", "The sandbox does not model managed termination protection; set DISABLED.")


def _complete(provider: Json, given: Json) -> None:
    shown = provider["autoScalingGroupProvider"]
    shown["managedScaling"] = {**SCALING, **(given.get("managedScaling") or {})}
    shown["managedDraining"] = given.get("managedDraining") or "ENABLED"
    group = shown["autoScalingGroupArn"].rsplit("/", 1)[-1]
    key = f"{group}/{HOOK}"
    if shown["managedDraining"] == "ENABLED":
        fields = {
            "LifecycleTransition": members.TERMINATING,
            "HeartbeatTimeout": HOOK_TIMEOUT,
            "DefaultResult": "CONTINUE",
        }
        autoscaling._hooks[key] = autoscaling._hook_record(group, HOOK, fields)
    else:
        autoscaling._hooks.pop(key, None)


def delete(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """DeleteCapacityProvider: its hook goes with it."""

    def delete_provider(data: Json) -> Any:
        name = ecs._resolve_capacity_provider_name(data.get("capacityProvider", ""))
        provider = ecs._capacity_providers.get(name) or {}
        arn = (provider.get("autoScalingGroupProvider") or {}).get("autoScalingGroupArn", "")
        autoscaling._hooks.pop(f"{arn.rsplit('/', 1)[-1]}/{HOOK}", None)
        return stock(data)

    return delete_provider


def drain_all() -> None:
    """Do what ECS does for instances that wait in its own hook."""
    with state.LOCK:
        if not any(hook["LifecycleHookName"] == HOOK for hook in autoscaling._hooks.values()):
            return
        waiting = {
            instance["InstanceId"]: instance
            for _group, instance in members.all_members()
            if instance["LifecycleState"] == "Terminating:Wait"
        }
        registered = {
            record["ec2InstanceId"]: record
            for record in records.container_instances.values()
            if record["status"] != "INACTIVE"
        }
        for instance_id, instance in waiting.items():
            _drain(instance, registered.get(instance_id))


def _drain(instance: Json, record: Json | None) -> None:
    actions = [Action(**action) for action in instance.get("_actions") or ()]
    if not any(action.hook == HOOK and not action.result for action in actions):
        return
    if record and record["status"] == "ACTIVE":
        container_instances.change(record, status="DRAINING")
    dead = machines.status(instance["InstanceId"]) == "terminated"
    done = dead or record is None or not container_instances.host_of(record).tasks
    moved = [
        (action.complete("CONTINUE") if done else action.heartbeat(clock.now())) if action.hook == HOOK else action
        for action in actions
    ]
    instance["_actions"] = [vars(action) for action in moved]
