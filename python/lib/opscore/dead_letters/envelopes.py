"""What a dead letter is wrapped in, and so which service gave it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opscore import exact_json
from opscore.dead_letters.message import DeadLetter

_POINTER_CLASSES = (
    "software.amazon.payloadoffloading.PayloadS3Pointer",
    "com.amazon.sqs.javamessaging.MessageS3Pointer",
)


class Kind(StrEnum):
    """Who wrapped a message, and how."""

    PLAIN = "plain"
    SNS = "sns"
    SNS_RAW = "sns-raw"
    LAMBDA_ASYNC = "lambda-async"
    LAMBDA_DESTINATION = "lambda-destination"
    EVENTBRIDGE = "eventbridge"
    S3_POINTER = "s3-pointer"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The wrapping of one message. `source` is the topic, function, target or object it names."""

    kind: Kind
    source: str = ""
    payload: Any = None


def recognise(letter: DeadLetter) -> Envelope:
    """Return what the message is wrapped in.

    A service that gives up a delivery says so in attributes: EventBridge and its Scheduler name the target
    (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html), Lambda the request, with a number for
    its code (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html), SNS its request, with
    a text for its code. A function's on-failure destination gets a record around the event instead. What a queue gave
    up has been past all these, and may have such attributes from an earlier death.
    """
    if letter.origin_arn:
        return unwrap(letter.body)
    if text(letter, "ERROR_CODE") and (target := text(letter, "TARGET_ARN")):
        return Envelope(Kind.EVENTBRIDGE, target)
    if not (text(letter, "RequestID") and (code := text(letter, "ErrorCode"))):
        return unwrap(letter.body)
    if str(letter.attributes["ErrorCode"].get("DataType", "")).startswith("Number"):
        return Envelope(Kind.LAMBDA_ASYNC)
    wrapped = unwrap(letter.body)
    if wrapped.kind is Kind.SNS:
        return wrapped
    return Envelope(Kind.LAMBDA_ASYNC if code.isdecimal() else Kind.SNS_RAW)


def text(letter: DeadLetter, attribute: str) -> str:
    """Return the text of a message attribute, "" when the message has none of that name."""
    return str(letter.attributes.get(attribute, {}).get("StringValue") or "")


def subscription_of(notification: Mapping[str, Any]) -> str:
    """Return the ARN of the subscription that a notification was for, "" when it does not say so.

    It is in the link by which the subscriber may leave:
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    """
    try:
        query = urlsplit(str(notification.get("UnsubscribeURL", ""))).query
    except ValueError:
        return ""
    return next(iter(parse_qs(query).get("SubscriptionArn", ())), "")


def unwrap(body: str) -> Envelope:
    """Return what a body by itself shows."""
    if not body.lstrip().startswith(("{", "[")):
        return Envelope(Kind.PLAIN)
    try:
        content = exact_json.read(body, escapes=True)
    except ValueError:
        return Envelope(Kind.PLAIN)
    if isinstance(content, Mapping):
        return _of_object(content)
    return _of_list(content)


def _of_object(content: Mapping[str, Any]) -> Envelope:
    if content.get("Type") == "Notification" and "TopicArn" in content:
        return Envelope(Kind.SNS, str(content["TopicArn"]), content)
    context = content.get("requestContext")
    if isinstance(context, Mapping) and "functionArn" in context and "requestPayload" in content:
        return Envelope(Kind.LAMBDA_DESTINATION, str(context["functionArn"]), content["requestPayload"])
    return Envelope(Kind.PLAIN)


def _of_list(content: Any) -> Envelope:
    match content:
        case [str(name), {"s3BucketName": str(bucket), "s3Key": str(key)}] if name in _POINTER_CLASSES:
            return Envelope(Kind.S3_POINTER, f"{bucket}/{key}", {"Bucket": bucket, "Key": key})
    return Envelope(Kind.PLAIN)
