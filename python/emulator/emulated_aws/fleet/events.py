"""Events from inside AWS: PutEvents refuses the sources `aws.*`, as AWS does, so they enter here.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-delivery-level.html

Delivery runs on a thread of its own and in order; the faults `delayed_event`, `duplicated_event` and `lost_event`
change that. Where no rule looks at events and no archive keeps them, none is built.
"""

import heapq
import itertools
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, sns

from emulated_aws.fleet import clock, state

logger = logging.getLogger("opsctl.fleet")

EVENTS_KEPT = 1000
"""The emulator keeps every event for its own tests; a fleet makes too many."""

_waiting: list[tuple[float, int, Callable[[], object]]] = []
_numbers = itertools.count()
_changed = threading.Condition()


def emit(source: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str] = ()) -> None:
    """Send an event to the default bus of the present account and region."""
    if not _somebody_listens(source):
        return
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail, default=str),
        "Resources": list(resources),
    }
    facts = {"source": source, "detail_type": detail_type}
    if state.faults.strike("lost_event", **facts, instance_id=str(detail.get("EC2InstanceId", ""))):
        return
    delayed = state.faults.strike("delayed_event", **facts)
    duplicated = state.faults.strike("duplicated_event", **facts)
    copies = int(duplicated.details.get("copies", 2)) if duplicated else 1
    seconds = float(delayed.details.get("seconds", 5)) if delayed else 0.0
    account, region = get_account_id(), get_region()
    for _ in range(copies):
        _later(seconds, lambda: _put(account, region, entry))


def _somebody_listens(source: str) -> bool:
    """Whether a rule might want the source's events: a cheap look at the patterns' text, before an event is built."""
    if eventbridge._archives:
        return True
    patterns = [rule.get("EventPattern") or "" for rule in eventbridge._rules.values()]
    return any(pattern and (source in pattern or '"aws.' not in pattern) for pattern in patterns)


def notify(target: str, message: Mapping[str, Any]) -> None:
    """Send a lifecycle notification to the SNS topic or the SQS queue that a hook names."""
    account, region = get_account_id(), get_region()
    text = json.dumps(message)
    service = target.split(":")[2] if target.count(":") >= 5 else ""  # noqa: PLR2004 - an ARN has six fields
    if service == "sns":
        _later(0.0, lambda: _publish(account, region, target, text))
    elif service == "sqs":
        _later(0.0, lambda: _enqueue(account, region, target, text))


def _put(account: str, region: str, entry: Mapping[str, Any]) -> None:
    with request_scope(account, region):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
        del eventbridge._events_log_list()[:-EVENTS_KEPT]


def _publish(account: str, region: str, target: str, text: str) -> None:
    with request_scope(account, region):
        sns.publish_internal(target, text, "Auto Scaling:  Lifecycle action")


def _enqueue(account: str, region: str, target: str, text: str) -> None:
    from ministack.core.arn import parse_arn

    with request_scope(account, region):
        eventbridge._dispatch_to_sqs(parse_arn(target), text, {})


def _later(seconds: float, work: Callable[[], object]) -> None:
    with _changed:
        heapq.heappush(_waiting, (clock.now() + seconds, next(_numbers), work))
        _changed.notify()


def start() -> None:
    """Start the thread that delivers."""
    threading.Thread(target=_deliver, name="fleet-events", daemon=True).start()


def _deliver() -> None:
    while True:
        work = _next()
        try:
            work()
        except Exception:
            logger.exception("an event could not be delivered")


def _next() -> Callable[[], object]:
    with _changed:
        while not _waiting or _waiting[0][0] > clock.now():
            _changed.wait(timeout=max(0.0, _waiting[0][0] - clock.now()) if _waiting else None)
        return heapq.heappop(_waiting)[2]
