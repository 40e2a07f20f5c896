"""CloudFormation: groups that follow their stack, by the UpdatePolicy AutoScalingRollingUpdate.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-autoscaling-autoscalinggroup.html

With the policy, a changed launch template, launch configuration, subnet list or mixed instances policy replaces the
instances batch by batch; without it, only instances launched later differ. `WaitOnResourceSignals` takes it for a
signal that the container agent has registered, or that the instance is in service if it belongs to no cluster: user
data does not run here. A batch that is not ready when the pause is over fails the update, and the stack rolls back.
AutoScalingReplacingUpdate, AutoScalingInstanceRefresh and MinSuccessfulInstancesPercent below 100 are refused.
Deleting a stack's group scales it to nothing first, hooks included, as CloudFormation does.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import autoscaling, ec2
from ministack.services import cloudformation as service
from ministack.services.cloudformation import engine, handlers, provisioners, stacks

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.autoscaling import members
from emulated_aws.fleet.cloudformation.rolling_plan import Member, Policy, next_batch
from emulated_aws.fleet.ecs import agents
from emulated_aws.fleet.refusals import Refused
from emulated_aws.replacement import replace

GROUP = "AWS::AutoScaling::AutoScalingGroup"
REPLACING = ("LaunchTemplate", "LaunchConfigurationName", "VPCZoneIdentifier", "MixedInstancesPolicy")
REFUSED_POLICIES = ("AutoScalingReplacingUpdate", "AutoScalingInstanceRefresh")
KEPT = ("MixedInstancesPolicy", "CapacityRebalance", "DefaultInstanceWarmup", "InstanceMaintenancePolicy")
POLL_SECONDS = 0.1
DELETE_SECONDS = 3600.0

Properties = Mapping[str, Any]


def install() -> None:
    """Wrap the group's handlers, and keep a stack's timeout, which Terraform reads back."""
    handler = provisioners._RESOURCE_HANDLERS[GROUP]
    handler["create"] = _with_members(handler["create"])
    handler["update"] = _rolling(handler["update"])
    handler["delete"] = _emptied(handler["delete"])
    replace(stacks, "_runs_on_worker_thread", lambda stock: lambda kind: kind == GROUP or stock(kind))
    operations = handlers._ACTION_HANDLERS
    operations["CreateStack"] = _keeping_timeout(operations["CreateStack"])
    operations["DescribeStacks"] = _with_timeout(operations["DescribeStacks"])


def _with_members(stock: Any) -> Any:
    def create(logical_id: str, properties: Properties, stack_name: str) -> Any:
        policy(stack_name, logical_id)
        with state.LOCK:
            name, attributes = stock(logical_id, properties, stack_name)
            _keep(name, properties)
            for hook in properties.get("LifecycleHookSpecificationList") or ():
                key = f"{name}/{hook['LifecycleHookName']}"
                autoscaling._hooks[key] = autoscaling._hook_record(name, hook["LifecycleHookName"], hook)
        _await(lambda: _in_service(name), DELETE_SECONDS, f"{name} did not reach its desired capacity")
        return name, attributes

    return create


def _keep(name: str, properties: Properties) -> None:
    group = autoscaling._asgs[name]
    group.update({member: properties[member] for member in KEPT if member in properties})


def _in_service(name: str) -> bool:
    with state.LOCK:
        group = autoscaling._asgs.get(name)
        if group is None:
            return True
        ready = [one for one in members.counting(group) if one["LifecycleState"] == "InService"]
        failed = any(one["StatusCode"] == "Failed" for one in (state.activities.get(name) or ())[:1])
        if failed:
            raise ValueError(f"Group did not stabilize: {state.activities[name][0]['StatusMessage']}")
        return len(ready) >= int(group["DesiredCapacity"])


def policy(stack_name: str, logical_id: str) -> Policy | None:
    """Return the rolling update policy of a group in its stack's template; refuses those that are not modelled."""
    stack = service._stacks.get(stack_name) or {}
    template = engine._parse_template(stack.get("_template_body") or "{}")
    found = (template.get("Resources") or {}).get(logical_id, {}).get("UpdatePolicy") or {}
    for name in REFUSED_POLICIES:
        if name in found:
            raise ValueError(f"The sandbox does not model the update policy {name}.")
    if "AutoScalingRollingUpdate" not in found:
        return None
    try:
        read = Policy.from_template(found["AutoScalingRollingUpdate"])
    except Refused as refusal:
        raise ValueError(refusal.message) from None
    if read.min_successful_percent != 100:  # noqa: PLR2004 - percent
        raise ValueError("The sandbox does not model MinSuccessfulInstancesPercent below 100.")
    return read


def _rolling(stock: Any) -> Any:
    def update(name: str, old: Properties, new: Properties, stack_name: str, logical_id: str = "") -> Any:
        rolling = policy(stack_name, logical_id)
        with state.LOCK:
            kept = autoscaling._asgs[name]["DesiredCapacity"] if name in autoscaling._asgs else None
            found = stock(name, old, new, stack_name, logical_id)
            _keep(found[0], new)
            if kept is not None and "DesiredCapacity" not in new:
                group = autoscaling._asgs[found[0]]
                group["DesiredCapacity"] = min(max(int(kept), group["MinSize"]), group["MaxSize"])
        changed = any(old.get(member) != new.get(member) for member in REPLACING)
        if rolling and changed and found[0] == name:
            try:
                _roll(name, rolling)
            except ValueError:
                # The emulator rolls back the resources that were updated, not the one whose update failed.
                with state.LOCK:
                    stock(name, new, old, stack_name, logical_id)
                _roll(name, rolling)
                raise
        return found

    return update


def _roll(name: str, rolling: Policy) -> None:
    """Replace the group's instances by batches; raises `ValueError`, which makes the stack roll back."""
    with state.LOCK:
        group = autoscaling._asgs[name]
        added = [one for one in rolling.suspend if one not in (group.get("_suspended") or {})]
        group.setdefault("_suspended", {}).update(dict.fromkeys(added, "CloudFormation rolling update"))
    try:
        began = clock.now()
        while True:
            with state.LOCK:
                batch = _next(name, rolling)
            if batch is None:
                return
            began = clock.now() if batch else began
            _check_pause(name, rolling, began)
            time.sleep(POLL_SECONDS)
    finally:
        with state.LOCK:
            for one in added:
                (group.get("_suspended") or {}).pop(one, None)


def _next(name: str, rolling: Policy) -> bool | None:
    """Begin the next batch if its time has come; return whether one began, None when all is done."""
    group = autoscaling._asgs[name]
    try:
        recipe = members.recipe_of(group)
    except Refused as refusal:
        raise ValueError(refusal.message) from None
    present = members.counting(group)
    facts = [
        Member(
            one["InstanceId"],
            outdated=not recipe.is_of(one),
            in_service=one["LifecycleState"] == "InService",
            ready=_ready(one, rolling),
        )
        for one in present
    ]
    batch = next_batch(rolling, int(group["DesiredCapacity"]), facts)
    cause = "an instance was taken out of service in response to a CloudFormation rolling update."
    for one in present:
        if one["InstanceId"] in batch.terminate:
            members.terminate(group, one, cause)
    return None if batch.finished else bool(batch.terminate)


def _ready(instance: Mapping[str, Any], rolling: Policy) -> bool:
    if rolling.wait_on_signals:
        record = ec2._instances.get(instance["InstanceId"]) or {}
        return agents.cluster_of(record) is None or record.get("_agent") == "connected"
    return bool(clock.now() >= instance.get("_in_service", float("inf")) + clock.scaled(rolling.pause_seconds))


def _check_pause(name: str, rolling: Policy, began: float) -> None:
    longest = rolling.pause_seconds if rolling.wait_on_signals else 3600
    if clock.now() > began + max(clock.scaled(longest), POLL_SECONDS):
        message = f"Received 0 SUCCESS signal(s) for {name} within the pause time. Unable to satisfy 100% requirement"
        raise ValueError(message)


def _emptied(stock: Any) -> Any:
    def delete(name: str, properties: Properties) -> Any:
        with state.LOCK:
            group = autoscaling._asgs.get(name)
            if group:
                group.update(MinSize=0, DesiredCapacity=0)
                for instance in group["Instances"]:
                    instance["ProtectedFromScaleIn"] = False
        _await(lambda: not (autoscaling._asgs.get(name) or {}).get("Instances"), DELETE_SECONDS, f"{name} is not empty")
        with state.LOCK:
            return stock(name, properties)

    return delete


def _await(ready: Callable[[], bool], seconds: float, problem: str) -> None:
    deadline = clock.now() + max(seconds * state.settings().time_scale, 60.0)
    while not ready():
        if clock.now() > deadline:
            raise ValueError(problem)
        time.sleep(POLL_SECONDS)


def _keeping_timeout(stock: Any) -> Any:
    def create_stack(params: Mapping[str, Any]) -> Any:
        answer = stock(params)
        minutes = handlers._p(params, "TimeoutInMinutes")
        created = service._stacks.get(handlers._p(params, "StackName"))
        if created and minutes:
            created["_timeout_in_minutes"] = int(minutes)
        return answer

    return create_stack


def _with_timeout(stock: Any) -> Any:
    def describe_stacks(params: Mapping[str, Any]) -> Any:
        status, headers, body = stock(params)
        text = body.decode() if isinstance(body, bytes) else body
        for stack in service._stacks.values():
            if stack.get("_timeout_in_minutes"):
                marker = f"<StackId>{stack['StackId']}</StackId>"
                minutes = f"<TimeoutInMinutes>{stack['_timeout_in_minutes']}</TimeoutInMinutes>"
                text = text.replace(marker, marker + minutes)
        return status, headers, text.encode()

    return describe_stacks
