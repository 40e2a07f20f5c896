"""What the queue brings, in every wrapping that AWS uses."""

import json
from typing import Any

import pytest

from opscore.draining.policy import AtDeadline, Fleet, Policy, parse_fleets
from opscore.draining.requests import Ignored, Order, SpotNotice, Termination, Undo, parse

DETAIL = {
    "LifecycleActionToken": "87654321-4321-4321-4321-210987654321",
    "AutoScalingGroupName": "web-group",
    "LifecycleHookName": "drain",
    "EC2InstanceId": "i-1",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
    "Origin": "AutoScalingGroup",
    "Destination": "EC2",
}
EVENT = {
    "source": "aws.autoscaling",
    "detail-type": "EC2 Instance-terminate Lifecycle Action",
    "time": "2026-10-05T09:00:00Z",
    "detail": DETAIL,
}
TERMINATION = Termination("i-1", "web-group", "drain", DETAIL["LifecycleActionToken"], 1791190800)
SPOT = {
    "detail-type": "EC2 Spot Instance Interruption Warning",
    "time": "2026-10-05T09:00:00Z",
    "detail": {"instance-id": "i-1", "instance-action": "terminate"},
}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (EVENT, TERMINATION),
        ({**DETAIL, "Service": "AWS Auto Scaling", "Time": "2026-10-05T09:00:00.000Z"}, TERMINATION),
        ({"Type": "Notification", "Message": json.dumps({**DETAIL, "Time": "2026-10-05T09:00:00Z"})}, TERMINATION),
        (SPOT, SpotNotice("i-1", 1791190800)),
    ],
    ids=["EventBridge", "hook to SQS", "hook to SNS to SQS", "spot"],
)
def test_a_request_is_understood_in_every_wrapping(message: Any, expected: Any) -> None:
    assert parse(json.dumps(message)) == expected


@pytest.mark.parametrize(
    "message",
    [
        {"Event": "autoscaling:TEST_NOTIFICATION", "AutoScalingGroupName": "web-group"},
        {"Type": "Notification", "Message": json.dumps({"Event": "autoscaling:TEST_NOTIFICATION"})},
        {**EVENT, "detail": {**DETAIL, "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}},
        {"detail-type": "EC2 Instance Rebalance Recommendation", "detail": {"instance-id": "i-1"}},
    ],
    ids=["test", "test over SNS", "launching", "rebalance"],
)
def test_what_is_none_of_our_business_is_ignored(message: Any) -> None:
    assert isinstance(parse(json.dumps(message)), Ignored)


@pytest.mark.parametrize("body", ["not JSON", "[]", "{}", '{"detail-type": "x"}'])
def test_what_cannot_be_understood_is_an_error_so_that_it_is_kept(body: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse(body)


def test_an_order_of_opsctl_survives_the_way() -> None:
    for request in (Order("i-1", "web-group", "ada", "patch", 7), Undo("i-1", "web-group", "ada", 7)):
        assert parse(request.to_json()) == request


def test_fleets_are_read_from_one_setting() -> None:
    text = '{"web-group": {"cluster": "web", "hook": "drain", "deadline_seconds": 60, "at_deadline": "let-go"}}'
    policy = Policy(deadline_seconds=60, at_deadline=AtDeadline.LET_GO)
    assert parse_fleets(text) == {"web-group": Fleet("web-group", "web", "drain", policy)}
