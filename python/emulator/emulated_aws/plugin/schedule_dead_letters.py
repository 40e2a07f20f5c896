"""EventBridge Scheduler: the dead letter of a run whose target does not exist.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html

A run fails here when its queue, function, state machine or topic does not exist; AWS also asks the target's role. There
are no further attempts, so the letter says that none was made. Its body is the request that failed.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc, sns, sqs, stepfunctions

Failure = tuple[str, str]
"""The error's code and message."""

TARGETS: Mapping[str, tuple[Callable[[str], Any], Failure]] = {
    "lambda": (
        lambda arn: lambda_svc._get_func_record_for_ref(arn)[0],
        ("ResourceNotFoundException", "Function not found: {arn}"),
    ),
    "sns": (sns._topics.get, ("NotFoundException", "Topic does not exist")),
    "sqs": (
        sqs._queue_by_arn,
        ("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist for this wsdl version."),
    ),
    "states": (
        stepfunctions._resolve_state_machine_arn,
        ("StateMachineDoesNotExist", "State Machine Does Not Exist: '{arn}'"),
    ),
}
REQUESTS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "lambda": ("FunctionName", "Payload", {"InvocationType": "Event"}),
    "sns": ("TopicArn", "Message", {}),
    "sqs": ("QueueUrl", "MessageBody", {}),
    "states": ("StateMachineArn", "Input", {}),
}
"""Service -> how its request names the target and the input, and what else it says."""


def what_is_missing(arn: str) -> Failure | None:
    """Return the error that a run meets because its target does not exist; None when it does."""
    find, (code, message) = TARGETS.get(_service(arn), (lambda _arn: True, ("", "")))
    return None if find(arn) else (code, message.format(arn=arn))


def _service(arn: str) -> str:
    try:
        return str(parse_arn(arn).service)
    except ArnParseError:
        return ""


def send_dead_letter(schedule: Mapping[str, Any], target: Mapping[str, Any], due: datetime, failure: Failure) -> None:
    """Send the failed run to the queue that the target names for it; nowhere when there is no such queue."""
    queue = sqs._queue_by_arn(str((target.get("DeadLetterConfig") or {}).get("Arn", "")))
    if queue is None:
        return
    texts = {
        "ERROR_CODE": failure[0],
        "ERROR_MESSAGE": failure[1],
        "EXECUTION_ID": new_uuid(),
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "SCHEDULE_ARN": schedule["Arn"],
        "TARGET_ARN": target["Arn"],
    }
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}
    letter = {"QueueUrl": queue["url"], "MessageBody": _request(target), "MessageAttributes": attributes}
    sqs._HANDLERS["SendMessage"](letter, queue["url"])


def _request(target: Mapping[str, Any]) -> str:
    named, filled, more = REQUESTS[_service(target["Arn"])]
    return json.dumps({named: target["Arn"], filled: target.get("Input", ""), **more})
