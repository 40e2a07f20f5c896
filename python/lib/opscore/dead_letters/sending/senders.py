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


def subscriptions_with_dead_letters(sns: Any, queue_arn: str, topic_arn: str = "") -> list[Subscription]:
    """Return the subscriptions, of one topic or of all, whose failed deliveries go to the queue."""
    found = []
    for listed in _all(sns, topic_arn):
        arn = listed["SubscriptionArn"]
        if not arn.startswith("arn:"):  # "PendingConfirmation"
            continue
        attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        if json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn") == queue_arn:
            raw = attributes.get("RawMessageDelivery") == "true"
            found.append(Subscription(listed["TopicArn"], listed["Protocol"], listed["Endpoint"], arn, raw))
    return found


def _all(sns: Any, topic_arn: str) -> Iterator[dict[str, str]]:
    list_page = sns.list_subscriptions_by_topic if topic_arn else sns.list_subscriptions
    request = {"TopicArn": topic_arn} if topic_arn else {}
    while True:
        page = list_page(**request)
        yield from page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def takes_from_topics(policy: str) -> bool:
    """Say whether a queue's policy may let SNS send: without one that does, no topic has sent anything there.

    https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html
    """
    statements = json.loads(policy or "{}").get("Statement", [])
    return any(
        part.get("Effect") == "Allow"
        and (part.get("Principal") in ("*", {"AWS": "*"}) or "sns" in json.dumps(part).lower())
        for part in ([statements] if isinstance(statements, Mapping) else statements)
    )


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
