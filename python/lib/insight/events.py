"""Usage events: one line of JSON each, read strictly, because a wrong number is worse than a late report."""

import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from insight.periods import Period
from insight.texts import is_one_line
from opscore.errors import OpsError

_HIGHEST_SCORE = 100


class Kind(enum.StrEnum):
    """What a user did."""

    SESSION_STARTED = "session_started"
    DOCUMENT_CREATED = "document_created"
    DOCUMENT_SCORED = "document_scored"
    PHRASE_ACCEPTED = "phrase_accepted"


class Dropped(enum.StrEnum):
    """Why a row that was read is not counted."""

    FOREIGN_ACCOUNT = "belongs to another account"
    UNKNOWN_KIND = "of a kind that this report does not know"
    OUTSIDE_PERIOD = "outside the period"
    DUPLICATE = "same event id as an earlier row"


_KINDS = frozenset(Kind)


class DamagedEvents(OpsError):
    """A line of an event file cannot be read. The file can be mended and the report then made."""

    def __init__(self, key: str, line: int, problem: str) -> None:
        super().__init__(
            f"{key}, line {line}: {problem}",
            hint="Mend that line in the bucket, then replay the message or order the report again.",
        )
        self.key = key
        self.line = line


@dataclass(frozen=True)
class UsageEvent:
    """One thing that one user did. `kind` is a Kind or a name that only newer code knows; scores run 0 to 100."""

    event_id: str
    account: str
    user: str
    kind: str
    at: datetime
    document: str = ""
    document_kind: str = ""
    score: float | None = None
    first_score: float | None = None


@dataclass
class RowCounts:
    """How many rows were read, for each reason how many are not counted, and the latest instant of a counted one."""

    read: int = 0
    newest: datetime | None = None
    dropped: dict[Dropped, int] = field(default_factory=lambda: dict.fromkeys(Dropped, 0))

    @property
    def counted(self) -> int:
        """The rows that the metrics saw."""
        return self.read - sum(self.dropped.values())


def read_lines(key: str, lines: Iterable[bytes]) -> Iterator[UsageEvent]:
    """Yield the events of the file `key`; blank lines are skipped, a damaged one raises DamagedEvents."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield parse_line(line)
            except _Damage as damage:
                raise DamagedEvents(key, number, str(damage)) from None


def parse_line(line: bytes) -> UsageEvent:
    """Read one event; fields this code does not know are left alone, because producers add some first."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise _Damage("not JSON") from None
    if not isinstance(values, dict):
        raise _Damage("not a JSON object")
    event = UsageEvent(
        event_id=_text(values, "event_id"),
        account=_text(values, "account"),
        user=_text(values, "user"),
        kind=_text(values, "kind"),
        at=_instant(values),
        document=_text(values, "document", ""),
        document_kind=_text(values, "document_kind", ""),
        score=_score(values, "score"),
        first_score=_score(values, "first_score"),
    )
    _check_document(event)
    return event


def screen(events: Iterable[UsageEvent], account: str, period: Period, counts: RowCounts) -> Iterator[UsageEvent]:
    """Yield each event of `account` in `period` once, and count every row in `counts`, the dropped ones by reason.

    Holds the ids of the events it yields, not the events: the same id may come again in any later file.
    """
    seen: set[str] = set()
    for event in events:
        counts.read += 1
        reason = _reason_to_drop(event, account, period, seen)
        if reason:
            counts.dropped[reason] += 1
        else:
            seen.add(event.event_id)
            counts.newest = max(counts.newest or event.at, event.at)
            yield event


class _Damage(Exception):
    """What is wrong with a line; never what stands in it, for that is a person's data."""


def _reason_to_drop(event: UsageEvent, account: str, period: Period, seen: set[str]) -> Dropped | None:
    if event.account != account:
        return Dropped.FOREIGN_ACCOUNT
    if event.kind not in _KINDS:
        return Dropped.UNKNOWN_KIND
    if not period.starts_at <= event.at < period.ends_at:
        return Dropped.OUTSIDE_PERIOD
    return Dropped.DUPLICATE if event.event_id in seen else None


def _check_document(event: UsageEvent) -> None:
    if event.kind not in {Kind.DOCUMENT_CREATED, Kind.DOCUMENT_SCORED}:
        return
    if not event.document or not event.document_kind:
        raise _Damage(f"{event.kind} without `document` or `document_kind`")
    if event.kind == Kind.DOCUMENT_SCORED and event.score is None:
        raise _Damage(f"{event.kind} without `score`")


def _text(values: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = values.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise _Damage(f"`{name}` is missing or not a text")
    if not is_one_line(value):
        raise _Damage(f"`{name}` holds control characters")
    return value


def _instant(values: Mapping[str, Any]) -> datetime:
    text = _text(values, "at")
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _Damage("`at` is not an instant with an offset from UTC")


def _score(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _HIGHEST_SCORE:
        raise _Damage(f"`{name}` is not a number from 0 to {_HIGHEST_SCORE}")
    return float(value)
