"""No control character reaches a terminal raw."""

import sys

import pytest
from hypothesis import given

from ops_cli.frame.output.safe_text import UNSAFE, one_line, paragraph, printable
from tests.ops_cli.frame.output.hostile import TEXTS, anything, is_forbidden


@given(anything)
def test_printable_text_holds_no_forbidden_character_and_stays_as_it_is(text: str) -> None:
    shown = printable(text)
    assert not [character for character in shown if is_forbidden(character)]
    assert printable(shown) == shown


@given(anything)
def test_lines_and_paragraphs_hold_none_either(text: str) -> None:
    assert not [character for character in one_line(text) if is_forbidden(character)]
    assert not [character for character in paragraph(text) if is_forbidden(character, newline=True)]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text_is_shown_and_can_be_written(text: str) -> None:
    printable(text).encode("utf-8")
    assert (printable(text) == text) == (not any(map(is_forbidden, text)))


def test_every_forbidden_character_of_unicode_is_unsafe() -> None:
    missed = [
        hex(code) for code in range(sys.maxunicode + 1) if is_forbidden(chr(code)) and not UNSAFE.match(chr(code))
    ]
    assert not missed


def test_control_characters_are_shown_as_escapes() -> None:
    assert printable("\x1b[31m\u202e\ud83d\U000e0041\x9b\r\n") == r"\x1b[31m\u202e\ud83d\U000e0041\x9b\r\n"


def test_newlines_stay_on_request_and_nothing_else_does() -> None:
    assert printable("a\nb\rc\td", keep_newlines=True) == "a\nb\\rc\\td"


def test_a_cell_is_one_line() -> None:
    assert one_line('{\n  "a": 1,\r\n\t"b": 2\n}\n') == '{ "a": 1, "b": 2 }'


PERSIAN, SANSKRIT, FAMILY = "\u0645\u06cc\u200c\u062e\u0648\u0627", "\u0915\u094d\u200d\u0937", "👨\u200d👩\u200d👧"


@pytest.mark.parametrize("text", ["plain", "Grüße", "顧客", PERSIAN, SANSKRIT, FAMILY, "❤\ufe0f", "a\\x1b"])
def test_what_people_write_is_left_alone(text: str) -> None:
    assert printable(text) == text
