"""Text measured in columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.output.safe_text import printable
from ops_cli.frame.output.width import clip, pad, width, wrap
from tests.ops_cli.frame.output.hostile import anything

FAMILY, HEART, WAVE = "👨\u200d👩\u200d👧", "❤\ufe0f", "👋🏽"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("mail", 4),
        ("顧客", 4),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("\uff71", 1),
        ("\uff21", 2),
        ("e\u0301", 1),
        (FAMILY, 2),
        (HEART, 2),
        (WAVE, 2),
        ("🇩🇪", 2),
        ("a🏽", 3),
        ("…", 1),
    ],
)
def test_wide_characters_take_two_columns_and_marks_none(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "most", "clipped"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("顧客", 4, "顧客"),
        ("顧客名", 5, "顧客…"),
        ("顧客名", 4, "顧…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        (f"{FAMILY}ab", 3, f"{FAMILY}…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_text_is_cut_between_characters_and_says_so(text: str, most: int, clipped: str) -> None:
    assert clip(text, most) == clipped


@given(anything, st.integers(0, 30))
def test_clipped_text_is_never_wider_than_asked(text: str, most: int) -> None:
    assert width(clip(printable(text), most)) <= most


@given(anything, st.integers(2, 30), st.none() | st.integers(1, 5))
def test_wrapped_lines_are_never_wider_than_asked_nor_more(text: str, columns: int, most: int | None) -> None:
    lines = wrap(printable(text), columns, most)
    assert all(width(line) <= columns for line in lines)
    assert most is None or len(lines) <= most


@given(anything, st.integers(2, 30))
def test_wrapping_loses_nothing_but_blanks(text: str, columns: int) -> None:
    shown = printable(text)
    assert "".join(wrap(shown, columns)).replace(" ", "") == shown.replace(" ", "")


def test_what_is_over_the_most_lines_ends_in_an_ellipsis() -> None:
    assert wrap("one two three four", 5, 2) == ["one", "two…"]


def test_a_thousand_marks_on_one_letter_are_cut() -> None:
    assert len(clip("e" + "\u0301" * 1000, 10)) < 100


@pytest.mark.parametrize("flood", ["e\u0301", "顧", "e" + "\u0301" * 9, "🇩", "👩\u200d", "x "])
def test_a_flood_is_measured_cut_and_wrapped_like_any_text(flood: str) -> None:
    text = flood * 40_000 + "顧"
    assert width(text) > 0
    assert width(clip(text, 80)) <= 80
    assert "".join(wrap(text, 60)).replace(" ", "") == text.replace(" ", "")


def test_padding_counts_columns() -> None:
    assert [pad("顧", 4) + "|", pad("顧", 4, right=True) + "|"] == ["顧  |", "  顧|"]
