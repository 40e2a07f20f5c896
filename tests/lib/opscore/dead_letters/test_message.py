import pytest
from hypothesis import given

from opscore.dead_letters.message import REPLAY_ATTRIBUTE, DeadLetter
from tests.ops_cli.frame.output.hostile import anything


def letter(body: str = "x", mark: str = "") -> DeadLetter:
    attributes = {REPLAY_ATTRIBUTE: {"DataType": "String", "StringValue": mark}} if mark else {}
    return DeadLetter("m1", "h", body, attributes, {})


@pytest.mark.parametrize(
    "body", ["42924e28", "1e999", "007", "true", '"x"', "null", "NaN", "", "[1", "\ufeff[1]", "{a}"]
)
def test_a_body_is_text_unless_it_is_a_json_object_or_list(body: str) -> None:
    assert letter(body).document()["body"] == body


@given(anything)
def test_any_body_is_its_text_or_its_json(body: str) -> None:
    content = letter(body).content()
    assert content == body or isinstance(content, dict | list)


def test_a_body_of_json_keeps_the_digits_of_its_numbers() -> None:
    assert repr(letter(' {"a": [1.10, 1e400]}\n').content()) == "{'a': [1.10, 1e400]}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("[" * 5000, "nested"), ('{"a":1,"a":2}', "two keys"), ("{a}", "no JSON"),
        ("text", ""), ("7", ""), ('{"a":1}', ""),
    ],
)  # fmt: skip
def test_a_body_that_looks_like_json_and_is_text_says_why(body: str, why: str) -> None:
    assert why in str(letter(body).why_text() or "")
    assert bool(letter(body).why_text()) is bool(why)


@pytest.mark.parametrize(
    ("mark", "replay"),
    [
        ("run:3", ("run", 3)), ("a:b:10", ("a:b", 10)),
        ("x:²", ("", 0)), ("x:٣", ("", 0)), ("x:" + "9" * 5000, ("", 0)), ("x:", ("", 0)), (":1", ("", 0)),
        ("x:-1", ("", 0)), ("x: 1", ("", 0)), ("7", ("", 0)), ("x:1\n", ("", 0)),
    ],
)  # fmt: skip
def test_a_replay_mark_that_is_not_ours_counts_nothing(mark: str, replay: tuple[str, int]) -> None:
    assert letter(mark=mark).replay == replay
