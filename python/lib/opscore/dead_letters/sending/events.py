"""The event that a function is invoked with again: exactly the one whose invocation failed."""

import json
from collections.abc import Mapping
from typing import Any

from opscore.dead_letters.envelopes import Kind, recognise, subscription_of, unwrap
from opscore.dead_letters.sending.outgoing import Outgoing

_DECODER = json.JSONDecoder()


def event_of(message: Outgoing, subscription: str = "") -> str:
    """Return the event, as JSON, for a message that goes to a function.

    What is unwrapped depends on who gave the message up, not on the look of its body: an event may look like anything.
    `subscription` is the one that failed, for a notification that does not name its own.
    """
    kind = recognise(message.letter).kind
    if kind is Kind.LAMBDA_DESTINATION and unwrap(message.body).kind is kind:
        return member(message.body, "requestPayload")
    if kind is Kind.SNS and (notification := unwrap(message.body)).kind is kind:
        return json.dumps(topic_event(notification.payload, subscription))
    return message.body


def topic_event(notification: Mapping[str, Any], subscription: str = "") -> dict[str, Any]:
    """Return the event with which SNS invokes a function, made from the notification as it is among the dead letters.

    The two differ in the names of the links, and in what may be absent:
    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html and
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html.
    """
    same = ("Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature")
    record = {
        **{name: notification.get(name, "") for name in same},
        "Subject": notification.get("Subject"),
        "SigningCertUrl": notification.get("SigningCertURL", ""),
        "UnsubscribeUrl": notification.get("UnsubscribeURL", ""),
        "MessageAttributes": notification.get("MessageAttributes") or {},
    }
    head = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_of(notification) or subscription,
    }
    return {"Records": [{**head, "Sns": record}]}


def member(body: str, name: str) -> str:
    """Return the text of a member of a JSON object, digit for digit; of several with one name the last, as readers do.

    Raises `ValueError` when the body is no object that has it.
    """
    found: str | None = None
    at = _after(body, 0, "{")
    while body[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(body, at)
        begin = _after(body, at, ":")
        _, at = _DECODER.raw_decode(body, begin)
        found = body[begin:at] if key == name else found
        at = _after(body, at, ",", last="}")
    if found is None:
        raise ValueError(f"no member {name}")
    return found


def _after(body: str, at: int, sign: str, *, last: str = "") -> int:
    """Return where the text goes on after `sign`, blanks left out; when `last` stands there instead, where that is."""
    at = _blank(body, at)
    if last and body[at : at + 1] == last:
        return at
    if body[at : at + 1] != sign:
        raise ValueError(f"no {sign} at {at}")
    return _blank(body, at + 1)


def _blank(body: str, at: int) -> int:
    while body[at : at + 1] in (" ", "\t", "\n", "\r"):
        at += 1
    return at
