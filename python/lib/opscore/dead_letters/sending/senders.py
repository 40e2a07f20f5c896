"""Who may have sent dead letters to a queue besides its work queues: functions, subscriptions, rules."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore import aws_faults

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class Subscription:
    """A subscription with a dead-letter queue. To publish again would reach every subscriber; this one only failed.

    `raw` says that the endpoint gets the bare message, without SNS's notification around it.
    """

    topic_arn: str
    protocol: str
    endpoint: str
    arn: str = ""
    raw: bool = False


def functions_with_dead_letters(client: "LambdaClient", functions: Sequence[str], queue_arn: str) -> list[str]:
    """Return those of `functions` whose asynchronous invocations die into the queue."""
    return [
        function
        for function in functions
        if client.get_function_configuration(FunctionName=function).get("DeadLetterConfig", {}).get("TargetArn")
        == queue_arn
    ]


def subscriptions_with_dead_letters(sns: Any, queue_arn: str) -> list[Subscription]:
    """Return the subscriptions whose failed deliveries go to the queue."""
    found = []
    for listed in _all(sns):
        arn = listed["SubscriptionArn"]
        if not arn.startswith("arn:"):  # "PendingConfirmation"
            continue
        attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        if json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn") == queue_arn:
            raw = attributes.get("RawMessageDelivery") == "true"
            found.append(Subscription(listed["TopicArn"], listed["Protocol"], listed["Endpoint"], arn, raw))
    return found


def _all(sns: Any) -> Iterator[dict[str, str]]:
    request: dict[str, str] = {}
    while True:
        page = sns.list_subscriptions(**request)
        yield from page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


_TRANSFORMS = ("Input", "InputPath", "InputTransformer")


def transform_of(events: Any, rule_arn: str, target_arn: str) -> str:
    """Return by which setting a rule gives a target something else than the event, "" when it does not.

    Several targets of one rule may have one ARN; any of them counts, as a dead letter does not say which it was for.
    """
    *bus, name = rule_arn.split(":rule/", 1)[-1].split("/")
    request = {"Rule": name, "EventBusName": "/".join(bus) or "default"}
    try:
        targets = [target for target in _targets(events, request) if target["Arn"] == target_arn]
    except Exception as error:
        if aws_faults.code(error) != "ResourceNotFoundException":  # the rule may be gone by now
            raise
        targets = []
    return next((setting for target in targets for setting in _TRANSFORMS if target.get(setting)), "")


def _targets(events: Any, request: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    more: dict[str, str] = {}
    while True:
        page = events.list_targets_by_rule(**request, **more)
        yield from page.get("Targets", [])
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
