"""Moments and spans: as typed, in data, and for people."""

import datetime as dt

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.times import Seconds, Since, ago, parse_rfc3339, rfc3339, spoken

NOW = dt.datetime(2026, 11, 29, 11, 36, 30, tzinfo=dt.UTC)
moments = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (None, None),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (725, "12m 5s"),
        (3600, "1h"),
        (273_599, "3d 3h"),
        (86_405, "1d"),
        (-725, "-12m 5s"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float | None, says: str | None) -> None:
    assert spoken(seconds) == says


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (dt.datetime(2026, 11, 24, 11, 31, 36, tzinfo=dt.UTC), "2026-11-24T11:31:36Z"),
        (dt.datetime(2026, 11, 24, 11, 31, 36, 250_999, tzinfo=dt.UTC), "2026-11-24T11:31:36.250Z"),
        (dt.datetime(2026, 11, 24, 11, 31, 36, 999, tzinfo=dt.UTC), "2026-11-24T11:31:36Z"),
        (dt.datetime(2026, 11, 24, 13, 31, tzinfo=dt.timezone(dt.timedelta(hours=2))), "2026-11-24T11:31:00Z"),
        (dt.datetime(2026, 11, 24, 11, 31), "2026-11-24T11:31:00Z"),  # noqa: DTZ001
    ],
)
def test_data_has_moments_in_utc_with_milliseconds_only_where_there_are_any(moment: dt.datetime, written: str) -> None:
    assert rfc3339(moment) == written


@given(moments)
def test_a_written_moment_is_read_back_to_the_millisecond(moment: dt.datetime) -> None:
    read = parse_rfc3339(rfc3339(moment))
    assert read == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize("text", ["", "soon", "2026", "20261124", "2026-13-45T00:00:00Z", "2026-11-24"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert parse_rfc3339(text) is None


def test_lambdas_own_form_is_read() -> None:
    assert parse_rfc3339("2026-11-24T11:31:36.000+0000") == dt.datetime(2026, 11, 24, 11, 31, 36, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("away", "says"),
    [
        (dt.timedelta(0), "0s ago (11:36 UTC)"),
        (dt.timedelta(minutes=5, seconds=3), "5m ago (11:31 UTC)"),
        (dt.timedelta(hours=24), "1d ago (11:36 UTC)"),
        (dt.timedelta(days=3), "3d ago (2026-11-26 11:36 UTC)"),
        (dt.timedelta(days=400), "400d ago (2025-10-25 11:36 UTC)"),
        (-dt.timedelta(minutes=4, seconds=10), "in 4m (11:40 UTC)"),
        (-dt.timedelta(days=2), "in 2d (2026-12-01 11:36 UTC)"),
    ],
)
def test_a_person_reads_how_long_ago_and_when(away: dt.timedelta, says: str) -> None:
    assert ago(NOW - away, NOW) == says


def since(value: str) -> dt.datetime:
    return Since(NOW).convert(value, None, None)


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("0s", NOW),
        ("15m", NOW - dt.timedelta(minutes=15)),
        ("1w", NOW - dt.timedelta(weeks=1)),
        ("2026-11-24", dt.datetime(2026, 11, 24, tzinfo=dt.UTC)),
        ("2026-11-24T12:00:00+02:00", dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)),
    ],
)
def test_since_is_an_age_or_a_time(typed: str, moment: dt.datetime) -> None:
    assert since(typed) == moment


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("99999999999d", "before 1970"),
        ("9" * 30 + "w", "before 1970"),
        ("21000d", "before 1970"),
        ("1969-12-31", "before 1970"),
        ("0001-01-01T00:00:00+14:00", "before 1970"),
        ("9" * 5000 + "d", "neither an age"),
        ("2027-01-01", "in the future; it is 2026-11-29T11:36:30Z now"),
        ("9999-12-31T23:59:59-14:00", "in the future"),
        ("-5m", "neither an age"),
        ("²d", "neither an age"),
        ("", "neither an age"),
        ("yesterday", "neither an age"),
    ],
)
def test_since_refuses_in_a_sentence_what_cannot_be(typed: str, says: str) -> None:
    with pytest.raises(click.BadParameter, match=says):
        since(typed)


@given(st.text() | st.from_regex(r"[0-9]{1,40}[smhdw]", fullmatch=True) | st.datetimes().map(str))
def test_since_never_fails_in_another_way(typed: str) -> None:
    try:
        moment = since(typed)
    except click.BadParameter:
        return
    assert dt.datetime(1970, 1, 1, tzinfo=dt.UTC) <= moment <= NOW


@pytest.mark.parametrize(
    ("typed", "least", "seconds"),
    [("5", 1, 5), ("0.5", 0.1, 0.5), ("90s", 1, 90), ("15m", 1, 900), ("0", 0, 0), (3600, 1, 3600)],
)
def test_seconds_are_a_number_or_a_span(typed: object, least: float, seconds: float) -> None:
    found = Seconds(least).convert(typed, None, None)
    assert (found, type(found)) == (seconds, type(seconds))


@pytest.mark.parametrize(
    "typed", ["-1", "0", "nan", "inf", "-inf", "1e308", "367d", "soon", "", "5 m", "9" * 5000, "²"]
)
def test_seconds_refuse_in_a_sentence_what_is_no_span(typed: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no span of time|is not between 1 seconds and a year"):
        Seconds().convert(typed, None, None)


@given(st.text() | st.floats().map(str) | st.from_regex(r"[0-9]{1,40}[smhdw]", fullmatch=True))
def test_seconds_never_fail_in_another_way(typed: str) -> None:
    try:
        found = Seconds().convert(typed, None, None)
    except click.BadParameter:
        return
    assert 1 <= found <= 366 * 86_400
