"""Time spans as people say them."""

import pytest

from ops_cli.frame.times import spoken


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (None, None),
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (725, "12m 5s"),
        (3600, "1h"),
        (273_599, "3d 3h"),
        (86_405, "1d"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: int | None, says: str | None) -> None:
    assert spoken(seconds) == says
