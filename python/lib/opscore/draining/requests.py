"""What arrives at the drain queue: lifecycle events of Auto Scaling, spot notices, and orders of `opsctl`."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
TEST = "autoscaling:TEST_NOTIFICATION"
ORDER = "opsctl drain order"
UNDO = "opsctl undrain order"


class Termination(NamedTuple):
    """A lifecycle action waits for us; `token` is empty when the sweep found it. `at` is 0 when no time was said."""

    instance_id: str
    group: str
    hook: str
    token: str = ""
    at: int = 0


class SpotNotice(NamedTuple):
    """AWS takes a spot instance two minutes after `at`."""

    instance_id: str
    at: int


class Order(NamedTuple):
    """An operator wants a host drained; nothing terminates it.

    `at` is the time of the operator's machine, whatever its clock says. `attempt` is the number of the last drain of
    the host that was known there, 0 for none: it tells what came later without a clock.
    """

    instance_id: str
    group: str
    by: str
    reason: str
    at: int
    attempt: int | None = None

    def to_json(self) -> str:
        """Return the body of the message that orders this."""
        return json.dumps({"detail-type": ORDER, "detail": self._asdict()})


class Undo(NamedTuple):
    """An operator wants a host to take tasks again; `at` and `attempt` as in `Order`."""

    instance_id: str
    group: str
    by: str
    at: int
    attempt: int | None = None

    def to_json(self) -> str:
        """Return the body of the message that orders this."""
        return json.dumps({"detail-type": UNDO, "detail": self._asdict()})


class Ignored(NamedTuple):
    """A message that is none of our business, and why."""

    why: str


Request = Termination | SpotNotice | Order | Undo | Ignored


def parse(body: str) -> Request:
    """Return what a message asks for.

    It may be an EventBridge event, a notification that a hook sent to the queue itself, the same wrapped by SNS, or an
    order. Raises ValueError or KeyError for what cannot be understood: that belongs among the dead letters.
    """
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError(f"A JSON object was expected, not {body[:80]!r}.")
    if message.get("Type") == "Notification" and "Message" in message:
        message = json.loads(message["Message"])
    if message.get("Event") == TEST:
        return Ignored("test notification of a lifecycle hook")
    if "LifecycleTransition" in message:
        return _lifecycle(message, message.get("Time", ""))
    detail_type, detail = message["detail-type"], message["detail"]
    if detail_type == ORDER:
        return Order(**detail)
    if detail_type == UNDO:
        return Undo(**detail)
    if "LifecycleTransition" in detail:
        return _lifecycle(detail, message.get("time", ""))
    if detail_type == "EC2 Spot Instance Interruption Warning":
        return SpotNotice(detail["instance-id"], epoch(message.get("time", "")))
    return Ignored(f"event {detail_type!r}")


def _lifecycle(detail: Mapping[str, Any], at: str) -> Request:
    if detail["LifecycleTransition"] != TERMINATING:
        return Ignored(f"transition {detail['LifecycleTransition']}")
    return Termination(
        instance_id=detail["EC2InstanceId"],
        group=detail["AutoScalingGroupName"],
        hook=detail["LifecycleHookName"],
        token=detail["LifecycleActionToken"],
        at=epoch(at),
    )


def epoch(text: str) -> int:
    """Return an ISO time in seconds since the epoch, 0 for none."""
    return int(dt.datetime.fromisoformat(text).timestamp()) if text else 0
