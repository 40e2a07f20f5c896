"""SQS: ListDeadLetterSourceQueues, and the queue metrics that alarms and `opsctl status` read.

Operations: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html
Metrics: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-
metrics.html

Metrics modelled: ApproximateNumberOfMessagesVisible, -NotVisible, -Delayed and ApproximateAgeOfOldestMessage, one
datapoint a minute whose value is the newest sample (AWS samples once), and NumberOfMessagesDeleted, 0 included. A
message that was received three times is left out of the age; in a dead-letter queue the age counts from the move.

Not modelled, and absent: the metrics of sends and receives. Not modelled, and ignored by the emulator: the batching
window.
"""

import json
import time
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch
from ministack.services import sqs as service

from emulated_aws.replacement import replace

NAMESPACE = "AWS/SQS"
MINUTES_KEPT = 180
RECEIVES_OF_A_POISON_PILL = 3
_MOVED_AT = "opsctl_moved_at"
_DELETED = "opsctl_deleted"
"""How many messages of a queue were deleted since its last sample."""


def install() -> None:
    """Add the operation, and count deletions."""
    service._HANDLERS["ListDeadLetterSourceQueues"] = _list_dead_letter_source_queues
    for action in ("DeleteMessage", "DeleteMessageBatch"):
        service._HANDLERS[action] = _counting(service._HANDLERS[action])
    replace(service, "_delete_messages_for_esm", _counting_for_esm)


def _counting(stock: Any) -> Any:
    def delete(data: Mapping[str, Any], url: str) -> Any:
        handles = {entry.get("ReceiptHandle") for entry in (data, *data.get("Entries", ()))} - {None}
        return _count(url or data.get("QueueUrl", ""), handles, lambda: stock(data, url))

    return delete


def _counting_for_esm(stock: Any) -> Any:
    def delete(url: str, receipt_handles: set[str]) -> Any:
        return _count(url, receipt_handles, lambda: stock(url, receipt_handles))

    return delete


def _count(url: str, handles: Container[Any], delete: Callable[[], Any]) -> Any:
    """Delete, and remember how many messages that took for the queue's next sample."""
    queue = service._get_q(url)
    found = sum(message.get("receipt_handle") in handles for message in list(queue["messages"]))
    answer = delete()
    queue[_DELETED] = queue.get(_DELETED, 0) + found
    return answer


LARGEST_PAGE = 1000


def _list_dead_letter_source_queues(data: Mapping[str, Any], url: str) -> dict[str, Any]:
    dead_letters = service._get_q(url or data["QueueUrl"], "sqs:ListDeadLetterSourceQueues")
    arn = dead_letters["attributes"]["QueueArn"]
    sources = sorted(source_url for source_url, queue in service._queues.items() if dead_letter_target(queue) == arn)
    size, token = data.get("MaxResults"), str(data.get("NextToken") or "")
    if size is not None and not 1 <= int(size) <= LARGEST_PAGE:
        raise service._Err("InvalidParameterValue", f"MaxResults must be between 1 and {LARGEST_PAGE}.")
    # A token is the last queue of the page before.
    left = [source_url for source_url in sources if source_url > token]
    page = left[: int(size or LARGEST_PAGE)]
    answer: dict[str, Any] = {"queueUrls": [service._externalize_url(source_url) for source_url in page]}
    return {**answer, "NextToken": page[-1]} if size and len(page) < len(left) else answer


def dead_letter_target(queue: Mapping[str, Any]) -> str | None:
    """Return the ARN of the queue that gets a queue's dead letters, None when none does."""
    policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
    target = policy.get("deadLetterTargetArn")
    return str(target) if target else None


def record_metrics() -> None:
    """Sample every queue of every account and region into CloudWatch."""
    now = time.time()
    for (account, region, _url), queue in service._queues.all_items():
        with request_scope(account, region), service._queues_lock:
            service._refresh_counts(queue)
            name = queue["attributes"]["QueueArn"].rsplit(":", 1)[-1]
            for metric, value in _samples(queue, now).items():
                _record(metric, name, value, now)
            _record("NumberOfMessagesDeleted", name, queue.pop(_DELETED, 0), now, adds=True)


def _samples(queue: Mapping[str, Any], now: float) -> dict[str, float]:
    attributes = queue["attributes"]
    return {
        "ApproximateNumberOfMessagesVisible": float(attributes["ApproximateNumberOfMessages"]),
        "ApproximateNumberOfMessagesNotVisible": float(attributes["ApproximateNumberOfMessagesNotVisible"]),
        "ApproximateNumberOfMessagesDelayed": float(attributes["ApproximateNumberOfMessagesDelayed"]),
        "ApproximateAgeOfOldestMessage": oldest_age(queue["messages"], now),
    }


def oldest_age(messages: Iterable[dict[str, Any]], now: float) -> float:
    """Return the age in seconds of the oldest message that counts, 0 when none does."""
    since = []
    for message in messages:
        if "DeadLetterQueueSourceArn" in message.get("sys", {}):
            since.append(message.setdefault(_MOVED_AT, now))
        elif message.get("receive_count", 0) < RECEIVES_OF_A_POISON_PILL:
            since.append(message.get("sent_at", now))
    return float(int(now - min(since, default=now)))


def _record(metric: str, queue_name: str, value: float, now: float, *, adds: bool = False) -> None:
    dimensions = {"QueueName": queue_name}
    points = cloudwatch._metric_bucket((NAMESPACE, metric, cloudwatch._dims_key(dimensions)))
    minute = now - now % 60
    if points and points[-1]["Timestamp"] >= minute:
        points[-1]["Value"] = value + (points[-1]["Value"] if adds else 0)
        return
    unit = "Seconds" if metric.startswith("ApproximateAge") else "Count"
    points.append({"Timestamp": minute, "Value": value, "Unit": unit, "Dimensions": dimensions})
    del points[:-MINUTES_KEPT]
