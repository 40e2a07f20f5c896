"""From an event of CloudWatch Logs to a line: JSON of our functions or of Lambda, the runtime's text, or plain text.

Nothing that a function writes makes this fail: what is not understood is a message without level.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opscore import exact_json
from opscore.logs import platform
from opscore.logs.line import Kind, Level, LogLine, level_named
from opscore.logs.log_events import LogEvent

_LEVELS = ("level", "levelname", "severity")
_MESSAGES = ("message", "msg")
_REQUEST_IDS = ("requestId", "request_id", "function_request_id", "aws_request_id", "AWSRequestId")
_TIMES = ("timestamp", "time", "@timestamp")
_TIME = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
_ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

# Python: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
_PYTHON = re.compile(rf"\[(?P<level>[A-Z]+)\]\t{_TIME}\t(?P<id>\S*)\t(?P<text>.*)", re.DOTALL)
# Node.js: https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
_NODE = re.compile(rf"{_TIME}\t(?P<id>\S+)\t(?P<level>[A-Z]+)\t(?P<text>.*)", re.DOTALL)
# An exception that left the handler: "[ERROR] KeyError: 'x'".
_UNCAUGHT = re.compile(r"\[(?P<level>[A-Z]+)\][ \t]+(?P<text>.*)", re.DOTALL)
_TIMED_OUT = re.compile(rf"{_TIME} (?P<id>{_ID}) (?P<text>Task timed out after .*)", re.DOTALL)
_EXITED = re.compile(rf"RequestId: (?P<id>{_ID}) Error: (?P<text>.*)", re.DOTALL)
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class _Said:
    """What a text says, before it is known when and where it was written."""

    level: Level | None
    message: str
    request_id: str | None = None
    fields: Mapping[str, Any] | None = None
    kind: Kind = "message"


def parse(event: LogEvent) -> LogLine:
    """Return the line that the event holds."""
    raw = _LONE_SURROGATES.sub(lambda found: f"\\u{ord(found[0]):x}", event.message)
    said = _said(raw)
    return LogLine(
        at=dt.datetime.fromtimestamp(event.at_ms / 1000, dt.UTC),
        level=said.level,
        message=said.message,
        stream=event.stream,
        raw=raw,
        request_id=said.request_id or None,
        fields=said.fields or {},
        kind=said.kind,
    )


def _said(raw: str) -> _Said:
    found = exact_json.read_object(raw)
    if found is not None:
        return _by_lambda(platform.from_json(found), raw) or _of_record(found)
    text = raw.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    return _by_lambda(platform.from_text(text), text) or _of_text(text)


def _by_lambda(line: platform.PlatformLine | None, text: str) -> _Said | None:
    return _Said(line.level, line.words or text, line.request_id, kind=line.kind) if line else None


def _of_record(found: Mapping[str, Any]) -> _Said:
    """Read a JSON line: the well-known keys, and everything else as a field."""
    rest = dict(found)
    level = level_named(_take(rest, _LEVELS, lambda value: level_named(value) is not None))
    message = _take(rest, _MESSAGES, lambda _value: True)
    request_id = _take(rest, _REQUEST_IDS, lambda value: isinstance(value, str))
    _take(rest, _TIMES, lambda value: isinstance(value, str))  # the event's own time is the one that sorts
    if not isinstance(message, str):
        message = "" if message is None else exact_json.write(message, comma=", ", colon=": ")
    return _Said(level, message.rstrip("\n"), request_id, rest)


def _take(rest: dict[str, Any], keys: Iterable[str], accepts: Any) -> Any:
    """Remove and return the value of the first of `keys` that is there and is accepted."""
    return next((rest.pop(key) for key in keys if key in rest and accepts(rest[key])), None)


def _of_text(text: str) -> _Said:
    for form in (_PYTHON, _NODE, _UNCAUGHT):
        if (found := form.fullmatch(text)) and (level := level_named(found["level"])):
            return _Said(level, found["text"], found.groupdict().get("id"))
    for form in (_TIMED_OUT, _EXITED):
        if found := form.fullmatch(text):
            return _Said("ERROR", found["text"], found["id"])
    return _Said(None, text)
