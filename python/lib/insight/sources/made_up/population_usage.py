"""What the made-up population does, day by day: every day of every account has its own source of chance.

So any range can be made by itself, one account's data never depends on another's, and all of it is the same on every
machine: only `random` is drawn, whose sequence for a seed Python promises never to change.
"""

import functools
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any

from insight.periods import zone
from insight.sources.accounts import Account
from insight.sources.events import Kind

SEED = 20260801
FIRST, END = date(2025, 10, 1), date(2026, 11, 5)
"""Thirteen local months, and a few days more, without which October could not be known to be complete."""

_DOCUMENT_KINDS = ("job post", "recruiting mail")
_SATURDAY = 5
_SHARE_OF_PHRASES_TAKEN = 0.6
_SHARE_AT_ANY_HOUR = 0.05
_SHARE_WITHOUT_USER = 0.004
_SHARE_OF_NEWER_KINDS = 0.003
_SHARE_LATE = 0.005
_SHARE_SCORED_AGAIN = 0.1

Event = dict[str, Any]


class AdoptionCurve(Enum):
    """How many of an account's seats take part: at the beginning of the thirteen months, and at their end."""

    GROWING = (0.3, 0.9)
    STEADY = (0.7, 0.75)
    DECLINING = (0.85, 0.35)
    CHURNED = (0.6, -0.3)
    NEW = (-0.9, 0.85)

    def share(self, day: date) -> float:
        """Return the share of the users who take part on a day; zero or less before it begins and after it has left."""
        begin, end = self.value
        return float(begin + (end - begin) * (day - FIRST).days / (END - FIRST).days)


def chance(account: str, purpose: str) -> random.Random:
    """Return an account's own source of chance for one purpose."""
    return random.Random(f"{SEED}:{account}:{purpose}")  # noqa: S311  Not a secret.


def usage(account: Account, curve: AdoptionCurve, first: date, end: date) -> Iterator[Event]:
    """Yield what an account's users did on the local days from `first` up to `end`, each event once."""
    for offset in range((end - first).days):
        yield from _day(account, curve, first + timedelta(days=offset))


def user_id(account: Account, number: int) -> str:
    """Return the id of one of the account's users."""
    return f"{account.account}-user-{number:03}"


def _day(account: Account, curve: AdoptionCurve, day: date) -> Iterator[Event]:
    draw = chance(account.account, f"usage of {day}")
    pace = 0.05 if day.weekday() >= _SATURDAY else 0.9
    taking_part = int(account.seats * curve.share(day))
    visits = _Visits(account, day, draw)
    for number, habit in enumerate(_habits(account.account, account.seats)[: max(taking_part, 0)], start=1):
        if draw.random() < habit * pace:
            yield from visits.of(user_id(account, number))


@functools.lru_cache(maxsize=1)
def _habits(account: str, users: int) -> tuple[float, ...]:
    draw = chance(account, "habits")
    return tuple(draw.random() for _ in range(users))


class _Visits:
    """The sessions of one account on one day; documents are numbered through the day."""

    def __init__(self, account: Account, day: date, draw: random.Random) -> None:
        self._account, self._day, self._draw = account, day, draw
        self._documents = 0
        self._at = datetime.min.replace(tzinfo=UTC)

    def of(self, user: str) -> Iterator[Event]:
        """Yield one session of one user and what happened in it, a few minutes apart."""
        self._at = self._start()
        yield self._event(user, Kind.SESSION_STARTED)
        for _ in range(int(self._draw.random() * 3)):
            yield from self._document(user)
        if self._draw.random() < _SHARE_SCORED_AGAIN:
            yield self._old_document_scored(user)
        if self._draw.random() < _SHARE_OF_NEWER_KINDS:
            yield self._event(user, "tour_ended")

    def _document(self, user: str) -> Iterator[Event]:
        self._documents += 1
        document = self._named(self._day, self._documents)
        first = 30 + int(self._draw.random() * 40)
        yield self._event(user, Kind.DOCUMENT_CREATED, **document)
        yield self._event(user, Kind.DOCUMENT_SCORED, **document, score=first, first_score=first)
        for _ in range(int(self._draw.random() * 4)):
            yield self._event(user, Kind.PHRASE_SHOWN, document=document["document"])
            if self._draw.random() < _SHARE_OF_PHRASES_TAKEN:
                yield self._event(user, Kind.PHRASE_ACCEPTED, document=document["document"])
        last = first + int(self._draw.random() * 34) - 4
        yield self._event(user, Kind.DOCUMENT_SCORED, **document, score=last, first_score=first)

    def _old_document_scored(self, user: str) -> Event:
        """Score a document of some day before, which may have been created outside of the period, or never."""
        document = self._named(self._day - timedelta(days=1 + int(self._draw.random() * 40)), 1)
        return self._event(user, Kind.DOCUMENT_SCORED, **document, score=50 + int(self._draw.random() * 40))

    def _named(self, day: date, number: int) -> dict[str, str]:
        kind = _DOCUMENT_KINDS[(day.toordinal() + number) % 7 % len(_DOCUMENT_KINDS)]
        return {"document": f"{self._account.account}-doc-{day:%y%m%d}-{number:03}", "document_kind": kind}

    def _event(self, user: str, kind: str, **fields: object) -> Event:
        self._at += timedelta(seconds=20 + int(self._draw.random() * 300))
        late = self._draw.random() < _SHARE_LATE
        return {
            "event_id": f"{int(self._draw.random() * 2**53):014x}",
            "account": self._account.account,
            **({} if self._draw.random() < _SHARE_WITHOUT_USER else {"user": user}),
            "kind": str(kind),
            "at": _stamp(self._at),
            **fields,
            "received_at": _stamp(self._at + (timedelta(hours=30) if late else timedelta(seconds=7))),
        }

    def _start(self) -> datetime:
        """Return when a session starts: in working hours mostly, now and then at any hour, so that edges matter."""
        any_hour = self._draw.random() < _SHARE_AT_ANY_HOUR
        minutes = self._draw.random() * 24 * 60 if any_hour else (8 + self._draw.random() * 10) * 60
        local = datetime.combine(self._day, time(), tzinfo=zone(self._account.time_zone))
        return (local + timedelta(minutes=int(minutes))).astimezone(UTC)


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
