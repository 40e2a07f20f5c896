"""Every dead-letter queue of a stack in one table: how many messages, how old, how long until SQS deletes them."""

import dataclasses
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.message import moment

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient

_SAMPLE = 10


@dataclass(frozen=True)
class QueueSummary:
    """One row. Times are seconds; None where nothing is known, as for an empty queue or one that must not be peeked.

    `oldest_seconds` counts from when the oldest of the peeked messages was first sent. `expires_seconds` is when SQS
    deletes that message: in a standard dead-letter queue the retention counts from the original enqueue time
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
    """

    queue: str
    dead_letter_queue: str
    depth: int
    in_flight: int
    oldest: str | None
    oldest_seconds: int | None
    expires_seconds: int | None
    consumer: str
    alarm: str | None


def list_queues(
    sqs: "SQSClient", cloudwatch: "CloudWatchClient | None", queues: Iterable[tuple[str, str, str]]
) -> list[QueueSummary]:
    """Return a row for each (role, name of the dead-letter queue, consumer), the deepest first."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        rows = list(pool.map(lambda names: _row(sqs, cloudwatch, *names), queues))
    return sorted(rows, key=lambda row: (-row.depth, row.queue))


def _row(sqs: "SQSClient", cloudwatch: "CloudWatchClient | None", role: str, name: str, consumer: str) -> QueueSummary:
    facts = describe(sqs, name)
    row = QueueSummary(
        queue=role,
        dead_letter_queue=name,
        depth=facts.depth,
        in_flight=facts.in_flight,
        oldest=None,
        oldest_seconds=None,
        expires_seconds=None,
        consumer=consumer,
        alarm=_alarm(cloudwatch, name) if cloudwatch else None,
    )
    sent_ms = _oldest(sqs, facts)
    if sent_ms is None:
        return row
    age = max(0, (facts.asked_ms - sent_ms) // 1000)
    left = max(0, facts.retention_seconds - age)
    return dataclasses.replace(row, oldest=moment(sent_ms), oldest_seconds=age, expires_seconds=left)


def _oldest(sqs: "SQSClient", facts: QueueFacts) -> int | None:
    """Return when the oldest of a few messages was sent: no attribute says it, and SQS tends to give old ones first."""
    if not facts.visible or facts.dead_letter_arn:
        return None
    return min((message.sent_ms for message in peek(sqs, facts, limit=_SAMPLE)), default=None)


def _alarm(cloudwatch: "CloudWatchClient", queue: str) -> str | None:
    """Return the worst state of the alarms on the queue's depth and age; None when there is no such alarm."""
    states = {
        alarm["StateValue"]
        for metric in ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage")
        for alarm in cloudwatch.describe_alarms_for_metric(
            MetricName=metric, Namespace="AWS/SQS", Dimensions=[{"Name": "QueueName", "Value": queue}]
        ).get("MetricAlarms", [])
    }
    return next((state for state in ("ALARM", "INSUFFICIENT_DATA", "OK") if state in states), None)
