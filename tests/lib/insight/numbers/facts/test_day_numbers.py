"""The day an instant falls on: SQL and the calendar agree at every edge, in every zone."""

from datetime import date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight.numbers.facts.day_numbers import day_number_sql
from insight.periods import Period
from tests.lib.insight.event_data import ZONES


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        (date(2026, 8, 20), date(2026, 9, 20), "America/Santiago"),  # 2026-09-06 has no midnight
        (date(2011, 12, 20), date(2012, 1, 10), "Pacific/Apia"),  # 2011-12-30 does not exist
        (date(2010, 10, 20), date(2010, 11, 20), "America/St_Johns"),  # the clock went back at 00:01
        (date(2026, 10, 25), date(2026, 10, 26), "Europe/Berlin"),  # one day of 25 hours
        *((date(2025, 10, 1), date(2026, 11, 1), zone) for zone in ZONES),
    ],
)
def test_every_edge_of_every_day(start: date, end: date, zone: str) -> None:
    period = Period(start, end, zone)
    nudges = (
        timedelta(),
        timedelta(microseconds=1),
        timedelta(hours=1),
        timedelta(hours=-1),
        timedelta(microseconds=-1),
    )
    instants = {edge + nudge for edge in period.day_starts for nudge in nudges}
    inside = sorted(instant for instant in instants if period.starts_at <= instant < period.ends_at)
    assert numbers(period, inside) == [day_of(period, instant) for instant in inside]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(1, 400), st.data())
def test_any_instant(zone: str, start: date, length: int, data: st.DataObject) -> None:
    period = Period(start, start + timedelta(days=length), zone)
    seconds = st.integers(0, int((period.ends_at - period.starts_at).total_seconds()) - 1)
    instants = [period.starts_at + timedelta(seconds=one) for one in data.draw(st.lists(seconds, min_size=1))]
    assert numbers(period, instants) == [day_of(period, instant) for instant in instants]


def day_of(period: Period, instant: datetime) -> int:
    day = period.day_of(instant)
    assert day is not None
    return (day - period.start).days


def numbers(period: Period, instants: list[datetime]) -> list[int]:
    naive = [instant.replace(tzinfo=None) for instant in instants]
    query = f'SELECT {day_number_sql(period)} FROM (SELECT unnest(?::TIMESTAMP[]) AS "at")'
    return [row[0] for row in duckdb.execute(query, [naive]).fetchall()]
