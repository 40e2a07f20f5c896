"""Usage events: one line of JSON each, read strictly, because a wrong number is worse than a late report."""

import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from insight.texts import is_one_line
from opscore.errors import OpsError

HIGHEST_SCORE = 100


class Kind(enum.StrEnum):
    """What a user did."""

    SESSION_STARTED = "session_started"
    DOCUMENT_CREATED = "document_created"
    DOCUMENT_SCORED = "document_scored"
    PHRASE_SHOWN = "phrase_shown"
    PHRASE_ACCEPTED = "phrase_accepted"


class Dropped(enum.StrEnum):
    """Why a row that was read is not counted; the name in lower case is what queries and manifests call it."""

    FOREIGN_ACCOUNT = "belongs to another account"
    UNKNOWN_KIND = "of a kind that this report does not know"
    INCOMPLETE = "lacks the document, its kind or the score that its own kind needs"
    OUTSIDE_PERIOD = "outside the period"
    DUPLICATE = "same event id as another row"
    TORN = "cut off at the end of a file, whose writer died or had not finished"


class DamagedEvents(OpsError):
    """A row of an event file cannot be read; line 0 is the file as a whole. Once corrected, it can be read."""

    def __init__(self, key: str, line: int, problem: str) -> None:
        where = f"{key}, line {line}" if line else key
        super().__init__(
            f"{where}: {problem}",
            hint="Correct it in the bucket, then replay the message or order the report again.",
        )
        self.key = key
        self.line = line


@dataclass(frozen=True)
class UsageEvent:
    """One thing that one user did. `kind` is a Kind or a name that only newer code knows; scores run 0 to 100.

    `user` is None when the producer no longer knows it; `received_at` is when the event arrived, if that was noted.
    """

    event_id: str
    account: str
    user: str | None
    kind: str
    at: datetime
    document: str | None = None
    document_kind: str | None = None
    score: float | None = None
    first_score: float | None = None
    received_at: datetime | None = None


def read_lines(key: str, lines: Iterable[bytes]) -> Iterator[UsageEvent | None]:
    """Yield the events of the file `key`; blank lines are skipped, a damaged one raises DamagedEvents.

    None stands for a torn end: a last line that is neither JSON nor ended, as a writer leaves it that dies.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield parse_line(line)
            except _NotJson as damage:
                if line.endswith(b"\n"):
                    raise DamagedEvents(key, number, str(damage)) from None
                yield None
            except _Damage as damage:
                raise DamagedEvents(key, number, str(damage)) from None


def parse_line(line: bytes) -> UsageEvent:
    """Read one event; fields this code does not know are left alone, because producers add some first."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise _NotJson("not JSON") from None
    if not isinstance(values, dict):
        raise _Damage("not a JSON object")
    return UsageEvent(
        event_id=_text(values, "event_id"),
        account=_text(values, "account"),
        user=_optional(values, "user"),
        kind=_text(values, "kind"),
        at=_instant(values, "at"),
        document=_optional(values, "document"),
        document_kind=_optional(values, "document_kind"),
        score=_score(values, "score"),
        first_score=_score(values, "first_score"),
        received_at=_instant(values, "received_at") if values.get("received_at") is not None else None,
    )


class _Damage(Exception):
    """What is wrong with a line; never what stands in it, for that is a person's data."""


class _NotJson(_Damage):
    """A line that is no JSON at all, as a torn one is."""


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise _Damage(f"`{name}` is missing or not a text")
    if not is_one_line(value):
        raise _Damage(f"`{name}` holds control characters")
    return value


def _optional(values: Mapping[str, Any], name: str) -> str | None:
    return None if values.get(name) is None else _text(values, name)


def _instant(values: Mapping[str, Any], name: str) -> datetime:
    text = _text(values, name)
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _Damage(f"`{name}` is not an instant with an offset from UTC")


def _score(values: Mapping[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HIGHEST_SCORE:
        raise _Damage(f"`{name}` is not a number from 0 to {HIGHEST_SCORE}")
    return float(value)
