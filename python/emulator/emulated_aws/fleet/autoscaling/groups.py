"""Groups as they live: one step brings every instance one state on and the number of them to what is desired.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/replace-unhealthy-instance.html

https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks-overview.html

An instance that terminates does not count, so its replacement launches while it still waits in a hook. One that EC2 has
ended is found unhealthy and terminates like any other: its hooks run, and it is gone from the group when they are done.
One that EC2 ended while it launched has no hooks to run.
"""

import logging
from dataclasses import asdict
from typing import Any

from ministack.services import autoscaling

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.autoscaling import activities, members, refreshes
from emulated_aws.fleet.autoscaling.lifecycle_hooks import Action, next_state, outcome
from emulated_aws.fleet.autoscaling.members import Group, Instance
from emulated_aws.fleet.autoscaling.scale_in import Candidate, choose
from emulated_aws.fleet.ec2 import machines
from emulated_aws.fleet.refusals import Refused

RETRY_SECONDS = 5.0
"""After a failed launch the group waits, longer each time, as AWS does; in AWS's seconds times the scale."""

logger = logging.getLogger("opsctl.fleet")


def step_all() -> None:
    """Bring every group of the present account and region one step on."""
    for group in autoscaling._asgs.values():
        with state.LOCK:
            if autoscaling._asgs.get(group["AutoScalingGroupName"]) is group:
                step(group)
    with state.LOCK:
        _end_orphans()


def step(group: Group) -> None:
    """Bring one group one step on."""
    for instance in list(group["Instances"]):
        _step_instance(group, instance)
    refreshes.step(group)
    _fit_number(group)


def suspended(group: Group, process: str) -> bool:
    """Whether somebody suspended one of the group's processes."""
    return process in (group.get("_suspended") or {})


def _step_instance(group: Group, instance: Instance) -> None:
    # Records of groups that the emulator made before the fleet took over have no machine behind them.
    status = machines.status(instance["InstanceId"])
    alive = status in ("pending", "running")
    now = instance["LifecycleState"]
    if now.startswith("Pending"):
        _step_launch(group, instance, status)
    elif now == "Terminating":
        served = alive or "_in_service" in instance
        waits = served and members.begin_actions(group, instance, members.TERMINATING)
        instance["LifecycleState"] = "Terminating:Wait" if waits else "Terminating:Proceed"
    elif now == "Terminating:Wait":
        _step_wait(group, instance)
    elif now == "Terminating:Proceed":
        if not suspended(group, "Terminate") or not alive:
            members.finish_termination(group, instance)
    elif now == "Terminating:Retained":
        if not alive:
            members.finish_termination(group, instance)
    elif now == "InService":
        _check_health(group, instance, status)
    elif now == "Standby" and not alive:
        group["Instances"].remove(instance)


def _step_launch(group: Group, instance: Instance, status: str) -> None:
    if status not in ("pending", "running"):
        reason = "Instance failed to complete user's Lifecycle Action: the instance was terminated while it launched."
        members.fail_launch(group, instance, reason)
    elif instance.get("_fails"):
        machines.terminate([instance["InstanceId"]])
        reason = (
            "Instance became unhealthy while waiting for instance to be in InService state. "
            "Termination Reason: Server.InternalError: Internal error on launch"
        )
        members.fail_launch(group, instance, reason)
    elif status == "running" and instance["LifecycleState"] == "Pending":
        waits = members.begin_actions(group, instance, members.LAUNCHING)
        instance["LifecycleState"] = "Pending:Wait" if waits else "Pending:Proceed"
    elif instance["LifecycleState"] == "Pending:Wait":
        _step_wait(group, instance)
    elif instance["LifecycleState"] == "Pending:Proceed":
        members.finish_launch(group, instance)
        group.pop("_launch_failures", None)


def _step_wait(group: Group, instance: Instance) -> None:
    actions = [Action(**action).settle(clock.now()) for action in instance.get("_actions") or ()]
    instance["_actions"] = [asdict(action) for action in actions]
    policy = (group.get("InstanceLifecyclePolicy") or {}).get("RetentionTriggers") or {}
    retain = policy.get("TerminateHookAbandon") == "retain"
    after = next_state(instance["LifecycleState"], outcome(actions), retain_on_abandon=retain)
    if after == "Terminating":
        members.fail_launch(group, instance, "Instance failed to complete user's Lifecycle Action: it was abandoned.")
    else:
        instance["LifecycleState"] = after
    if after == "Terminating:Retained":
        message = "The instance is retained because its termination hook was abandoned."
        activities.change(instance.get("_activity", ""), group["AutoScalingGroupName"], "Failed", 100, message)


def _check_health(group: Group, instance: Instance, status: str) -> None:
    if status != "running" and not suspended(group, "HealthCheck"):
        instance["HealthStatus"] = "Unhealthy"
    if instance["HealthStatus"] == "Healthy" or suspended(group, "ReplaceUnhealthy") or suspended(group, "Terminate"):
        return
    why = "EC2 instance status checks failure" if status == "running" else f"EC2 health check: it is {status}"
    members.terminate(group, instance, f"an instance was taken out of service in response to an {why}.")


def _fit_number(group: Group) -> None:
    wanted = group["DesiredCapacity"] + int(group.get("_surge") or 0)
    present = members.counting(group)
    if len(present) < wanted and not suspended(group, "Launch"):
        _launch(group, wanted - len(present), len(present), wanted)
    elif len(present) > wanted and not suspended(group, "Terminate"):
        chosen = set(choose(_candidates(group, present), len(present) - wanted, group.get("TerminationPolicies") or ()))
        cause = (
            f"an instance was taken out of service in response to a difference between desired and actual "
            f"capacity, shrinking the capacity from {len(present)} to {wanted}."
        )
        for instance in present:
            if instance["InstanceId"] in chosen:
                members.terminate(group, instance, cause)


def _launch(group: Group, count: int, present: int, wanted: int) -> None:
    failures, at = group.get("_launch_failures") or (0, 0.0)
    if failures and clock.now() < at + clock.scaled(RETRY_SECONDS * min(2**failures, 64)):
        return
    cause = (
        f"an instance was started in response to a difference between desired and actual capacity, "
        f"increasing the capacity from {present} to {wanted}."
    )
    for _ in range(count):
        try:
            launched = members.launch(group, members.recipe_of(group), cause)
        except Refused as refusal:
            _record_failure(group, refusal, cause)
            launched = None
        if launched is None:
            group["_launch_failures"] = (failures + 1, clock.now())
            return


def _record_failure(group: Group, refusal: Refused, cause: str) -> None:
    description = f"Launching a new EC2 instance. Status Reason: {refusal.message}"
    activity = activities.begin(group, description, cause, {})
    activities.change(activity["ActivityId"], group["AutoScalingGroupName"], "Failed", 100, refusal.message)


def _candidates(group: Group, present: list[Instance]) -> list[Candidate]:
    try:
        recipe = members.recipe_of(group)
    except Refused:
        recipe = None
    versions = sorted({_age(instance) for instance in present}, reverse=True)
    return [
        Candidate(
            instance["InstanceId"],
            instance["AvailabilityZone"],
            float(instance.get("_launched", 0)),
            0 if recipe and recipe.is_of(instance) else 1 + versions.index(_age(instance)),
            bool(instance["ProtectedFromScaleIn"]),
            instance["HealthStatus"] != "Healthy",
        )
        for instance in present
    ]


def _age(instance: Instance) -> int:
    version = str((instance.get("LaunchTemplate") or {}).get("Version", ""))
    return int(version) if version.isdigit() else 0


def _end_orphans() -> None:
    """End the instances of groups that are gone: by ForceDelete, or with the CloudFormation stack that owned them."""
    gone: list[Any] = [name for name, group in state.owners.items() if group not in autoscaling._asgs]
    machines.terminate(gone)
    for name in gone:
        state.owners.pop(name, None)
