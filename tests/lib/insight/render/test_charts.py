"""The charts: every bar inside of it, as high as its number says, and the same told in words."""

import itertools
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.render import charts
from insight.render.charts import Points

Values = list[int | float | None]


def points(numbers: Values) -> list[tuple[str, int | float | None]]:
    return [(f"day {at}", number) for at, number in enumerate(numbers)]


@given(st.lists(st.integers(0, 10**7) | st.none(), max_size=400))
def test_bars_stand_on_the_ground_and_their_heights_are_in_proportion(numbers: Values) -> None:
    drawn = ElementTree.fromstring(charts.bars("key", "Users", points(numbers)))  # noqa: S314  Our own text.
    bars = [{name: float(bar.get(name, "")) for name in ("x", "y", "width", "height")} for bar in drawn.iter("rect")]
    known = [number for number in numbers if number is not None]
    assert len(bars) == len(known)
    for bar in bars:
        assert 0 <= bar["x"] <= bar["x"] + bar["width"] <= charts.WIDTH
        assert 0 <= bar["y"] <= bar["y"] + bar["height"] <= charts.HEIGHT
    most = max(known, default=0)
    if most:
        highest = bars[known.index(most)]["height"]
        for number, bar in zip(known, bars, strict=True):
            assert bar["height"] == pytest.approx(highest * number / most, abs=0.02)


@pytest.mark.parametrize(
    ("highest", "top"), [(0, "2"), (1, "2"), (3, "4"), (9, "10"), (10, "10"), (11, "20"), (41, "100")]
)
def test_the_scale_ends_at_a_round_number(highest: int, top: str) -> None:
    labels = re.findall(r'text-anchor="end">([^<]+)<', charts.bars("key", "Users", points([highest])))
    assert labels == ["0", f"{int(top) // 2}", top]


def test_a_gap_is_no_zero_in_any_of_the_three() -> None:
    values: Values = [4, None, 2]
    assert charts.bars("key", "Users", points(values)).count("<rect") == 2
    assert charts.describe(points(values)) == (
        "From day 0 to day 2: at most 4 on day 0, at least 2 on day 2, 3.0 on average."
    )
    assert [line.split("  ", 1)[1] for line in charts.terminal(points(values), width=4)] == [
        "████ 4",
        "(no data)",
        "██ 2",
    ]


def test_without_any_value_there_is_an_empty_chart() -> None:
    assert charts.describe([]) == charts.describe(points([None])) == "No values."
    assert list(charts.terminal([])) == []


def test_the_axis_names_the_last_bar_and_never_more_than_there_is_room_for() -> None:
    for count in range(1, 400):
        marks = charts.ticks([(f"2026-{count}", 1)] * count)
        assert 1 <= len(marks) <= 9
        assert marks[-1].x == pytest.approx(charts.lay_out([("x", 1)] * count)[-1].x, abs=charts.WIDTH / count)
        gaps = [after.x - before.x for before, after in itertools.pairwise(marks)]
        assert not gaps or min(gaps) > 40


def test_an_axis_shows_days_and_months_in_short() -> None:
    assert [charts.short(label) for label in ("2026-10-03", "2026-10", "Sales", "", "2026-99")] == [
        "3 Oct",
        "Oct 2026",
        "Sales",
        "",
        "2026-99",
    ]


def test_weekends_are_paler_and_the_words_say_so() -> None:
    week: Points = [(f"2026-10-{day:02}", 1) for day in range(1, 8)]
    assert [bar.label for bar in charts.lay_out(week) if bar.is_weekend] == ["2026-10-03", "2026-10-04"]
    assert charts.describe(week).endswith("Saturdays and Sundays are paler.")


def test_the_parts_of_a_bar_fill_it_and_are_told_in_words() -> None:
    shares: Points = [("power", 3), ("active", 0), ("casual", None), ("inactive", 1)]
    drawn = ElementTree.fromstring(charts.parts("key", "Users", shares))  # noqa: S314  Our own text.
    widths = [float(part.get("width", "")) for part in drawn.iter("rect")]
    assert widths == [charts.WIDTH * 3 / 4, charts.WIDTH / 4]
    assert charts.describe_parts(shares) == "power 3, active 0, casual 0, inactive 1."
    assert charts.parts("key", "Users", []).count("<rect") == 0
