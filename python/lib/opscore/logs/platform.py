"""The lines that Lambda itself writes: START, END, REPORT, INIT_START and their JSON form.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html (both formats),
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html (the JSON records).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opscore.logs.line import Kind, Level

_START = re.compile(r"START RequestId: ([\w-]+) Version: \S+\s*")
_END = re.compile(r"END RequestId: ([\w-]+)\s*")
_REPORT = re.compile(r"REPORT RequestId: ([\w-]+)\t")
_STARTUP_REPORT = re.compile(r"(?:INIT|RESTORE)_REPORT ")
_LIFECYCLE = re.compile(r"(?:INIT_START|RESTORE_START|EXTENSION|TELEMETRY|LOGS|XRAY TraceId:)(?:\s|$)")
_JSON_KINDS: Mapping[str, Kind] = {
    "platform.start": "start",
    "platform.runtimeDone": "lifecycle",
    "platform.report": "report",
}
_OUT_OF_MEMORY = "Runtime.OutOfMemory"


@dataclass(frozen=True)
class PlatformLine:
    """What a line of Lambda says; `level` and `words` are None when all is as it should be."""

    kind: Kind
    request_id: str | None = None
    level: Level | None = None
    words: str | None = None


@dataclass(frozen=True)
class Ending:
    """How a request, or the start of an execution environment, ended; times in milliseconds, memory in MB."""

    status: str
    error_type: str
    duration_ms: float | None
    memory: float | None
    used: float | None
    subject: str = "the request"


def from_text(text: str) -> PlatformLine | None:
    """Return what a line in the text format says, None when the function wrote it."""
    if found := _START.fullmatch(text):
        return PlatformLine("start", found[1])
    if found := _END.fullmatch(text):
        return PlatformLine("end", found[1])
    if found := _REPORT.match(text):
        return _reported("report", found[1], _ending_in_text(text, "Duration"))
    if _STARTUP_REPORT.match(text):
        return _reported("lifecycle", None, _ending_in_text(text, "Init Duration", "the start of the function"))
    return PlatformLine("lifecycle") if _LIFECYCLE.match(text) else None


def from_json(found: Mapping[str, Any]) -> PlatformLine | None:
    """Return what a line in the JSON format says, None when the function wrote it."""
    name, record = found.get("type"), found.get("record")
    if not isinstance(name, str) or not name.startswith("platform.") or not isinstance(record, Mapping):
        return None
    request_id = record.get("requestId")
    subject = "the request" if name == "platform.report" else "the start of the function"
    kind = _JSON_KINDS.get(name, "lifecycle")
    known_id = request_id if isinstance(request_id, str) else None
    if not name.endswith(("report", "Report")):
        return PlatformLine(kind, known_id)
    return _reported(kind, known_id, _ending_in_json(record, subject))


def in_words(ending: Ending) -> tuple[Level, str] | None:
    """Return level and sentence for an end that somebody must know of, None for one as it should be.

    A handler's own exception (status `failure`) is not told here: the runtime has written it with its traceback.
    """
    after = f" after {ending.duration_ms / 1000:,.1f} s" if ending.duration_ms is not None else ""
    full = None not in (ending.memory, ending.used) and (ending.used or 0) >= (ending.memory or 0)
    used = f"{ending.used:g} of {ending.memory:g} MB used" if ending.used and ending.memory else ""
    if ending.status == "timeout":
        return "ERROR", _sentence(f"{ending.subject} timed out{after}", used)
    if ending.error_type == _OUT_OF_MEMORY or (ending.status == "error" and full):
        return "ERROR", _sentence(f"{ending.subject} ran out of memory{after}", used)
    if ending.status == "error":
        return "ERROR", _sentence(f"{ending.subject} ended with {ending.error_type or 'an error'}{after}", used)
    return ("WARNING", _sentence(f"{ending.subject} used all its memory", used)) if full else None


def _reported(kind: Kind, request_id: str | None, ending: Ending) -> PlatformLine:
    level, words = in_words(ending) or (None, None)
    return PlatformLine(kind, request_id, level, words)


def _ending_in_text(text: str, duration: str, subject: str = "the request") -> Ending:
    parts = [part.partition(": ") for part in re.split(r"[\t\n]", text.replace("INIT_REPORT ", "", 1))]
    facts = {name.strip(): value.strip() for name, _, value in parts}
    return Ending(
        facts.get("Status", ""),
        facts.get("Error Type", ""),
        _number(facts.get(duration)),
        _number(facts.get("Memory Size")),
        _number(facts.get("Max Memory Used")),
        subject,
    )


def _ending_in_json(record: Mapping[str, Any], subject: str) -> Ending:
    said = record.get("metrics")
    metrics: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    return Ending(
        str(record.get("status", "")),
        str(record.get("errorType", "")),
        _number(metrics.get("durationMs")),
        _number(metrics.get("memorySizeMB")),
        _number(metrics.get("maxMemoryUsedMB")),
        subject,
    )


def _number(value: Any) -> float | None:
    """Return the number in `128 MB`, `3000.00 ms` or a JSON number; None when there is none."""
    found = re.match(r"\d{1,15}(\.\d{1,15})?(?=\s|$)", str(value))
    return float(found[0]) if found else None


def _sentence(what: str, used: str) -> str:
    return f"{what[0].upper()}{what[1:]}{f' ({used})' if used else ''}."
