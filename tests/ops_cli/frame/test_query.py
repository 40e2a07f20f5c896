"""What --query selects, and which expressions are none."""

import pytest

from ops_cli.frame.query import check_query, query
from opscore import exact_json
from opscore.errors import UsageProblem


@pytest.mark.parametrize("expression", ["", "[?depth", "nope(@)", "abs('x')", "a b"])
def test_an_expression_that_is_none_is_a_usage_problem_that_names_it(expression: str) -> None:
    with pytest.raises(UsageProblem, match="--query") as caught:
        query([{"depth": 1}], expression)
    assert repr(expression) in caught.value.message


@pytest.mark.parametrize("expression", ["", "[?depth", "a b", "nope(@)", "a[?abs(@, @)]", "sort_by(@, &nope(a))"])
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
    check_query("a[?abs(b) > `0`] | sort_by(@, &to_number(b))")


def test_a_query_keeps_the_digits_of_numbers() -> None:
    data = exact_json.read('{"a": 1.10, "b": [1e400, 2]}')
    found = query(data, "{a: a, top: max(b), text: to_string(a)}")
    assert exact_json.write(found) == '{"a":1.10,"top":1e400,"text":"1.10"}'
