"""The numbers of a usage report. Each method of Tally defines one of them, and says exactly what is counted.

Everything here counts distinct things or takes exactly rounded sums, so the order of the events changes nothing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from insight.events import Kind, UsageEvent
from insight.periods import Period


@dataclass(frozen=True)
class Metrics:
    """The numbers of one account and period; None where there is nothing to compute a number from."""

    active_users: int
    seats: int
    seat_utilisation: float | None
    sessions: int
    documents_by_kind: tuple[tuple[str, int], ...]
    documents_scored: int
    mean_score_uplift: float | None
    phrases_accepted: int
    daily_active_users: tuple[tuple[date, int], ...]


def compute(events: Iterable[UsageEvent], period: Period, seats: int) -> Metrics:
    """Compute the metrics of `events`, which hold each event of the account in the period once (events.screen)."""
    tally = Tally(period)
    for event in events:
        tally.add(event)
    return Metrics(
        active_users=tally.active_users(),
        seats=seats,
        seat_utilisation=tally.seat_utilisation(seats),
        sessions=tally.sessions(),
        documents_by_kind=tally.documents_by_kind(),
        documents_scored=tally.documents_scored(),
        mean_score_uplift=tally.mean_score_uplift(),
        phrases_accepted=tally.phrases_accepted(),
        daily_active_users=tally.daily_active_users(),
    )


@dataclass
class _Scores:
    """The first and the last scoring of one document, by instant and then by event id."""

    first: tuple[datetime, str, float]
    last: tuple[datetime, str, float]
    first_known: tuple[datetime, str, float] | None = None

    def uplift(self) -> float:
        start = self.first_known or self.first
        return self.last[2] - start[2]


class Tally:
    """Takes events one by one and keeps what the metrics need of them: distinct ids, never the events."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._users: dict[date, set[str]] = {day: set() for day in period.days}
        self._documents: dict[str, set[str]] = {}
        self._scores: dict[str, _Scores] = {}
        self._sessions = 0
        self._phrases = 0

    def add(self, event: UsageEvent) -> None:
        """Count one event."""
        day = self._period.day_of(event.at)
        if day is None:
            raise ValueError(f"An event at {event.at.isoformat()} lies outside of the period.")
        self._users[day].add(event.user)
        if event.kind == Kind.SESSION_STARTED:
            self._sessions += 1
        elif event.kind == Kind.PHRASE_ACCEPTED:
            self._phrases += 1
        elif event.kind == Kind.DOCUMENT_CREATED:
            self._documents.setdefault(event.document_kind, set()).add(event.document)
        elif event.kind == Kind.DOCUMENT_SCORED:
            self._score(event)

    def active_users(self) -> int:
        """Distinct users with at least one event of any kind in the period."""
        return len(set().union(*self._users.values()))

    def daily_active_users(self) -> tuple[tuple[date, int], ...]:
        """For every local day of the period, days without any included: distinct users with at least one event."""
        return tuple((day, len(users)) for day, users in self._users.items())

    def seat_utilisation(self, seats: int) -> float | None:
        """Active users of the period over the seats in the account's record; above 1 when more users than seats."""
        return self.active_users() / seats if seats else None

    def sessions(self) -> int:
        """`session_started` events."""
        return self._sessions

    def documents_by_kind(self) -> tuple[tuple[str, int], ...]:
        """Distinct documents created in the period, for each document kind, by name of the kind."""
        return tuple((kind, len(self._documents[kind])) for kind in sorted(self._documents))

    def documents_scored(self) -> int:
        """Distinct documents that were scored at least once in the period."""
        return len(self._scores)

    def mean_score_uplift(self) -> float | None:
        """The mean, over the documents scored in the period, of their last minus their first score.

        The last score is the latest in the period. The first is the one the document ever had, where an event of the
        period says it (`first_score`; the latest such event counts), else the earliest in the period.
        """
        if not self._scores:
            return None
        return math.fsum(scores.uplift() for scores in self._scores.values()) / len(self._scores)

    def phrases_accepted(self) -> int:
        """`phrase_accepted` events."""
        return self._phrases

    def _score(self, event: UsageEvent) -> None:
        if event.score is None:
            raise ValueError(f"Event {event.event_id} scores a document without a score.")
        scored = (event.at, event.event_id, event.score)
        scores = self._scores.setdefault(event.document, _Scores(first=scored, last=scored))
        scores.first = min(scores.first, scored)
        scores.last = max(scores.last, scored)
        if event.first_score is not None:
            known = (event.at, event.event_id, event.first_score)
            scores.first_known = max(scores.first_known or known, known)
