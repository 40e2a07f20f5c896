"""Why a message died. SQS does not say; the consumer's log does."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from opscore import exact_json, log_events
from opscore.dead_letters.causes.signatures import UUID, signature
from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import BATCH, QueueFacts
from opscore.dead_letters.message import DeadLetter, moment_text
from opscore.errors import NotFound
from opscore.id_set import IdMap
from opscore.log_events import LogEvent

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient

EARLIER_MS = 60_000
"""How long before a message's own time stamp to begin: the clocks of SQS and of Lambda are not the same."""

_CRASHES = ("Task timed out", "Runtime exited", "Runtime.ExitError", "Runtime.ImportModuleError", "Runtime.OutOfMemory")
PATTERN = " ".join(f'?"{text}"' for text in ("ERROR", "CRITICAL", "FATAL", *_CRASHES))
"""What CloudWatch selects: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""

MAXIMUM_LINES = 1_000_000
MAXIMUM_SIGNATURES = 5_000

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


def _crash(event: LogEvent) -> Cause:
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


class CauseIndex:
    """The errors that consumers logged in a time span, by the message or request they name, read from the log once.

    Its memory is one number an id and the texts of the signatures, and of the ids `in_full` the whole error, too.
    """

    def __init__(self, in_full: Collection[str] = ()) -> None:
        self._in_full = frozenset(in_full)
        self._causes: dict[str, Cause] = {}
        self._signatures: list[str] = []
        self._numbers: dict[str, int] = {}
        self._latest = IdMap()
        self._last_crash: Cause | None = None

    @classmethod
    def read(
        cls, logs: "CloudWatchLogsClient", log_groups: Iterable[str], start_ms: int, in_full: Collection[str] = ()
    ) -> "CauseIndex":
        """Read the errors and crashes in the log groups since `start_ms`."""
        return cls.of((event for group in log_groups for event in _errors(logs, group, start_ms)), in_full)

    @classmethod
    def of(cls, events: Iterable[LogEvent], in_full: Collection[str] = ()) -> "CauseIndex":
        """Return the index of log lines. CloudWatch gives them by time; of an id the last one counts."""
        index = cls(in_full)
        for event in events:
            index._add(event)
        return index

    def of_id(self, name: str) -> str | None:
        """Return the signature of the last error that named a message or request id."""
        number = self._latest.get(name)
        return None if number is None else self._signatures[number]

    def cause(self, letter: DeadLetter) -> str | None:
        """Return the signature of why `letter` died, None when nothing names it."""
        if own := own_cause(letter):
            return signature_of(own)
        return next((found for name in ids_of(letter) if (found := self.of_id(name))), None)

    def explain(self, letter: DeadLetter) -> Cause | None:
        """Return why `letter` died, with its particulars when its ids are kept `in_full`; failing that, the guess."""
        if own := own_cause(letter):
            return own
        return next((self._causes[name] for name in ids_of(letter) if name in self._causes), self.guess(letter))

    def guess(self, letter: DeadLetter) -> Cause | None:
        """Return the last crash of a consumer, when that was after `letter` was sent: the line names no message."""
        crash = self._last_crash
        return crash if crash and crash.at_ms >= letter.sent_ms - EARLIER_MS else None

    def _add(self, event: LogEvent) -> None:
        if is_crash(event.message):
            self._last_crash = _crash(event)
        cause = read_error(event)
        if not cause:
            return
        number = self._number(signature_of(cause))
        for name in named_ids(event.message):
            self._latest.put(name, number)
            if name in self._in_full:
                self._causes[name] = cause

    def _number(self, text: str) -> int:
        if text not in self._numbers and len(self._numbers) >= MAXIMUM_SIGNATURES:
            text = "other errors"
        number = self._numbers.setdefault(text, len(self._numbers))
        if number == len(self._signatures):
            self._signatures.append(text)
        return number


def read_causes(
    sqs: "SQSClient", logs: "CloudWatchLogsClient", dead_letters: QueueFacts, log_groups: Iterable[str]
) -> CauseIndex:
    """Return the consumers' errors since about the time the oldest dead letter was sent."""
    first = peek(sqs, dead_letters, limit=BATCH) if dead_letters.visible else []
    return CauseIndex.read(logs, log_groups, since(first, dead_letters))


def since(letters: Iterable[DeadLetter], dead_letters: QueueFacts) -> int:
    """Return from when on to read the log for `letters`, in milliseconds since the epoch."""
    return max(0, min((letter.sent_ms for letter in letters), default=dead_letters.asked_ms) - EARLIER_MS)


def ids_of(letter: DeadLetter) -> Iterator[str]:
    """Yield the ids by which a log may name `letter`: its own, and that of the request of an asynchronous event."""
    yield letter.message_id
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


def _errors(logs: "CloudWatchLogsClient", group: str, start_ms: int) -> Iterator[LogEvent]:
    try:
        yield from islice(log_events.read(logs, group, start_ms=start_ms, pattern=PATTERN), MAXIMUM_LINES)
    except NotFound:
        return
