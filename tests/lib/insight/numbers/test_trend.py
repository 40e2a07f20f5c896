"""What came before: which months, which period to compare with, and how a change is written."""

from datetime import date

import pytest

from insight.numbers import trend
from insight.numbers.analysis import Earlier
from insight.numbers.metrics import FIGURES
from insight.numbers.report import NO_VALUE
from insight.periods import Period


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
    texts = {table.texts_of(index)[0]: table.texts_of(index)[1:] for index, _ in enumerate(table.rows)}
    assert texts["Active users"] == ["30", "20", "+10", "+50.0%"]
    assert texts["Seat utilisation"] == ["50.0%", "62.5%", "-12.5 pp", NO_VALUE]
    assert texts["Mean score uplift"] == ["+2.0", "+3.5", "-1.5", NO_VALUE]
    assert texts["Sessions"] == ["1", "0", "+1", NO_VALUE]
    assert texts["Phrase acceptance"] == [NO_VALUE] * 4
    assert trend.changes([table]) == {
        "Active users": "+10 (+50.0%)",
        "Seat utilisation": "-12.5 pp",
        "Mean score uplift": "-1.5",
        "Sessions": "+1",
    } | {
        metric.label: "no change"
        for key, metric in FIGURES.items()
        if key in then and now[key] == then[key] is not None
    }


def test_the_numbers_of_a_comparison_and_of_peers_are_numbers() -> None:
    figures: dict[str, int | float | None] = dict.fromkeys(FIGURES, 1)
    earlier = Earlier(period("2026-09-01", "2026-10-01"), "f", dict.fromkeys(FIGURES, 4))
    peers = trend.peers_table(
        figures, date(2026, 9, 1), 7, {"active_users": [1.0, 2.5, 4.0], "concentration": [0, 0, 1]}
    )
    for table in (trend.comparison_table(figures, earlier), peers):
        assert all(isinstance(value, int | float | None) for row in table.rows for value in row[1:])
        assert [len(table.units_of(index)) for index, _ in enumerate(table.rows)] == [5] * len(table.rows)
    assert peers.texts_of(0) == ["Active users", "1", "1", "2.5", "4"]
    assert peers.texts_of(1) == ["Concentration", "100.0%", "0.0%", "0.0%", "100.0%"]


def test_without_anything_before_there_is_no_change_to_tell() -> None:
    figures: dict[str, int | float | None] = dict.fromkeys(FIGURES, 1)
    table = trend.comparison_table(figures, Earlier(period("2026-09-01", "2026-10-01"), "f", None))
    assert {row[2:] for row in table.rows} == {(None, None, None)}
    assert trend.changes([table]) == {}
