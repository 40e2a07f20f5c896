"""Periods, against an independent search for the first instant of each local day."""

import sys
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from insight import periods
from insight.periods import BadPeriod, Period, parse_inclusive, start_of_day
from opscore.errors import ExitCode, OpsError

ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
DAYS = st.dates(date(1980, 1, 1), date(2036, 12, 31))


def first_minute_of(day: date, time_zone: str) -> datetime:
    """Look at every minute that may begin the day; no arithmetic with offsets."""
    rules = zoneinfo.ZoneInfo(time_zone)
    minute = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=15)
    while minute.astimezone(rules).date() < day:
        minute += timedelta(minutes=1)
    return minute


@given(DAYS, st.sampled_from(ZONES))
@example(date(2026, 9, 6), "America/Santiago")  # midnight is skipped
@example(date(2014, 8, 1), "Africa/Cairo")  # so is the one that begins a month
@example(date(2011, 12, 30), "Pacific/Apia")  # the whole day is skipped
@example(date(1981, 3, 1), "Australia/Lord_Howe")  # half an hour is
@example(date(1998, 4, 27), "Pacific/Pitcairn")
@example(date(2026, 11, 1), "America/Havana")  # midnight comes twice
@example(date(2006, 10, 29), "America/St_Johns")  # a minute of the day comes before an hour of the day before
def test_a_day_starts_at_the_first_instant_with_its_date(day: date, time_zone: str) -> None:
    assert start_of_day(day, time_zone) == first_minute_of(day, time_zone)


@given(DAYS, st.integers(1, 62), st.sampled_from(ZONES))
def test_neighbouring_periods_share_one_instant_and_nothing_else(start: date, length: int, time_zone: str) -> None:
    middle, end = start + timedelta(days=length), start + timedelta(days=length + 3)
    first, second = Period(start, middle, time_zone), Period(middle, end, time_zone)
    assert first.ends_at == second.starts_at
    assert first.day_of(first.ends_at) is None
    assert list(first.day_starts) == sorted(first.day_starts)


@given(st.integers(1_577_923_200, 2_082_585_600), st.sampled_from(ZONES))
def test_an_instant_counts_on_the_day_that_the_local_calendar_shows(seconds: int, time_zone: str) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)  # 2020 to 2035
    local = instant.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
    period = Period(local - timedelta(days=3), local + timedelta(days=4), time_zone)
    assert period.day_of(instant) == local


@pytest.mark.parametrize(
    ("time_zone", "start", "end", "hours"),
    [
        ("America/Los_Angeles", date(2026, 3, 1), date(2026, 4, 1), 743),
        ("America/Los_Angeles", date(2026, 11, 1), date(2026, 12, 1), 721),
        ("Europe/Berlin", date(2026, 10, 1), date(2026, 11, 1), 745),
        ("Asia/Kolkata", date(2026, 10, 1), date(2026, 11, 1), 744),
        ("Africa/Cairo", date(2014, 8, 1), date(2014, 9, 1), 743),
    ],
)
def test_a_month_has_as_many_hours_as_its_clock_changes_leave(
    time_zone: str, start: date, end: date, hours: int
) -> None:
    period = Period(start, end, time_zone)
    assert period.ends_at - period.starts_at == timedelta(hours=hours)


def test_a_period_touches_the_utc_dates_before_or_after_it() -> None:
    berlin = list(Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin").utc_dates())
    assert (berlin[0], berlin[-1], len(berlin)) == (date(2026, 9, 30), date(2026, 10, 31), 32)
    toronto = list(Period(date(2026, 10, 1), date(2026, 11, 1), "America/Toronto").utc_dates())
    assert (toronto[0], toronto[-1], len(toronto)) == (date(2026, 10, 1), date(2026, 11, 1), 32)
    utc = list(Period(date(2026, 10, 1), date(2026, 11, 1), "UTC").utc_dates())
    assert (utc[0], utc[-1], len(utc)) == (date(2026, 10, 1), date(2026, 10, 31), 31)


@pytest.mark.parametrize(
    ("first", "last", "start", "end"),
    [
        ("2026-10-01", "2026-10-31", date(2026, 10, 1), date(2026, 11, 1)),
        ("2026-10-05", "2026-10-05", date(2026, 10, 5), date(2026, 10, 6)),
        ("2026-10", "2026-10", date(2026, 10, 1), date(2026, 11, 1)),
        ("2027-02", "2028-02", date(2027, 2, 1), date(2028, 3, 1)),
        ("2026-09-15", "2026-12", date(2026, 9, 15), date(2027, 1, 1)),
    ],
)
def test_what_people_type_includes_both_ends(first: str, last: str, start: date, end: date) -> None:
    assert parse_inclusive(first, last) == (start, end)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-13-01", "2026-10", "'2026-13-01' is neither a day nor a month."),
        ("2026-10", "2026-02-30", "'2026-02-30' is neither a day nor a month."),
        ("20261001", "2026-10", "'20261001' is neither a day nor a month."),
        ("2026-W40-1", "2026-10", "'2026-W40-1' is neither a day nor a month."),
        ("0001-01-01", "2026-10", "'0001-01-01' is neither a day nor a month."),
        ("2026-10", "9999-12", "'9999-12' is neither a day nor a month."),
        ("٢٠٢٦-10", "2026-10", "'٢٠٢٦-10' is neither a day nor a month."),
        ("2026-10-02", "2026-10-01", "The period ends (2026-10-01) before it starts (2026-10-02)."),
        ("2026-10", "2026-09", "The period ends (2026-09) before it starts (2026-10)."),
        ("2025-01-01", "2026-02-05", "has 401 days; a report covers 400 at most."),
    ],
)
def test_a_period_that_cannot_be_is_refused_with_the_rule(first: str, last: str, sentence: str) -> None:
    with pytest.raises(BadPeriod) as caught:
        parse_inclusive(first, last)
    assert sentence in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_the_longest_period_is_taken() -> None:
    start, end = parse_inclusive("2025-01-01", "2026-02-04")
    assert (end - start).days == 400


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "Europe", "Europe/Berlin\x00"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(BadPeriod, match="no time zone named"):
        Period(date(2026, 10, 1), date(2026, 11, 1), name)


def test_a_machine_without_zone_data_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath([tmp_path])
    zoneinfo.ZoneInfo.clear_cache()
    periods.zone.cache_clear()
    try:
        with pytest.raises(OpsError, match="no time zone data") as caught:
            Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")
        assert not isinstance(caught.value, BadPeriod)
    finally:
        zoneinfo.reset_tzpath()
        zoneinfo.ZoneInfo.clear_cache()
