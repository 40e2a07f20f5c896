"""The consumer's errors of a whole time span, by the message or request they name, read from the log once."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from opscore import log_events
from opscore.dead_letters.causes.consumer_log import Cause, own_cause, read_error
from opscore.dead_letters.causes.signatures import signature
from opscore.dead_letters.message import DeadLetter
from opscore.errors import NotFound
from opscore.id_set import IdMap
from opscore.log_events import LogEvent

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

ERROR_PATTERN = '?"ERROR" ?"CRITICAL" ?"FATAL"'
MAXIMUM_LINES = 1_000_000
MAXIMUM_SIGNATURES = 5_000

_NAMING = ("message_id", "messageId", "request_id", "requestId", "aws_request_id")
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
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
        yield from _ID.findall(line)[:_IDS_IN_A_LINE]
        return
    if isinstance(fields, dict):
        yield from (str(fields[key]) for key in _NAMING if fields.get(key))


def _errors(logs: "CloudWatchLogsClient", group: str, start_ms: int) -> Iterator[LogEvent]:
    try:
        yield from islice(log_events.read(logs, group, start_ms=start_ms, pattern=ERROR_PATTERN), MAXIMUM_LINES)
    except NotFound:
        return
