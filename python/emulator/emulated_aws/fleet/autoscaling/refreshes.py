"""Instance refreshes as they run: facts from the group, the decision of refresh_plan, and what follows from it.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/monitor-events-eventbridge-sns.html

New instances launch from the desired configuration while the refresh runs; the group takes it over when the refresh
has succeeded. Its alarms, composite ones too, end a refresh, but not the rollback that follows. A refresh that makes
no progress for an hour (times the scale) fails. It is no concern of a refresh what was on its way out before it
began, nor what is retained after a hook was abandoned.
"""

import math
from typing import Any

from ministack.services import cloudwatch

from emulated_aws.fleet import clock
from emulated_aws.fleet.autoscaling import members, refresh_plan
from emulated_aws.fleet.autoscaling.members import Group, Instance
from emulated_aws.fleet.autoscaling.refresh_plan import Bounds, Decision, Member
from emulated_aws.fleet.ec2.launch_templates import Recipe
from emulated_aws.fleet.events import emit
from emulated_aws.fleet.protocol import timestamp
from emulated_aws.fleet.refusals import Refused

STALLED_SECONDS = 3600.0
ACTIVE = ("Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress")

Refresh = dict[str, Any]


def active(group: Group) -> Refresh | None:
    """Return the refresh that runs, if one does."""
    return next((one for one in group.get("InstanceRefreshes") or () if one["Status"] in ACTIVE), None)


def step(group: Group) -> None:
    """Bring the group's refresh one step on."""
    refresh = active(group)
    if refresh is None:
        return
    if refresh["Status"] == "Cancelling":
        _finish_cancelling(group, refresh)
        return
    if any(process in (group.get("_suspended") or {}) for process in ("Launch", "Terminate", "InstanceRefresh")):
        return
    if refresh["Status"] == "Pending":
        refresh["Status"] = "InProgress"
        _tell(group, refresh, "Started")
    try:
        recipe = members.recipe_of(group)
    except Refused as refusal:
        fail(group, refresh, refusal.message)
        return
    _carry_out(group, refresh, recipe)


def _carry_out(group: Group, refresh: Refresh, recipe: Recipe) -> None:
    if refresh["_total"] is None:
        refresh["_beside"] = [one["InstanceId"] for one in group["Instances"] if members.leaves(one)]
    facts = [_member(refresh, recipe, instance) for instance in group["Instances"] if _concerns(refresh, instance)]
    _measure(refresh, facts, int(group["DesiredCapacity"]))
    _reach_checkpoints(group, refresh)
    decision = refresh_plan.decide(
        int(group["DesiredCapacity"]),
        Bounds(refresh["_minimum"], refresh["_maximum"]),
        facts,
        total=refresh["_total"],
        next_checkpoint=refresh["_checkpoints"][refresh["_checkpoint"]],
        protected=refresh["_protected"],
        standby=refresh["_standby"],
    )
    group["_surge"] = decision.surge
    refresh["StatusReason"] = f"Waiting: {decision.blocked}." if decision.blocked else None
    for instance in list(group["Instances"]):
        if instance["InstanceId"] in decision.terminate:
            members.terminate(
                group, instance, "an instance was taken out of service in response to an instance refresh."
            )
    if decision.finished or _last_checkpoint_passed(refresh):
        _succeed(group, refresh)
    elif problem := _problem(refresh, decision):
        fail(group, refresh, problem)


def _concerns(refresh: Refresh, instance: Instance) -> bool:
    beside = instance["InstanceId"] in refresh.get("_beside", ())
    return not beside and instance["LifecycleState"] != "Terminating:Retained"


def _member(refresh: Refresh, recipe: Recipe, instance: Instance) -> Member:
    matches = recipe.is_of(instance)
    outdated = not matches if refresh["_skip"] else instance.get("_launched", 0) < refresh["_began"]
    warm = clock.now() >= instance.get("_in_service", math.inf) + (0 if outdated else clock.scaled(refresh["_warmup"]))
    return Member(
        instance["InstanceId"],
        outdated=outdated,
        ready=instance["LifecycleState"] == "InService" and instance["HealthStatus"] == "Healthy" and warm,
        leaving=members.leaves(instance),
        standby=instance["LifecycleState"] == "Standby",
        protected=bool(instance["ProtectedFromScaleIn"]),
    )


def _measure(refresh: Refresh, facts: list[Member], desired: int) -> None:
    if refresh["_total"] is None:
        refresh["_total"] = sum(one.outdated for one in facts)
    updated = sum(one.ready and not one.outdated for one in facts) - refresh["_matching"]
    left = max(0, refresh["_total"] - max(0, updated))
    if desired < refresh["_total"]:
        left = min(left, sum(one.outdated for one in facts))
    if left < refresh.get("InstancesToUpdate", math.inf):
        refresh["_progress_at"] = clock.now()
    refresh["InstancesToUpdate"] = left
    refresh["PercentageComplete"] = refresh_plan.percentage(refresh["_total"], left)


def _reach_checkpoints(group: Group, refresh: Refresh) -> None:
    checkpoints, index = refresh["_checkpoints"], refresh["_checkpoint"]
    if refresh["_pause_until"] is not None:
        if clock.now() < refresh["_pause_until"]:
            return
        refresh.update(_pause_until=None, _checkpoint=min(index + 1, len(checkpoints) - 1), _passed=index + 1)
        refresh["_progress_at"] = clock.now()
    elif refresh["PercentageComplete"] >= checkpoints[index] < 100:  # noqa: PLR2004 - all of them
        refresh["_pause_until"] = clock.now() + clock.scaled(refresh["_checkpoint_delay"])
        emit(
            "aws.autoscaling",
            "EC2 Auto Scaling Instance Refresh Checkpoint Reached",
            {
                "InstanceRefreshId": refresh["InstanceRefreshId"],
                "AutoScalingGroupName": group["AutoScalingGroupName"],
                "CheckpointPercentage": str(checkpoints[index]),
                "CheckpointDelay": str(refresh["_checkpoint_delay"]),
            },
            [group["AutoScalingGroupARN"]],
        )


def _last_checkpoint_passed(refresh: Refresh) -> bool:
    return bool(refresh["_passed"] == len(refresh["_checkpoints"]))


def _problem(refresh: Refresh, decision: Decision) -> str:
    for name in () if refresh["Status"] == "RollbackInProgress" else refresh["_alarms"]:
        alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name) or {}
        if alarm.get("StateValue") == "ALARM":
            return f"The CloudWatch alarm {name} is in the ALARM state."
    if refresh["_pause_until"] is None and clock.now() > refresh["_progress_at"] + clock.scaled(STALLED_SECONDS):
        return f"Unable to replace instances for an hour; {decision.to_update} are left. {decision.blocked}".strip()
    return ""


def _succeed(group: Group, refresh: Refresh) -> None:
    rollback = refresh["Status"] == "RollbackInProgress"
    bake = 0 if rollback else clock.scaled(refresh["_bake"])
    if bake and refresh["_bake_until"] is None:
        refresh.update(Status="Baking", _bake_until=clock.now() + bake)
    if refresh["_bake_until"] is not None and clock.now() < refresh["_bake_until"]:
        return
    if not rollback:
        _take_over(group)
    end(group, refresh, "RollbackSuccessful" if rollback else "Successful")


def _take_over(group: Group) -> None:
    wanted = group.get("_desired_configuration") or {}
    if wanted.get("LaunchTemplate"):
        group.update(LaunchTemplate=wanted["LaunchTemplate"], LaunchConfigurationName="")
        group.pop("MixedInstancesPolicy", None)
    if wanted.get("MixedInstancesPolicy"):
        group.update(MixedInstancesPolicy=wanted["MixedInstancesPolicy"], LaunchTemplate={}, LaunchConfigurationName="")


def fail(group: Group, refresh: Refresh, reason: str) -> None:
    """The refresh cannot go on: it fails, or rolls back when it was told to."""
    if refresh["Status"] == "RollbackInProgress":
        end(group, refresh, "RollbackFailed", reason)
    elif refresh["_auto_rollback"]:
        roll_back(group, refresh, reason)
    else:
        end(group, refresh, "Failed", reason)


def roll_back(group: Group, refresh: Refresh, reason: str) -> None:
    """Turn the refresh round: what it has replaced so far goes back to the group's own configuration."""
    refresh["RollbackDetails"] = {
        "RollbackReason": reason,
        "RollbackStartTime": timestamp(clock.now()),
        "PercentageCompleteOnRollback": refresh["PercentageComplete"],
        "InstancesToUpdateOnRollback": refresh.get("InstancesToUpdate", 0),
    }
    group.pop("_desired_configuration", None)
    refresh.update(
        Status="RollbackInProgress",
        StatusReason=None,
        _skip=True,
        _total=None,
        _matching=_matching(group),
        _checkpoints=[100],
        _checkpoint=0,
        _passed=0,
        _pause_until=None,
        _bake_until=None,
        _progress_at=clock.now(),
        InstancesToUpdate=len(group["Instances"]),
    )
    _tell(group, refresh, "Rollback Started")


def _matching(group: Group) -> int:
    recipe = members.recipe_of(group)
    return sum(recipe.is_of(instance) and members.counts(instance) for instance in group["Instances"])


def _finish_cancelling(group: Group, refresh: Refresh) -> None:
    present = members.counting(group)
    settled = all(one["LifecycleState"] == "InService" for one in present)
    if settled and len(present) == group["DesiredCapacity"]:
        end(group, refresh, "Cancelled", "Cancelled due to user request.")


def end(group: Group, refresh: Refresh, status: str, reason: str | None = None) -> None:
    """Bring the refresh into a last status."""
    refresh.update(Status=status, StatusReason=reason, EndTime=timestamp(clock.now()))
    if status in ("Successful", "RollbackSuccessful"):
        refresh.update(InstancesToUpdate=0)
        refresh["PercentageComplete"] = max(refresh["PercentageComplete"], refresh["_checkpoints"][-1])
    group.pop("_surge", None)
    group.pop("_desired_configuration", None)
    names = {"Successful": "Succeeded", "RollbackSuccessful": "Rollback Succeeded", "RollbackFailed": "Rollback Failed"}
    _tell(group, refresh, names.get(status, status))


def _tell(group: Group, refresh: Refresh, what: str) -> None:
    detail = {
        "InstanceRefreshId": refresh["InstanceRefreshId"],
        "AutoScalingGroupName": group["AutoScalingGroupName"],
    }
    emit("aws.autoscaling", f"EC2 Auto Scaling Instance Refresh {what}", detail, [group["AutoScalingGroupARN"]])
