"""Every dead-letter queue of a stack in one table: how many messages, how old, how long until SQS deletes them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opscore.alarms import AlarmState
from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.unseen import Unseen, fail_if_all_refused, look

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_METRICS = ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage")
_WORST_FIRST = ("ALARM", "INSUFFICIENT_DATA", "OK")
_SAMPLE = 10


@dataclass(frozen=True)
class ListedQueue:
    """A dead-letter queue to list: the role of its work queue, its own name and URL, and who consumes the work."""

    role: str
    name: str
    url: str
    consumer: str


@dataclass(frozen=True, kw_only=True)
class QueueSummary:
    """One row. Times are seconds; None where nothing is known, as for an empty queue or one that must not be peeked.

    `oldest_seconds` counts from when the oldest of the peeked messages was first sent. `expires_seconds` is when SQS
    deletes that message: in a standard dead-letter queue the retention counts from the original enqueue time
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
    `problem` says that the queue is gone, or what AWS refuses to show of it.
    """

    queue: str
    dead_letter_queue: str
    depth: int | None = None
    in_flight: int | None = None
    oldest: dt.datetime | None = None
    oldest_seconds: int | None = None
    expires_seconds: int | None = None
    consumer: str
    alarm: str | None
    problem: str | None = None


def list_queues(sqs: "SQSClient", alarms: Sequence[AlarmState], queues: Iterable[ListedQueue]) -> list[QueueSummary]:
    """Return a row for each queue: those with a problem first, then the deepest; raises when all are refused."""
    listed = list(queues)
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda queue: look(lambda: describe(sqs, queue.url)), listed))
        fail_if_all_refused(found)
        rows = list(pool.map(lambda queue, facts: _row(sqs, alarms, queue, facts), listed, found))
    return sorted(rows, key=lambda row: (row.problem is None, -(row.depth or 0), row.queue))


def _row(
    sqs: "SQSClient", alarms: Sequence[AlarmState], queue: ListedQueue, facts: QueueFacts | Unseen
) -> QueueSummary:
    row = QueueSummary(
        queue=queue.role, dead_letter_queue=queue.name, consumer=queue.consumer, alarm=_worst_state(queue.name, alarms)
    )
    if isinstance(facts, Unseen):
        return replace(row, problem=facts.why)
    row = replace(row, depth=facts.depth, in_flight=facts.in_flight)
    sent_ms = look(lambda: _oldest(sqs, facts))
    if isinstance(sent_ms, Unseen):
        return replace(row, problem=sent_ms.why)
    return _aged(row, facts, sent_ms) if sent_ms is not None else row


def _aged(row: QueueSummary, facts: QueueFacts, sent_ms: int) -> QueueSummary:
    age = max(0, (facts.asked_ms - sent_ms) // 1000)
    left = max(0, facts.retention_seconds - age)
    oldest = dt.datetime.fromtimestamp(sent_ms / 1000, dt.UTC)
    return replace(row, oldest=oldest, oldest_seconds=age, expires_seconds=left)


def _oldest(sqs: "SQSClient", facts: QueueFacts) -> int | None:
    """Return when the oldest of a few messages was sent: no attribute says it, and SQS tends to give old ones first."""
    if not facts.visible or facts.dead_letter_arn:
        return None
    return min((message.sent_ms for message in peek(sqs, facts, limit=_SAMPLE)), default=None)


def _worst_state(queue: str, alarms: Iterable[AlarmState]) -> str | None:
    """Return the worst state of the alarms on the queue's depth and age; None when there is no such alarm."""
    states = {alarm.state for alarm in alarms if alarm.owner == queue and alarm.metric in _METRICS}
    return next((state for state in _WORST_FIRST if state in states), None)
