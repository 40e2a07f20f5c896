"""Why a message died. SQS does not say; the consumer's log does, or the message itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from opscore import exact_json
from opscore.dead_letters.causes.signatures import UUID, signature
from opscore.dead_letters.envelopes import text
from opscore.dead_letters.message import DeadLetter, moment_text
from opscore.logs.log_events import LogEvent

_CRASHES = ("Task timed out", "Runtime exited", "Runtime.ExitError", "Runtime.ImportModuleError", "Runtime.OutOfMemory")
PATTERN = " ".join(f'?"{text}"' for text in ("ERROR", "CRITICAL", "FATAL", *_CRASHES))
"""What CloudWatch selects: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""

_NAMING = ("message_id", "messageId", "request_id", "requestId", "aws_request_id")
_IDS_IN_A_LINE = 10
_ERROR_TYPE = ("error_type", "errorType", "exception_type", "exc_type")
_ERROR = ("error", "errorMessage", "error_message", "exception", "message")


@dataclass(frozen=True)
class Cause:
    """What the consumer logged about a message, and when.

    `certain` is false for a crash of the consumer at about the right time: such a line names no message.
    """

    error_type: str
    error: str
    at_ms: int
    certain: bool = True

    def __str__(self) -> str:
        text = f"{self.error_type}: {self.error}" if self.error_type else self.error
        return text if self.certain else f"perhaps {text} ({moment_text(self.at_ms)})"


def own_cause(letter: DeadLetter) -> Cause | None:
    """Return the cause that a letter carries itself, as those of Lambda, SNS, EventBridge and our workers do.

    What a queue gave up has been received again since: what it still carries is why it died an earlier time.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: ErrorCode and ErrorMessage;
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html: ERROR_CODE and ERROR_MESSAGE.
    """
    if letter.origin_arn:
        return None
    if (code := text(letter, "ERROR_CODE")) and text(letter, "TARGET_ARN"):
        return Cause(code, " ".join(text(letter, "ERROR_MESSAGE").split()), letter.sent_ms)
    said = text(letter, "ErrorMessage")
    if not said or not text(letter, "RequestID"):
        return _cause_of_record(letter)
    fields, code = _json(said), text(letter, "ErrorCode") or "?"
    error_type = fields.get("errorType") or (f"status {code}" if code.isdecimal() or code == "?" else code)
    return Cause(str(error_type), str(fields.get("errorMessage") or said), letter.sent_ms)


def _cause_of_record(letter: DeadLetter) -> Cause | None:
    """Return the cause in the record of an on-failure destination: what the function answered, or why it did not."""
    if '"requestPayload"' not in letter.body or not (context := _json(letter.body).get("requestContext")):
        return None
    answer = _json(letter.body).get("responsePayload")
    if isinstance(answer, Mapping) and answer.get("errorMessage"):
        return Cause(str(answer.get("errorType") or ""), str(answer["errorMessage"]), letter.sent_ms)
    condition = context.get("condition") if isinstance(context, Mapping) else None
    return Cause("", str(condition), letter.sent_ms) if condition else None


def read_error(event: LogEvent) -> Cause | None:
    """Return the error that a log line reports, None when it reports none."""
    fields = _json(event.message)
    if not fields:
        return _plain_error(event)
    if str(fields.get("level", "")).upper() not in ("ERROR", "CRITICAL", "FATAL"):
        return None
    return Cause(_first(fields, _ERROR_TYPE), " ".join(_first(fields, _ERROR).split()), event.at_ms)


def _plain_error(event: LogEvent) -> Cause | None:
    if "[ERROR]" not in event.message:
        return None
    line, *_ = event.message.split("[ERROR]", 1)[1].splitlines() or [""]
    # Python's runtime writes "[ERROR]\t<time>\t<request id>\t<text>" for a log call, "[ERROR] Type: text" for a crash.
    error_type, _, text = line.split("\t")[-1].strip().partition(": ")
    return Cause(error_type, text, event.at_ms) if text else Cause("", error_type, event.at_ms)


def is_crash(text: str) -> bool:
    """Say whether a log line reports that the consumer itself crashed."""
    return any(crash in text for crash in _CRASHES)


def read_crash(event: LogEvent) -> Cause:
    """Return what a line that reports a crash says."""
    fields = _json(event.message)
    text = _first(fields, ("errorMessage", *_ERROR)) if fields else event.message
    text = " ".join(UUID.sub("", text).split())
    return Cause("", text, event.at_ms, certain=False)


def _json(text: str) -> Mapping[str, Any]:
    try:
        fields = exact_json.read(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, Mapping) else {}


def _first(fields: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((str(fields[key]) for key in keys if fields.get(key)), "")


def ids_of(letter: DeadLetter) -> Iterator[str]:
    """Yield the ids by which a log may name `letter`: its own, and that of the request of an asynchronous event."""
    yield letter.message_id
    if letter.origin_arn:
        return  # it died as itself; a request that it still carries is of an earlier death
    if request := letter.attributes.get("RequestID", {}).get("StringValue"):
        yield str(request)


def signature_of(cause: Cause) -> str:
    """Return what causes of one kind have in common."""
    text = signature(cause.error)
    return f"{cause.error_type}: {text}" if cause.error_type else text


def named_ids(line: str) -> Iterator[str]:
    """Yield the ids of messages and requests that a log line names."""
    try:
        fields = exact_json.read(line)
    except ValueError:
        yield from UUID.findall(line)[:_IDS_IN_A_LINE]
        return
    if isinstance(fields, dict):
        yield from (str(fields[key]) for key in _NAMING if fields.get(key))
