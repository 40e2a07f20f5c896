"""The health of the platform: facts from AWS, and the pure judgement of what needs attention first."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from opscore.alarms import AlarmState
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.unseen import Unseen, look
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

Level = Literal["red", "yellow", "green"]

_METRICS_PER_CALL = 500  # GetMetricData's limit of queries in one request
LEVELS: Sequence[Level] = ("red", "yellow", "green")
"""The worst first."""


@dataclass(frozen=True)
class QueueHealth:
    """A work queue with its dead letters; `oldest_seconds` is None when CloudWatch has no recent data.

    `problem` says which of the two queues is gone or cannot be seen; its numbers are None then.
    """

    queue: str
    consumer: str
    waiting: int | None
    in_flight: int | None
    oldest_seconds: int | None
    dead_letters: int | None
    problem: str | None
    level: Level


@dataclass(frozen=True)
class ServiceHealth:
    """A service with what its own alarms say, and the reason in words."""

    service: str
    level: Level
    why: str


@dataclass(frozen=True)
class Execution:
    """A running execution of a state machine."""

    state_machine: str
    execution: str
    started: dt.datetime


def queue_facts(sqs: "SQSClient", urls: Iterable[str]) -> list[QueueFacts | Unseen]:
    """Return what SQS says about each queue, or why it says nothing, asking for several at a time."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(lambda url: look(lambda: describe(sqs, url)), urls))


def oldest_ages(cloudwatch: "CloudWatchClient", names: Iterable[str], now: dt.datetime) -> dict[str, int]:
    """Return the age in seconds of the oldest message, by queue name, from CloudWatch's last minutes.

    A queue that CloudWatch has no data for (empty or idle for hours) is left out.
    """
    listed = list(names)
    ages: dict[str, int] = {}
    for first in range(0, len(listed), _METRICS_PER_CALL):
        part = listed[first : first + _METRICS_PER_CALL]
        answer = cloudwatch.get_metric_data(
            MetricDataQueries=[_age_query(f"q{index}", name) for index, name in enumerate(part)],
            StartTime=now - dt.timedelta(minutes=10),
            EndTime=now + dt.timedelta(minutes=1),
            ScanBy="TimestampDescending",
        )
        for result in answer["MetricDataResults"]:
            if result.get("Values"):
                ages[part[int(result["Id"][1:])]] = int(result["Values"][0])
    return ages


def _age_query(query_id: str, queue: str) -> Any:
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateAgeOfOldestMessage",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
    }
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}


def running_executions(sfn: "SFNClient", state_machine_arn: str) -> list[Execution]:
    """Return the running executions of a state machine."""
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
    return [
        Execution(state_machine_arn.rsplit(":", 1)[-1], execution["name"], execution["startDate"].astimezone(dt.UTC))
        for page in pages
        for execution in page["executions"]
    ]


def judge_queue(
    queue: str, consumer: str, work: QueueFacts | Unseen, dead: QueueFacts | Unseen, oldest: int | None
) -> QueueHealth:
    """Say how a queue is: red with dead letters or when it is gone, yellow with a backlog that nobody works on.

    What cannot be seen is yellow: nothing is known against it, and nothing for it.
    """
    waiting, in_flight = (None, None) if isinstance(work, Unseen) else (work.visible + work.delayed, work.in_flight)
    dead_letters = None if isinstance(dead, Unseen) else dead.depth
    return QueueHealth(
        queue, consumer, waiting, in_flight, oldest, dead_letters, _problem(work, dead), _level(work, dead)
    )


def _problem(work: QueueFacts | Unseen, dead: QueueFacts | Unseen) -> str | None:
    said = [work.why] if isinstance(work, Unseen) else []
    if isinstance(dead, Unseen):
        said.append("dead-letter queue gone" if dead.is_gone else f"dead-letter queue: {dead.why}")
    return "; ".join(said) or None


def _level(work: QueueFacts | Unseen, dead: QueueFacts | Unseen) -> Level:
    unseen = [queue for queue in (work, dead) if isinstance(queue, Unseen)]
    has_dead_letters = not isinstance(dead, Unseen) and dead.depth > 0
    if has_dead_letters or any(queue.is_gone for queue in unseen):
        return "red"
    is_stuck = not isinstance(work, Unseen) and work.visible > 0 and work.in_flight == 0
    return "yellow" if unseen or is_stuck else "green"


def judge_service(
    service: str, names: Sequence[str], ringing: Sequence[AlarmState], queues: Sequence[QueueHealth]
) -> ServiceHealth:
    """Say how a service is, from the ringing alarms of its own resources (`names`) and the queues it consumes."""
    own = [alarm.alarm for alarm in ringing if alarm.owner in names]
    consumed = [queue for queue in queues if queue.consumer == service]
    said = [
        *(f"{counted(queue.dead_letters, 'dead letter')} in {queue.queue}" for queue in consumed if queue.dead_letters),
        *(f"{queue.queue}: {queue.problem}" for queue in consumed if queue.problem and queue.level == "red"),
        *(f"alarm {name}" for name in own),
    ]
    if said:
        return ServiceHealth(service, "red", "; ".join(said))
    if doubtful := [queue for queue in consumed if queue.level == "yellow"]:
        return ServiceHealth(service, "yellow", _doubt(doubtful[0]))
    return ServiceHealth(service, "green", "nothing known against it")


def _doubt(queue: QueueHealth) -> str:
    if queue.problem:
        return f"{queue.queue}: {queue.problem}"
    return f"{counted(queue.waiting or 0, 'message')} in {queue.queue}, none in work"


def worst_first(rows: Iterable[Any], *, name: Callable[[Any], str]) -> list[Any]:
    """Sort rows that have a `level`: red, then yellow, then green, each by name."""
    return sorted(rows, key=lambda row: (LEVELS.index(row.level), name(row)))
