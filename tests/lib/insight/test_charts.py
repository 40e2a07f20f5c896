"""The charts: every bar inside of it, as high as its number says, and the same told in words."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight import charts

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
