"""The numbers of a report computed in the plainest way: everything is kept, every event is asked whether it counts.

Written against the definitions' words, not against their SQL, and in exact arithmetic.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from insight.periods import Period
from insight.sources.events import Dropped, UsageEvent
from insight.sources.members import Member

KINDS = {"session_started", "document_created", "document_scored", "phrase_shown", "phrase_accepted"}


def screen(events: Sequence[UsageEvent], account: str, period: Period) -> tuple[list[UsageEvent], dict[Dropped, int]]:
    """Return the events that count, each once, and how many rows do not, by reason."""
    dropped: dict[Dropped, int] = {}
    ours: list[UsageEvent] = []
    for event in events:
        if why := reason(event, account, period):
            dropped[why] = dropped.get(why, 0) + 1
        else:
            ours.append(event)
    kept: dict[str, UsageEvent] = {}
    for event in ours:
        kept[event.event_id] = min(kept.get(event.event_id, event), event, key=_copy_order)
    if len(kept) < len(ours):
        dropped[Dropped.DUPLICATE] = len(ours) - len(kept)
    return list(kept.values()), dropped


def reason(event: UsageEvent, account: str, period: Period) -> Dropped | None:
    """Return why a row does not count, copies aside."""
    if event.account != account:
        return Dropped.FOREIGN_ACCOUNT
    if event.kind not in KINDS:
        return Dropped.UNKNOWN_KIND
    needs_document = event.kind in ("document_created", "document_scored")
    if needs_document and (event.document is None or event.document_kind is None):
        return Dropped.INCOMPLETE
    if event.kind == "document_scored" and event.score is None:
        return Dropped.INCOMPLETE
    local = event.at.astimezone(ZoneInfo(period.time_zone)).date()
    return None if period.start <= local < period.end else Dropped.OUTSIDE_PERIOD


def late(event: UsageEvent) -> bool:
    """Say whether an event arrived more than a day after it happened, in whole milliseconds."""
    if event.received_at is None:
        return False
    received = replace(event, at=event.received_at)
    return bool(_millisecond(received) - _millisecond(event) > timedelta(days=1))


def _copy_order(event: UsageEvent) -> tuple[Any, ...]:
    values = (
        _millisecond(event),
        event.kind,
        event.user,
        event.document,
        event.document_kind,
        event.score,
        event.first_score,
    )
    return tuple((value is None, value if value is not None else 0) for value in values)


def figures(events: Sequence[UsageEvent], period: Period, seats: int) -> dict[str, Any]:
    """Return every figure from the events that count."""
    by_user: dict[str, list[UsageEvent]] = {}
    for event in events:
        if event.user is not None:
            by_user.setdefault(event.user, []).append(event)
    zone = ZoneInfo(period.time_zone)
    user_days = {(event.user, event.at.astimezone(zone).date()) for event in events if event.user is not None}
    weekdays = sum(day.isoweekday() < 6 for day in period.days)
    uplifts = _uplifts(events)
    accepted, shown = (sum(event.kind == kind for event in events) for kind in ("phrase_accepted", "phrase_shown"))
    top = sorted((len(mine) for mine in by_user.values()), reverse=True)
    return {
        "active_users": len(by_user),
        "seats": seats,
        "seat_utilisation": len(by_user) / seats if seats else None,
        "seat_days_used": len(user_days) / (seats * weekdays) if seats * weekdays else None,
        "sessions": sum(event.kind == "session_started" for event in events),
        "documents_created": len({event.document for event in events if event.kind == "document_created"}),
        "documents_scored": len(uplifts),
        "mean_score_uplift": float(sum(uplifts.values()) / len(uplifts)) if uplifts else None,
        "documents_improved": sum(one > 0 for one in uplifts.values()) / len(uplifts) if uplifts else None,
        "phrases_accepted": accepted,
        "phrase_acceptance": accepted / shown if shown else None,
        "concentration": sum(top[:3]) / sum(top) if top else None,
    }


def _uplifts(events: Sequence[UsageEvent]) -> dict[str, Fraction]:
    scored: dict[str, list[UsageEvent]] = {}
    for event in events:
        if event.kind == "document_scored":
            assert event.document is not None
            scored.setdefault(event.document, []).append(event)
    uplifts = {}
    for document, mine in scored.items():
        last = max(mine, key=lambda event: (_millisecond(event), _exact(event.score)))
        first = _exact(min(mine, key=lambda event: (_millisecond(event), _exact(event.score))).score)
        known = [event for event in mine if event.first_score is not None]
        if known:
            first = _exact(max(known, key=lambda event: (_millisecond(event), _exact(event.first_score))).first_score)
        uplifts[document] = _exact(last.score) - first
    return uplifts


def _exact(score: float | None) -> Fraction:
    assert score is not None
    return Fraction(round(score * 10_000), 10_000)


def _millisecond(event: UsageEvent) -> Any:
    return replace(event, at=event.at.replace(microsecond=event.at.microsecond // 1000 * 1000)).at


def tables(events: Sequence[UsageEvent], period: Period, members: Sequence[Member]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the tables whose rows count users or documents."""
    zone = ZoneInfo(period.time_zone)
    seen = [(event.user, event.at.astimezone(zone).date()) for event in events if event.user is not None]
    active = {user for user, _ in seen}
    kinds = {
        document: min(e.document_kind or "" for e in events if e.document == document and _has_kind(e))
        for document in {event.document for event in events if _has_kind(event)}
    }
    created = [event for event in events if event.kind == "document_created"]
    creators = {
        document: min((e.user for e in created if e.document == document and e.user), default=None)
        for document in {event.document for event in created}
    }
    days = {user: len({day for other, day in seen if other == user}) for user in active}
    weekdays = sum(day.isoweekday() < 6 for day in period.days)
    inactive = [member for member in members if not member.has_left and member.user not in active]
    uplifts = _uplifts(events)
    return {
        "daily_active_users": [(day, len({user for user, on in seen if on == day})) for day in period.days],
        "weekly_active_users": _by_span(seen, period, lambda day: day - timedelta(days=day.weekday())),
        "monthly_active_users": _by_span(seen, period, lambda day: day.replace(day=1)),
        "documents_by_kind": [
            (
                kind,
                sum(kinds[document] == kind for document in creators),
                sum(kinds[document] == kind for document in uplifts),
                _mean([uplift for document, uplift in uplifts.items() if kinds[document] == kind]),
            )
            for kind in sorted(set(kinds.values()))
        ],
        "adoption_by_kind": [
            (kind, users, users / len(active) if active else None, _level(users / len(active) if active else None))
            for kind in sorted({kinds[document] for document in creators})
            for users in [len({who for what, who in creators.items() if kinds[what] == kind and who})]
        ],
        "user_classes": [
            ("power", sum(5 * on >= 3 * weekdays for on in days.values())),
            ("active", sum(weekdays <= 5 * on < 3 * weekdays for on in days.values())),
            ("casual", sum(5 * on < weekdays for on in days.values())),
            ("inactive", len(inactive)),
        ],
        "top_users": _top_users(events, days, members),
        "adoption_by_team": _by_team(active, members),
        "inactive_members": [
            (one.user, one.name, one.team) for one in sorted(inactive, key=lambda one: (one.team, one.user))
        ],
    }


def _top_users(events: Sequence[UsageEvent], days: dict[str, int], members: Sequence[Member]) -> list[tuple[Any, ...]]:
    on_record = {one.user: one for one in members}
    rows = []
    for user, on in days.items():
        kinds = [event.kind for event in events if event.user == user]
        who = on_record.get(user)
        names = (who.name, who.team) if who else ("", "")
        rows.append((user, *names, on, kinds.count("session_started"), kinds.count("phrase_accepted"), len(kinds)))
    return sorted(rows, key=lambda row: (-row[-1], row[0]))


def _by_team(active: set[str], members: Sequence[Member]) -> list[tuple[Any, ...]]:
    staying = [one for one in members if not one.has_left]
    rows: list[tuple[Any, ...]] = []
    for team in {one.team for one in staying}:
        users = [one.user in active for one in staying if one.team == team]
        share = sum(users) / len(users)
        rows.append((team, len(users), sum(users), share, _level(share)))
    if strangers := active - {one.user for one in members}:
        rows.append(("(not on record)", 0, len(strangers), None, ""))
    return sorted(rows)


def _has_kind(event: UsageEvent) -> bool:
    return event.kind in ("document_created", "document_scored")


def _mean(values: list[Fraction]) -> float | None:
    return float(sum(values) / len(values)) if values else None


def _level(share: float | None) -> str:
    if share is None:
        return "not adopted"
    return "adopted" if share > 0.5 else "partial" if share >= 0.1 else "not adopted"


def _by_span(seen: list[tuple[str, date]], period: Period, start: Any) -> list[tuple[Any, ...]]:
    spans = sorted({start(day) for day in period.days})
    return [
        (span, len({user for user, day in seen if start(day) == span}), sum(start(day) == span for day in period.days))
        for span in spans
    ]
