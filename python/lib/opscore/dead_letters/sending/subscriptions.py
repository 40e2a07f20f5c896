"""Whose delivery failed, when SNS gave up: the one subscription whose dead letters go to the queue."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Subscription:
    """A subscription with a dead-letter queue. To publish again would reach every subscriber; this one only failed."""

    topic_arn: str
    protocol: str
    endpoint: str


def subscriptions_with_dead_letters(sns: Any, queue_arn: str) -> list[Subscription]:
    """Return the subscriptions whose failed deliveries go to the queue."""
    return [
        Subscription(listed["TopicArn"], listed["Protocol"], listed["Endpoint"])
        for listed in _all(sns)
        if _dead_letter_arn(sns, listed["SubscriptionArn"]) == queue_arn
    ]


def _all(sns: Any) -> Iterator[dict[str, str]]:
    request: dict[str, str] = {}
    while True:
        page = sns.list_subscriptions(**request)
        yield from page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _dead_letter_arn(sns: Any, subscription_arn: str) -> str | None:
    if not subscription_arn.startswith("arn:"):  # "PendingConfirmation"
        return None
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription_arn)["Attributes"]
    arn = json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
    return str(arn) if arn else None
