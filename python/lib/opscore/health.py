"""The health of the platform: facts from AWS, and the pure judgement of what needs attention first."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

Level = Literal["red", "yellow", "green"]

_DEPTHS: Sequence[Any] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_METRICS_PER_CALL = 500  # GetMetricData's limit of queries in one request
_LEVELS: Sequence[Level] = ("red", "yellow", "green")


@dataclass(frozen=True)
class Depth:
    """How many messages a queue holds: waiting, delayed, and in flight (received, not yet deleted)."""

    waiting: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All messages that the queue is responsible for."""
        return self.waiting + self.in_flight + self.delayed


@dataclass(frozen=True)
class QueueHealth:
    """A work queue with its dead letters; `oldest_seconds` is None when CloudWatch has no recent data."""

    queue: str
    consumer: str
    waiting: int
    in_flight: int
    oldest_seconds: int | None
    dead_letters: int
    level: Level


@dataclass(frozen=True)
class AlarmState:
    """A CloudWatch alarm, the function or queue it is about (an AWS name), and why it is in its state."""

    alarm: str
    owner: str
    state: str
    reason: str
    since: dt.datetime | None
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


def queue_depth(sqs: "SQSClient", name: str) -> Depth:
    """Return how many messages the queue called `name` holds."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes: dict[Any, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_DEPTHS)["Attributes"]
    waiting, in_flight, delayed = (int(attributes.get(key, 0)) for key in _DEPTHS)
    return Depth(waiting, in_flight, delayed)


def queue_depths(sqs: "SQSClient", names: Iterable[str]) -> dict[str, Depth]:
    """Return the depth of each queue by name, asking for several at a time."""
    listed = list(names)
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(listed, pool.map(lambda name: queue_depth(sqs, name), listed), strict=True))


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


def alarms(cloudwatch: "CloudWatchClient", prefix: str, names: Sequence[str]) -> list[AlarmState]:
    """Return the metric and composite alarms whose names begin with `prefix`, those that ring first.

    `names` are the AWS names of the functions and queues that an alarm can be about.
    """
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [
        AlarmState(
            alarm=alarm["AlarmName"],
            owner=owner_of(alarm["AlarmName"], names),
            state=alarm["StateValue"],
            reason=alarm.get("StateReason", ""),
            since=alarm.get("StateUpdatedTimestamp"),
            level="red" if alarm["StateValue"] == "ALARM" else "green",
        )
        for page in pages
        for alarm in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]
    ]
    return worst_first(found, name=lambda alarm: alarm.alarm)


def running_executions(sfn: "SFNClient", state_machine_arns: Iterable[str]) -> list[Execution]:
    """Return the running executions of the state machines, newest first."""
    found = [
        Execution(arn.rsplit(":", 1)[-1], execution["name"], execution["startDate"])
        for arn in state_machine_arns
        for page in sfn.get_paginator("list_executions").paginate(stateMachineArn=arn, statusFilter="RUNNING")
        for execution in page["executions"]
    ]
    return sorted(found, key=lambda execution: execution.started, reverse=True)


def judge_queue(queue: str, consumer: str, work: Depth, dead: Depth, oldest: int | None) -> QueueHealth:
    """Say how a queue is: red with dead letters, yellow with a backlog that nobody is working on."""
    stuck = work.waiting > 0 and work.in_flight == 0
    level: Level = "red" if dead.total else "yellow" if stuck else "green"
    return QueueHealth(queue, consumer, work.waiting + work.delayed, work.in_flight, oldest, dead.total, level)


def judge_service(
    service: str, names: Sequence[str], ringing: Sequence[AlarmState], queues: Sequence[QueueHealth]
) -> ServiceHealth:
    """Say how a service is, from the ringing alarms of its own resources (`names`) and the queues it consumes."""
    own = [alarm.alarm for alarm in ringing if alarm.owner in names]
    consumed = [queue for queue in queues if queue.consumer == service]
    dead = [
        f"{counted(queue.dead_letters, 'dead letter')} in {queue.queue}" for queue in consumed if queue.dead_letters
    ]
    if own or dead:
        return ServiceHealth(service, "red", "; ".join([*dead, *(f"alarm {name}" for name in own)]))
    if waiting := [queue for queue in consumed if queue.level == "yellow"]:
        return ServiceHealth(
            service, "yellow", f"{counted(waiting[0].waiting, 'message')} in {waiting[0].queue}, none in work"
        )
    return ServiceHealth(service, "green", "nothing known against it")


def owner_of(alarm: str, names: Iterable[str]) -> str:
    """Return the resource that an alarm is about: alarms are named after it, so the longest name that fits."""
    return max((name for name in names if alarm.startswith(f"{name}-")), key=len, default="")


def worst_first(rows: Iterable[Any], *, name: Callable[[Any], str]) -> list[Any]:
    """Sort rows that have a `level`: red, then yellow, then green, each by name."""
    return sorted(rows, key=lambda row: (_LEVELS.index(row.level), name(row)))
