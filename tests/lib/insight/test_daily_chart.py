"""The chart: every bar inside of it, as high as its number says."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight import daily_chart


def days(numbers: list[int]) -> list[tuple[date, int]]:
    return [(date(2026, 1, 1) + timedelta(days=at), number) for at, number in enumerate(numbers)]


@given(st.lists(st.integers(0, 10**7), max_size=400))
def test_bars_stand_on_the_ground_and_their_heights_are_in_proportion(numbers: list[int]) -> None:
    drawn = ElementTree.fromstring(daily_chart.draw(days(numbers)))  # noqa: S314  Our own text.
    bars = [{name: float(bar.get(name, "")) for name in ("x", "y", "width", "height")} for bar in drawn.iter("rect")]
    assert len(bars) == len(numbers)
    for bar in bars:
        assert 0 <= bar["x"] <= bar["x"] + bar["width"] <= daily_chart.WIDTH
        assert 0 <= bar["y"] <= bar["y"] + bar["height"] <= daily_chart.HEIGHT
    most = max(numbers, default=0)
    if most:
        highest = bars[numbers.index(most)]["height"]
        for number, bar in zip(numbers, bars, strict=True):
            assert bar["height"] == pytest.approx(highest * number / most, abs=0.02)


@pytest.mark.parametrize(
    ("highest", "top"), [(0, "2"), (1, "2"), (3, "4"), (9, "10"), (10, "10"), (11, "20"), (41, "100")]
)
def test_the_scale_ends_at_a_round_number(highest: int, top: str) -> None:
    labels = re.findall(r'text-anchor="end">([^<]+)<', daily_chart.draw(days([highest])))
    assert labels == ["0", f"{int(top) // 2}", top]
