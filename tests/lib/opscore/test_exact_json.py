import copy
import json
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opscore.exact_json import MAXIMUM_DEPTH, Number, Unreadable, is_too_deep, read, write
from tests.ops_cli.frame.output.hostile import anything

EXACT = (
    "[1.10,-0,1e400,1E5,-0.0,12345678901234567890.123,0.1,100]",
    '{"caf\\u00e9":"\\/ \\ud83d \\u0041","b":[{},[],null,true,false]}',
    "[" * MAXIMUM_DEPTH + "]" * MAXIMUM_DEPTH,
    f"[{'9' * 100_000}]",
)
spellings = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][-+]?[0-9]{1,4})?", fullmatch=True)
numbers = spellings.filter(str.isascii).map(lambda spelled: read(f"[{spelled}]")[0])
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
)


@pytest.mark.parametrize("text", EXACT, ids=range(len(EXACT)))
def test_what_is_read_is_written_as_it_was_spelled(text: str) -> None:
    assert write(read(text, escapes=True)) == text


@given(spellings.filter(str.isascii))
@example("1e99999999999999999999")
def test_a_number_keeps_its_digits(spelling: str) -> None:
    assert write(read(f"[{spelling}]")) == f"[{spelling}]"
    assert f"{read(f'[{spelling}]')[0]}" == spelling


@given(values, st.booleans(), st.sampled_from([None, 0, 2]))
def test_any_value_comes_back_from_its_json(value: Any, escaped: bool, indent: int | None) -> None:
    text = write(value, indent=indent)
    if escaped:
        text = "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
    found = read(text, escapes=True)
    assert found == value
    assert read(write(found, indent=indent)) == read(text)
    assert write(found, indent=indent) == text
    text.encode()


@given(st.text(alphabet='[]{}",:0123-.eE+ \\u/n\t\n²NaN', max_size=12))
def test_a_text_is_read_with_its_escapes_or_is_refused_as_without(text: str) -> None:
    try:
        plain = read(text)
    except ValueError:
        with pytest.raises(ValueError):
            read(text, escapes=True)
        return
    assert read(text, escapes=True) == plain == json.loads(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 5000 + "]" * 5000, "nested"),
        ("[" * (MAXIMUM_DEPTH + 1) + "]" * (MAXIMUM_DEPTH + 1), "nested"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested"),
        ('{"a":1,"a":2}', "two keys 'a'"),
        ('{"a":1,"\\u0061":2}', "two keys 'a'"),
        ('[{"b":{"":1,"":2}}]', "two keys ''"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[1,]", "no JSON"),
        ("\ufeff[1]", "no JSON"),
        ("[²]", "no JSON"),
        ('["\x00"]', "no JSON"),
    ],
)
def test_what_is_not_read_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(text)


def test_brackets_inside_a_text_are_no_nesting() -> None:
    assert read(f'["{"[" * 5000}"]') == ["[" * 5000]


def test_numbers_compare_with_all_their_digits() -> None:
    near, next_to_it, large, larger, many, tiny = read(
        f"[12345678901234567890.123, 12345678901234567890.124, 1e400, 1e401, {'9' * 5000}, 1e-99999999999999999999]"
    )
    assert 12345678901234567890 < near < next_to_it < 12345678901234567891 < large < larger < many
    assert near != next_to_it
    assert not near == next_to_it  # noqa: SIM201  Both operators are ours.
    assert (tiny >= 0, tiny <= 0.1, large > 5, large <= 5) == (True, True, True, False)
    assert read("[1.10, 1.1, -0, 1E2]") == [1.1, Number("1.100"), 0, 100]
    assert Number("1.10") != "1.10"
    assert len({Number("1.10"), Number("1.1"), 1.1}) == 1


def test_numbers_and_texts_survive_a_copy() -> None:
    text = '{"caf\\u00e9":["\\/",1.10]}'
    assert write(copy.deepcopy(read(text, escapes=True))) == text
    number = Number("1.10")
    assert repr(copy.deepcopy(number)) == "1.10"


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("-inf")]}])
def test_what_is_not_finite_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON does not have"):
        write(value)


@pytest.mark.parametrize("value", [{1: 2}, {"a": {2}}, b"x", object()])
def test_what_json_does_not_have_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError, match="it holds a"):
        write(value)


def test_a_text_that_no_encoding_can_write_is_an_escape() -> None:
    assert write({"\ud83d": "\ufffe"}) == r'{"\ud83d":"\ufffe"}'


@pytest.mark.parametrize("limit", [1_000, 20_000])
@pytest.mark.parametrize("text", ["[" * 5_000, "[" * 5_000 + "]" * 5_000, '{"a":' * 101 + "1" + "}" * 101])
def test_what_is_too_deep_is_so_whatever_python_bears(text: str, limit: int) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        with pytest.raises(Unreadable, match="nested more than 100 deep"):
            read(text)
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("text", ['"' + "[" * 200 + '"', "[]" * 200, '["' + '\\"[' * 300_000])
def test_brackets_in_texts_and_beside_one_another_are_not_deep(text: str) -> None:
    assert not is_too_deep(text)
