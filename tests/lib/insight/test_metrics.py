"""The metrics, against a computation that keeps everything and counts in the plainest way."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.events import UsageEvent
from insight.metrics import Metrics, Tally, compute
from insight.periods import Period

ZONES = ["Europe/Berlin", "America/Santiago", "Pacific/Auckland", "Africa/Cairo", "America/Los_Angeles", "UTC"]
START, END = date(2026, 9, 1), date(2026, 11, 8)


@st.composite
def usage(draw: st.DrawFn) -> tuple[Period, list[UsageEvent]]:
    period = Period(START, END, draw(st.sampled_from(ZONES)))
    seconds = int((period.ends_at - period.starts_at).total_seconds()) - 1
    events = []
    for number in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["session_started", "document_created", "document_scored", "phrase_accepted"]))
        scored = kind == "document_scored"
        first = st.none() | st.integers(0, 100).map(float)
        events.append(
            UsageEvent(
                event_id=f"e{number}",
                account="acme",
                user=draw(st.sampled_from(["ann", "bob", "cem"])),
                kind=kind,
                at=period.starts_at + timedelta(seconds=draw(st.integers(0, seconds) | st.just(seconds))),
                document=draw(st.sampled_from(["d1", "d2", "d3"])),
                document_kind=draw(st.sampled_from(["job post", "recruiting mail"])),
                score=draw(st.integers(0, 1000)) / 10 if scored else None,
                first_score=draw(first) if scored else None,
            )
        )
    return period, events


def plain(events: list[UsageEvent], period: Period, seats: int) -> Metrics:
    zone = ZoneInfo(period.time_zone)
    users = {event.user for event in events}
    by_day = {
        day: len({event.user for event in events if event.at.astimezone(zone).date() == day}) for day in period.days
    }
    kinds = sorted({event.document_kind for event in events if event.kind == "document_created"})
    created = {
        kind: {event.document for event in events if (event.kind, event.document_kind) == ("document_created", kind)}
        for kind in kinds
    }
    scored = sorted((e for e in events if e.kind == "document_scored"), key=lambda e: (e.at, e.event_id))
    uplifts = []
    for document in {event.document for event in scored}:
        mine = [event for event in scored if event.document == document]
        known = [event.first_score for event in mine if event.first_score is not None]
        first = known[-1] if known else mine[0].score
        assert mine[-1].score is not None
        assert first is not None
        uplifts.append(Fraction(mine[-1].score) - Fraction(first))
    return Metrics(
        active_users=len(users),
        seats=seats,
        seat_utilisation=len(users) / seats if seats else None,
        sessions=sum(event.kind == "session_started" for event in events),
        documents_by_kind=tuple((kind, len(created[kind])) for kind in kinds),
        documents_scored=len(uplifts),
        mean_score_uplift=float(sum(uplifts) / len(uplifts)) if uplifts else None,
        phrases_accepted=sum(event.kind == "phrase_accepted" for event in events),
        daily_active_users=tuple(by_day.items()),
    )


@given(usage(), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_numbers_are_those_of_a_plain_computation_in_any_order(
    drawn: tuple[Period, list[UsageEvent]], seats: int, order: st.DataObject
) -> None:
    period, events = drawn
    expected = plain(events, period, seats)
    order.shuffle(events)  # type: ignore[attr-defined]
    found = compute(events, period, seats)
    uplift, wanted = found.mean_score_uplift, expected.mean_score_uplift
    assert uplift == pytest.approx(wanted, abs=1e-9) if wanted is not None else uplift is None
    assert found == Metrics(**{**vars(expected), "mean_score_uplift": uplift})
    assert found == compute(sorted(events, key=lambda event: event.event_id), period, seats)


def test_nothing_happened_is_zeros_and_no_number_out_of_nothing() -> None:
    period = Period(date(2026, 9, 5), date(2026, 9, 7), "America/Santiago")
    assert compute([], period, seats=0) == Metrics(
        0, 0, None, 0, (), 0, None, 0, ((date(2026, 9, 5), 0), (date(2026, 9, 6), 0))
    )


def test_an_event_outside_of_the_period_is_a_mistake_of_the_caller() -> None:
    event = UsageEvent("e", "acme", "u", "session_started", datetime(2027, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="outside of the period"):
        Tally(Period(START, END, "UTC")).add(event)


def test_more_users_than_seats_is_shown_as_it_is() -> None:
    period = Period(START, END, "UTC")
    events = [UsageEvent(f"e{n}", "acme", f"u{n}", "session_started", period.starts_at) for n in range(3)]
    assert compute(events, period, seats=2).seat_utilisation == 1.5
