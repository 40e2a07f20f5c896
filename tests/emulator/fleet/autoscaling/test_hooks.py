"""Termination hooks against the running emulator: events, heartbeats, timeouts, bogus ids, retention."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import TERMINATING, Fleet, Group


def _waiting(group: Group) -> str:
    one = group.await_in_service(len(group.instances()))[0]
    group.terminate(one)
    eventually(lambda: group.state_of(one) == "Terminating:Wait", "the hook")
    return one


def test_a_hook_holds_the_instance_announces_it_and_lets_it_go(fleet: Fleet) -> None:
    listener = fleet.listen(source=["aws.autoscaling"])
    group = fleet.group(1)
    group.await_in_service(1)
    hook = group.hook(NotificationMetadata="cluster=web")
    one = _waiting(group)
    event = listener.awaited(EC2InstanceId=one, LifecycleHookName=hook)
    assert event["detail-type"] == "EC2 Instance-terminate Lifecycle Action"
    assert event["detail"]["LifecycleTransition"] == TERMINATING
    assert event["detail"]["NotificationMetadata"] == "cluster=web"
    eventually(lambda: len(group.ids()) == 1, "a replacement while the old one waits")
    assert group.state_of(one) == "Terminating:Wait"
    fleet.autoscaling.complete_lifecycle_action(
        AutoScalingGroupName=group.name,
        LifecycleHookName=hook,
        LifecycleActionToken=event["detail"]["LifecycleActionToken"],
        LifecycleActionResult="CONTINUE",
    )
    eventually(lambda: group.state_of(one) == "gone", "the end of the instance")
    done = listener.awaited(EC2InstanceId=one, Origin="AutoScalingGroup", Destination="EC2", StatusCode="InProgress")
    assert done["detail-type"] == "EC2 Instance Terminate Successful"


def test_bogus_instances_tokens_and_hooks_are_validation_errors(fleet: Fleet) -> None:
    group = fleet.group(1)
    group.await_in_service(1)
    hook = group.hook()
    one = _waiting(group)
    for name, instance_id in ((hook, "i-00000000000000000"), ("no-such-hook", one)):
        with pytest.raises(ClientError, match=r"ValidationError.*No active Lifecycle Action"):
            group.complete(name, instance_id)
    group.complete(hook, one)
    eventually(lambda: group.state_of(one) == "gone", "the end of the instance")
    with pytest.raises(ClientError, match="No active Lifecycle Action"):
        group.complete(hook, one)


def test_an_action_that_nobody_completes_times_out(fleet: Fleet) -> None:
    fleet.settings(time_scale=0.01)
    group = fleet.group(1)
    group.await_in_service(1)
    group.hook(timeout=30)
    one = _waiting(group)
    eventually(lambda: group.state_of(one) == "gone", "the timeout")


def test_heartbeats_keep_the_instance_beyond_the_timeout(fleet: Fleet) -> None:
    fleet.settings(time_scale=0.02)
    group = fleet.group(2)
    group.await_in_service(2)
    hook = group.hook(timeout=60)
    kept, left = group.ids()
    for one in (kept, left):
        group.terminate(one)
    eventually(lambda: {group.state_of(one) for one in (kept, left)} == {"Terminating:Wait"}, "both hooks")

    def beat() -> bool:
        fleet.autoscaling.record_lifecycle_action_heartbeat(
            AutoScalingGroupName=group.name, LifecycleHookName=hook, InstanceId=kept
        )
        return group.state_of(left) == "gone"

    eventually(beat, "the timeout of the other instance")
    assert group.state_of(kept) == "Terminating:Wait"


def test_an_abandoned_instance_is_retained_when_the_group_says_so(fleet: Fleet) -> None:
    policy = {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}
    group = fleet.group(1, InstanceLifecyclePolicy=policy)
    group.await_in_service(1)
    hook = group.hook()
    one = _waiting(group)
    group.complete(hook, one, "ABANDON")
    eventually(lambda: group.state_of(one) == "Terminating:Retained", "the retention")
    eventually(lambda: len(group.ids()) == 1, "a replacement")
    group.terminate(one)
    eventually(lambda: group.state_of(one) == "gone", "the end of the retained instance")


def test_a_notification_target_gets_a_test_message_and_then_the_action(fleet: Fleet) -> None:
    url, arn = fleet.account.queue()
    group = fleet.group(1)
    group.await_in_service(1)
    group.hook(NotificationTargetARN=arn, RoleARN="arn:aws:iam::000000000000:role/hook")
    one = _waiting(group)
    bodies: list[dict[str, str]] = []

    def both() -> bool:
        messages = fleet.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        bodies.extend(json.loads(message["Body"]) for message in messages)
        return len(bodies) == 2

    eventually(both, "two messages")
    assert bodies[0]["Event"] == "autoscaling:TEST_NOTIFICATION"
    assert (bodies[1]["EC2InstanceId"], bodies[1]["Service"]) == (one, "AWS Auto Scaling")


def test_a_hook_reads_back_as_it_was_put(fleet: Fleet) -> None:
    group = fleet.group(0)
    _url, arn = fleet.account.queue()
    name = group.hook(timeout=600, default="CONTINUE", NotificationTargetARN=arn, RoleARN="arn:aws:iam::1:role/r")
    found = fleet.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group.name)["LifecycleHooks"]
    assert [(h["LifecycleHookName"], h["HeartbeatTimeout"], h["DefaultResult"]) for h in found] == [
        (name, 600, "CONTINUE")
    ]
    assert (found[0]["NotificationTargetARN"], found[0]["GlobalTimeout"]) == (arn, 60000)


@pytest.mark.parametrize("timeout", [29, 7201])
def test_a_heartbeat_timeout_outside_its_limits_is_refused(fleet: Fleet, timeout: int) -> None:
    with pytest.raises(ClientError, match="HeartbeatTimeout"):
        fleet.group(0).hook(timeout=timeout)


@pytest.mark.parametrize("killer", ["by hand", "spot"])
def test_a_host_that_ec2_killed_runs_its_hook_before_it_is_gone_from_the_group(fleet: Fleet, killer: str) -> None:
    listener = fleet.listen(source=["aws.autoscaling"])
    fleet.settings(time_scale=0.01)
    group = fleet.group(1)
    lost = group.await_in_service(1)[0]
    hook = group.hook(timeout=7200)
    if killer == "spot":
        fleet.ask("POST", "/spot-interruptions", {"instance_id": lost})
    else:
        fleet.ec2.terminate_instances(InstanceIds=[lost])
    listener.awaited(EC2InstanceId=lost, LifecycleHookName=hook)
    eventually(lambda: len(group.ids()) == 1, "a replacement while the dead one waits")
    waiting = next(one for one in group.instances() if one["InstanceId"] == lost)
    assert (waiting["LifecycleState"], waiting["HealthStatus"]) == ("Terminating:Wait", "Unhealthy")
    group.complete(hook, lost)
    eventually(lambda: group.state_of(lost) == "gone", "the end of the dead instance")
