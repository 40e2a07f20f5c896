"""Why a message died. SQS does not say; the consumer's log does."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from opscore import log_events
from opscore.dead_letters.causes.signatures import UUID, signature
from opscore.dead_letters.message import DeadLetter, moment
from opscore.errors import NotFound
from opscore.id_set import IdMap
from opscore.log_events import LogEvent

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

EARLIER_MS = 60_000
"""How long before a message's own time stamp to begin: the clocks of SQS and of Lambda are not the same."""

_CRASHES = ("Task timed out", "Runtime exited", "Runtime.ExitError", "Runtime.ImportModuleError", "Runtime.OutOfMemory")
_CRASH_PATTERN = " ".join(f'?"{crash}"' for crash in _CRASHES)
_LINES = 1000
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
        return text if self.certain else f"perhaps {text} ({moment(self.at_ms)})"


def find(logs: "CloudWatchLogsClient", log_group: str, message: DeadLetter) -> Cause | None:
    """Return the last error the consumer logged about `message`; failing that, its last crash since then."""
    start = max(0, message.sent_ms - EARLIER_MS)
    said = own_cause(message) or _last(_lines(logs, log_group, f'"{message.message_id}"', start), message.message_id)
    if said:
        return said
    crashes = [event for event in _lines(logs, log_group, _CRASH_PATTERN, start) if _is_crash(event.message)]
    return _crash(crashes[-1]) if crashes else None


def own_cause(message: DeadLetter) -> Cause | None:
    """Return the cause that the message itself carries, as Lambda's asynchronous dead letters do.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: ErrorCode and ErrorMessage.
    """
    text = message.attributes.get("ErrorMessage", {}).get("StringValue")
    if not text or "RequestID" not in message.attributes:
        return None
    fields = _json(text)
    return Cause(
        str(fields.get("errorType") or f"status {message.attributes.get('ErrorCode', {}).get('StringValue', '?')}"),
        str(fields.get("errorMessage") or text),
        message.sent_ms,
    )


def read_error(event: LogEvent) -> Cause | None:
    """Return the error that a log line tells of, None when it tells of none."""
    fields = _json(event.message)
    if not fields:
        return _plain_error(event)
    if str(fields.get("level", "")).upper() not in ("ERROR", "CRITICAL", "FATAL"):
        return None
    return Cause(_first(fields, _ERROR_TYPE), " ".join(_first(fields, _ERROR).split()), event.at_ms)


def _plain_error(event: LogEvent) -> Cause | None:
    if "[ERROR]" not in event.message:
        return None
    line = event.message.split("[ERROR]", 1)[1].splitlines()[0]
    # Python's runtime writes "[ERROR]\t<time>\t<request id>\t<text>" for a log call, "[ERROR] Type: text" for a crash.
    error_type, _, text = line.split("\t")[-1].strip().partition(": ")
    return Cause(error_type, text, event.at_ms) if text else Cause("", error_type, event.at_ms)


def _last(events: Iterable[LogEvent], named: str) -> Cause | None:
    # Asked for again here: an emulator's filter may let other lines pass.
    found = [cause for event in events if named in event.message and (cause := read_error(event))]
    return found[-1] if found else None


def _lines(logs: "CloudWatchLogsClient", log_group: str, pattern: str, start_ms: int) -> list[LogEvent]:
    try:
        events = list(islice(log_events.read(logs, log_group, start_ms=start_ms, pattern=pattern), _LINES))
    except NotFound:  # nothing was ever logged
        return []
    return sorted(events, key=lambda event: event.at_ms)


def _is_crash(text: str) -> bool:
    return any(crash in text for crash in _CRASHES)


def _crash(event: LogEvent) -> Cause:
    fields = _json(event.message)
    text = _first(fields, ("errorMessage", *_ERROR)) if fields else event.message
    text = " ".join(UUID.sub("", text).split())
    return Cause("", text, event.at_ms, certain=False)


def _json(text: str) -> Mapping[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, Mapping) else {}


def _first(fields: Mapping[str, Any], keys: Iterable[str]) -> str:
    return next((str(fields[key]) for key in keys if fields.get(key)), "")


ERROR_PATTERN = '?"ERROR" ?"CRITICAL" ?"FATAL"'
MAXIMUM_LINES = 1_000_000
MAXIMUM_SIGNATURES = 5_000

_NAMING = ("message_id", "messageId", "request_id", "requestId", "aws_request_id")
_IDS_IN_A_LINE = 10


@dataclass(frozen=True)
class CauseIndex:
    """Which error signature was logged last about an id. Its memory is one number an id, and the signatures' texts."""

    _signatures: list[str]
    _latest: IdMap

    @classmethod
    def empty(cls) -> "CauseIndex":
        """Return an index that knows nothing."""
        return cls([], IdMap())

    @classmethod
    def read(cls, logs: "CloudWatchLogsClient", log_groups: Iterable[str], start_ms: int) -> "CauseIndex":
        """Read the error lines of the log groups since `start_ms`."""
        return cls.of(event for group in log_groups for event in _errors(logs, group, start_ms))

    @classmethod
    def of(cls, events: Iterable[LogEvent]) -> "CauseIndex":
        """Return the index of log lines. CloudWatch gives them nearly in order of time; the last one counts."""
        index = cls.empty()
        numbers: dict[str, int] = {}
        for event in events:
            if not (cause := read_error(event)):
                continue
            text = signature_of(cause)
            if text not in numbers and len(numbers) >= MAXIMUM_SIGNATURES:
                text = "other errors"
            number = numbers.setdefault(text, len(numbers))
            if number == len(index._signatures):
                index._signatures.append(text)
            for name in named_ids(event.message):
                index._latest.put(name, number)
        return index

    def __len__(self) -> int:
        return len(self._latest)

    def of_id(self, name: str) -> str | None:
        """Return the signature of the last error that named a message or request id."""
        number = self._latest.get(name)
        return None if number is None else self._signatures[number]

    def cause(self, letter: DeadLetter) -> str | None:
        """Return the signature of why `letter` died, None when nothing names it."""
        if own := own_cause(letter):
            return signature_of(own)
        request = letter.attributes.get("RequestID", {}).get("StringValue")
        return self.of_id(letter.message_id) or (self.of_id(str(request)) if request else None)


def signature_of(cause: Cause) -> str:
    """Return what causes of one kind have in common."""
    text = signature(cause.error)
    return f"{cause.error_type}: {text}" if cause.error_type else text


def named_ids(line: str) -> Iterator[str]:
    """Yield the ids of messages and requests that a log line names."""
    try:
        fields = json.loads(line)
    except ValueError:
        yield from UUID.findall(line)[:_IDS_IN_A_LINE]
        return
    if isinstance(fields, dict):
        yield from (str(fields[key]) for key in _NAMING if fields.get(key))


def _errors(logs: "CloudWatchLogsClient", group: str, start_ms: int) -> Iterator[LogEvent]:
    try:
        yield from islice(log_events.read(logs, group, start_ms=start_ms, pattern=ERROR_PATTERN), MAXIMUM_LINES)
    except NotFound:
        return
