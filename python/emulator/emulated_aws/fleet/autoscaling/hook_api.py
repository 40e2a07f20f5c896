"""The lifecycle hook operations.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeLifecycleHooks.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CompleteLifecycleAction.html
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html

An action is named by its token or by the instance; a token or an instance with no open action of that hook is a
ValidationError. A hook with a notification target gets a test notification when it is put.
"""

from dataclasses import asdict
from typing import Any

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import autoscaling

from emulated_aws.fleet import clock
from emulated_aws.fleet.autoscaling import members
from emulated_aws.fleet.autoscaling.group_api import require
from emulated_aws.fleet.autoscaling.lifecycle_hooks import LONGEST_SECONDS, MOST_TIMEOUTS, Action
from emulated_aws.fleet.autoscaling.members import Instance
from emulated_aws.fleet.events import notify
from emulated_aws.fleet.protocol import Query, timestamp
from emulated_aws.fleet.refusals import Refused

TRANSITIONS = (members.LAUNCHING, members.TERMINATING)
RESULTS = ("CONTINUE", "ABANDON")
TIMEOUTS = (30, 7200)
DEFAULT_TIMEOUT = 3600
MOST_HOOKS = 50
FIELDS = (
    "LifecycleTransition",
    "HeartbeatTimeout",
    "DefaultResult",
    "NotificationTargetARN",
    "RoleARN",
    "NotificationMetadata",
)


def put(query: Query) -> None:
    """PutLifecycleHook: a new hook, or the named members of an old one."""
    group, name = require(query), query.text("LifecycleHookName")
    key = f"{group['AutoScalingGroupName']}/{name}"
    before: dict[str, Any] = autoscaling._hooks.get(key) or {}
    fields = {field: query.text(field, str(before.get(field) or "")) for field in FIELDS}
    if query.has("NotificationTargetARN"):
        fields["NotificationTargetARN"] = query.text("NotificationTargetARN")
    _check(name, fields)
    if not before and len(members.hooks_of(group, fields["LifecycleTransition"])) >= MOST_HOOKS:
        raise Refused("LimitExceeded", f"A group has at most {MOST_HOOKS} hooks.")
    hook = autoscaling._hook_record(group["AutoScalingGroupName"], name, fields)
    autoscaling._hooks[key] = hook
    if hook["NotificationTargetARN"]:
        _notify_test(group, hook)


def _check(name: str, fields: dict[str, str]) -> None:
    if not name:
        raise Refused("ValidationError", "LifecycleHookName is required.")
    if fields["LifecycleTransition"] not in TRANSITIONS:
        raise Refused("ValidationError", f"LifecycleTransition must be one of {', '.join(TRANSITIONS)}.")
    if fields["DefaultResult"] and fields["DefaultResult"] not in RESULTS:
        raise Refused("ValidationError", f"DefaultResult must be one of {', '.join(RESULTS)}.")
    timeout = int(fields["HeartbeatTimeout"] or DEFAULT_TIMEOUT)
    if not TIMEOUTS[0] <= timeout <= TIMEOUTS[1]:
        raise Refused("ValidationError", f"HeartbeatTimeout must be between {TIMEOUTS[0]} and {TIMEOUTS[1]} seconds.")


def _notify_test(group: dict[str, Any], hook: dict[str, Any]) -> None:
    message = {
        "AccountId": get_account_id(),
        "RequestId": new_uuid(),
        "AutoScalingGroupARN": group["AutoScalingGroupARN"],
        "AutoScalingGroupName": group["AutoScalingGroupName"],
        "Service": "AWS Auto Scaling",
        "Event": "autoscaling:TEST_NOTIFICATION",
        "Time": timestamp(clock.now()),
    }
    notify(hook["NotificationTargetARN"], message)


def describe(query: Query) -> dict[str, Any]:
    """DescribeLifecycleHooks."""
    group, wanted = require(query), query.members("LifecycleHookNames")
    found = []
    for hook in autoscaling._hooks.values():
        if hook["AutoScalingGroupName"] != group["AutoScalingGroupName"]:
            continue
        if wanted and hook["LifecycleHookName"] not in wanted:
            continue
        shown = {name: value for name, value in hook.items() if value != ""}
        longest = min(LONGEST_SECONDS, MOST_TIMEOUTS * int(hook["HeartbeatTimeout"]))
        found.append({**shown, "GlobalTimeout": longest})
    return {"LifecycleHooks": found}


def delete(query: Query) -> None:
    """DeleteLifecycleHook: instances that wait in it go on, as with ABANDON for a launch and CONTINUE for the rest."""
    group, name = require(query), query.text("LifecycleHookName")
    hook = autoscaling._hooks.pop(f"{group['AutoScalingGroupName']}/{name}", None)
    if hook is None:
        raise Refused("ValidationError", f"No lifecycle hook named {name} exists in {group['AutoScalingGroupName']}.")
    for instance in group["Instances"]:
        launches = instance["LifecycleState"].startswith("Pending")
        for action in _actions(instance):
            if action.hook == name and not action.result:
                _replace(instance, action.complete("ABANDON" if launches else "CONTINUE"))


def complete(query: Query) -> None:
    """CompleteLifecycleAction."""
    result = query.text("LifecycleActionResult")
    if result not in RESULTS:
        raise Refused("ValidationError", f"LifecycleActionResult must be one of {', '.join(RESULTS)}.")
    instance, action = _open_action(query)
    _replace(instance, action.complete(result))


def heartbeat(query: Query) -> None:
    """RecordLifecycleActionHeartbeat."""
    instance, action = _open_action(query)
    _replace(instance, action.heartbeat(clock.now()))


def _open_action(query: Query) -> tuple[Instance, Action]:
    group, hook = require(query), query.text("LifecycleHookName")
    token, instance_id = query.text("LifecycleActionToken"), query.text("InstanceId")
    if not token and not instance_id:
        raise Refused("ValidationError", "Either LifecycleActionToken or InstanceId is needed.")
    for instance in group["Instances"]:
        if instance_id and instance["InstanceId"] != instance_id:
            continue
        for action in _actions(instance):
            fits = action.hook == hook and (not token or action.token == token)
            if fits and not action.settle(clock.now()).result:
                return instance, action
    named = f"instance ID {instance_id}" if instance_id else f"token {token}"
    raise Refused("ValidationError", f"No active Lifecycle Action found with {named}")


def _actions(instance: Instance) -> list[Action]:
    if not instance["LifecycleState"].endswith(":Wait"):
        return []
    return [Action(**action) for action in instance.get("_actions") or ()]


def _replace(instance: Instance, changed: Action) -> None:
    kept = [action for action in instance["_actions"] if action["token"] != changed.token]
    instance["_actions"] = [*kept, asdict(changed)]


def describe_types(_query: Query) -> dict[str, Any]:
    """DescribeLifecycleHookTypes."""
    return {"LifecycleHookTypes": list(TRANSITIONS)}
