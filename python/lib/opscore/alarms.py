"""The CloudWatch alarms of one stack, and which of its resources each of them is about.

Alarms are named after their resource, and names may begin alike: `opsctl-test-` also begins the names of the
environment `test-eu`. So a name only narrows the search. Whose an alarm is, its dimensions say; where they name nothing
that is known, its tags do, which Terraform sets on everything (`project` and `environment`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from opscore.unseen import Unseen, look

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

STACK_DIMENSION = "Stack"
"""The dimension of our own metrics; its value is `<project>-<environment>`."""


@dataclass(frozen=True)
class AlarmState:
    """A CloudWatch alarm, the resource of the stack it is about (an AWS name, "" when unknown), and why it rings."""

    alarm: str
    owner: str
    metric: str
    state: str
    reason: str
    description: str
    since: dt.datetime | None
    level: Literal["red", "green"]


@dataclass(frozen=True)
class StackAlarms:
    """The alarms of a stack by name, and the answer of AWS when some, or all, could not be seen."""

    own: Sequence[AlarmState]
    unseen: Unseen | None = None


@dataclass(frozen=True)
class StackNames:
    """A stack's project, environment, and the AWS names of its resources (state machines: their ARNs)."""

    project: str
    environment: str
    resources: frozenset[str]

    @property
    def prefix(self) -> str:
        """What every AWS name of the stack begins with, before a hyphen."""
        return f"{self.project}-{self.environment}"


def of_stack(cloudwatch: "CloudWatchClient", stack: StackNames) -> StackAlarms:
    """Return the metric and composite alarms that belong to the stack.

    Tags cost a call for each alarm, so only an alarm that rings is asked for them: one of a resource that the stack
    description does not know is shown when it rings.
    """
    found = look(lambda: _described(cloudwatch, f"{stack.prefix}-"))
    if isinstance(found, Unseen):
        return StackAlarms([], found)
    owners = [(alarm, owner(alarm, stack)) for alarm in found]
    own = [_state(alarm, name) for alarm, name in owners if name is not None]
    asked = [alarm for alarm, name in owners if name is None and alarm["StateValue"] == "ALARM"]
    with ThreadPoolExecutor(max_workers=8) as pool:
        tagged = list(pool.map(lambda alarm: look(lambda: _has_tags(cloudwatch, alarm["AlarmArn"], stack)), asked))
    own += [_state(alarm, "") for alarm, is_own in zip(asked, tagged, strict=True) if is_own is True]
    unseen = next((answer for answer in tagged if isinstance(answer, Unseen) and not answer.is_gone), None)
    return StackAlarms(sorted(own, key=lambda alarm: alarm.alarm), unseen)


def _described(cloudwatch: "CloudWatchClient", prefix: str) -> list[Mapping[str, Any]]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    return [alarm for page in pages for alarm in [*page.get("MetricAlarms", []), *page.get("CompositeAlarms", [])]]


def owner(alarm: Mapping[str, Any], stack: StackNames) -> str | None:
    """Return the resource of the stack that a described alarm is about, "" for the stack as a whole.

    None when its dimensions do not say that it is this stack's.
    """
    dimensions = list(_dimensions(alarm))
    named = [value for name, value in dimensions if name != STACK_DIMENSION and value in stack.resources]
    if named:
        return named[0]
    if (STACK_DIMENSION, stack.prefix) in dimensions:
        return _longest_in(str(alarm["AlarmName"]), stack.resources)
    return None


def _dimensions(alarm: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield the dimensions of an alarm's metric, or of all metrics that its expression is made of."""
    metrics = [query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", [])]
    for metric in [alarm, *metrics]:
        for dimension in metric.get("Dimensions", []):
            yield dimension["Name"], dimension["Value"]


def _longest_in(alarm: str, names: Iterable[str]) -> str:
    return max((name for name in names if alarm.startswith(f"{name}-")), key=len, default="")


def _has_tags(cloudwatch: "CloudWatchClient", arn: str, stack: StackNames) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    return (tags.get("project"), tags.get("environment")) == (stack.project, stack.environment)


def _state(alarm: Mapping[str, Any], owned_by: str) -> AlarmState:
    changed = alarm.get("StateUpdatedTimestamp")
    return AlarmState(
        alarm=alarm["AlarmName"],
        owner=owned_by,
        metric=alarm.get("MetricName", ""),
        state=alarm["StateValue"],
        reason=alarm.get("StateReason", ""),
        description=alarm.get("AlarmDescription", ""),
        since=changed.astimezone(dt.UTC) if changed else None,
        level="red" if alarm["StateValue"] == "ALARM" else "green",
    )
