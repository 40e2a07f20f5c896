"""What a dead letter's body is wrapped in, and so who gave it up."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opscore import exact_json
from opscore.dead_letters.message import DeadLetter

_POINTER_CLASSES = (
    "software.amazon.payloadoffloading.PayloadS3Pointer",
    "com.amazon.sqs.javamessaging.MessageS3Pointer",
)


class Kind(StrEnum):
    """How a body is wrapped."""

    PLAIN = "plain"
    SNS = "sns"
    LAMBDA_ASYNC = "lambda-async"
    LAMBDA_DESTINATION = "lambda-destination"
    S3_POINTER = "s3-pointer"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The wrapping of one message. `source` is the topic, function or object it names."""

    kind: Kind
    source: str = ""
    payload: Any = None


def recognise(letter: DeadLetter) -> Envelope:
    """Return what the message is wrapped in.

    A function's dead-letter queue gets the bare event, with RequestID and ErrorCode as attributes; an on-failure
    destination gets a record around it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
    """
    if "RequestID" in letter.attributes and "ErrorCode" in letter.attributes:
        return Envelope(Kind.LAMBDA_ASYNC)
    return unwrap(letter.body)


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
