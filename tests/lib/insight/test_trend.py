"""What came before: which months, which period to compare with, and how a change is written."""

from datetime import date

import pytest

from insight import trend
from insight.metrics import FIGURES
from insight.periods import Period
from insight.workshop import Earlier


def period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end), "Africa/Cairo")


def test_thirteen_months_end_with_the_period() -> None:
    months = trend.months_until(period("2026-10-01", "2026-11-01"))
    assert len(months) == 13
    assert months[0] == period("2025-10-01", "2025-11-01")
    assert months[-1] == period("2026-10-01", "2026-11-01")
    assert [month.start for month in months[1:]] == [month.end for month in months[:-1]]


def test_a_month_in_the_making_ends_where_the_period_does() -> None:
    assert trend.months_until(period("2026-09-20", "2026-10-05"))[-1] == period("2026-10-01", "2026-10-05")


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (("2026-10-01", "2026-11-01"), ("2026-09-01", "2026-10-01")),
        (("2026-03-01", "2026-04-01"), ("2026-02-01", "2026-03-01")),
        (("2026-01-01", "2026-02-01"), ("2025-12-01", "2026-01-01")),
        (("2026-10-05", "2026-10-12"), ("2026-09-28", "2026-10-05")),
        (("2026-10-01", "2026-12-01"), ("2026-08-01", "2026-10-01")),
    ],
)
def test_the_period_before(asked: tuple[str, str], before: tuple[str, str]) -> None:
    assert trend.before(period(*asked)) == period(*before)


def test_a_change_is_in_the_unit_of_its_number() -> None:
    now: dict[str, int | float | None] = dict.fromkeys(FIGURES, 1)
    now |= {"active_users": 30, "seat_utilisation": 0.5, "mean_score_uplift": 2.0, "phrase_acceptance": None}
    then = {**now, "active_users": 20, "seat_utilisation": 0.625, "mean_score_uplift": 3.5, "sessions": 0}
    table = trend.comparison_table(now, Earlier(period("2026-09-01", "2026-10-01"), "f", then))
    rows = {str(row[0]): row[1:] for row in table.rows}
    assert rows["Active users"] == ("30", "20", "+10 (+50.0%)")
    assert rows["Seat utilisation"] == ("50.0%", "62.5%", "-12.5 %-points")
    assert rows["Mean score uplift"] == ("+2.0", "+3.5", "-1.5 points")
    assert rows["Sessions"] == ("1", "0", "+1")
    assert rows["Phrase acceptance"][2] == ""


def test_without_anything_before_there_is_no_change_to_tell() -> None:
    figures: dict[str, int | float | None] = dict.fromkeys(FIGURES, 1)
    table = trend.comparison_table(figures, Earlier(period("2026-09-01", "2026-10-01"), "f", None))
    assert {row[3] for row in table.rows} == {""}
