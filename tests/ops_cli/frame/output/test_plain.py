"""What a command found as plain data, and what --query selects."""

import datetime as dt
import enum
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops_cli.frame.output.plain import check_query, query, to_plain
from opscore.errors import UsageProblem


class State(enum.StrEnum):
    DONE = "done"


@dataclass(frozen=True)
class Row:
    at: dt.datetime
    state: State


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Row(dt.datetime(2026, 11, 24, 12, 31, 36, tzinfo=dt.timezone(dt.timedelta(hours=1))), State.DONE),
         {"at": "2026-11-24T11:31:36Z", "state": "done"}),
        (dt.date(2026, 11, 24), "2026-11-24"),
        (dt.timedelta(minutes=2), 120),
        (b"\xff\x00", "/wA="),
        ({"b", "a"}, ["a", "b"]),
        ((1, [2.5, True, None]), [1, [2.5, True, None]]),
        (float("nan"), None),
        (float("-inf"), None),
        (Path("a/b"), "a/b"),
        ({1: State.DONE}, {"1": "done"}),
    ],
)  # fmt: skip
def test_data_is_what_json_can_hold(value: object, plain: object) -> None:
    found = to_plain(value)
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("expression", ["", "[?depth", "nope(@)", "abs('x')", "a b"])
def test_an_expression_that_is_none_is_a_usage_problem_that_names_it(expression: str) -> None:
    with pytest.raises(UsageProblem, match="--query") as caught:
        query([{"depth": 1}], expression)
    assert repr(expression) in caught.value.message


@pytest.mark.parametrize("expression", ["", "[?depth", "a b"])
def test_a_bad_expression_is_found_before_anything_is_done(expression: str) -> None:
    with pytest.raises(UsageProblem):
        check_query(expression)


def test_values_that_a_function_was_not_made_for_are_a_usage_problem() -> None:
    with pytest.raises(UsageProblem):
        query([{"a": 1}, {"a": "x"}], "max_by(@, &a)")


def test_no_expression_selects_all_and_none_that_finds_nothing_is_none() -> None:
    assert query([1], None) == [1]
    assert query({"a": 1}, "b") is None
    check_query(None)
    check_query("a[?b > `0`]")
