"""The copy that a worker puts among the dead letters of a message that has failed for good."""

import json
from collections.abc import Mapping
from typing import Any

from opscore.queues.worker import Message, PermanentError

ROOM_FOR_CAUSE = 9
"""SQS takes ten attributes (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
quotas-messages.html). One place stays free: a replay marks what it sends."""

SAFE_BYTES = 262_144
"""Up to this size a queue takes a message unless it was made stricter: Terraform's default, a quarter of SQS's own."""

LONGEST_CAUSE = 1_000
"""How many characters of an error a copy among the dead letters keeps; Lambda's own keep the first kilobyte."""


def dead_letter(message: Message, error: PermanentError) -> dict[str, Any]:
    """Return what the copy for the dead-letter queue is, as arguments of SendMessage: all that the message had.

    Its own attributes go first: a replay knows by one of them what it sent itself. The cause is added where there is
    room: nine attributes, and a size that any queue takes. `reason` is for filters. The others are the ones in which
    Lambda's own asynchronous dead letters have their cause
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html), so that one reader knows both.
    """
    copy: dict[str, Any] = {"MessageBody": message.body}
    if attributes := _with_cause(message, error):
        copy["MessageAttributes"] = attributes
    if group := message.system.get("MessageGroupId"):
        copy["MessageGroupId"] = group
    if trace := message.system.get("AWSTraceHeader"):
        copy["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    return copy


def _with_cause(message: Message, error: PermanentError) -> dict[str, Any]:
    """Return the message's attributes and, as far as they fit, those of the cause. An earlier death's are replaced."""
    cause = json.dumps({"errorType": error.reason, "errorMessage": str(error)[:LONGEST_CAUSE]})
    attributes = {name: dict(attribute) for name, attribute in message.attributes.items()}
    for texts in ({"RequestID": message.message_id, "ErrorMessage": cause}, {"reason": error.reason}):
        added = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
        told = attributes | added
        if len(told) <= max(ROOM_FOR_CAUSE, len(attributes)) and _size(message.body, told) <= SAFE_BYTES:
            attributes = told
    return attributes


def _size(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Return how many bytes SQS counts."""
    size = len(body.encode())
    for name, attribute in attributes.items():
        value = attribute.get("BinaryValue") or str(attribute.get("StringValue", "")).encode()
        size += len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
    return size
