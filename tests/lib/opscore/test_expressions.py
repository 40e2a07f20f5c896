import sys
from typing import Any

import pytest

from opscore.exact_json import read, write
from opscore.expressions import NotApplied, WrongExpression, compiled

DATA = read('{"price": 1.10, "id": 12345678901234567890.123, "huge": 1e400, "items": [3, 1.50, 2], "t": "caf\\u00e9"}')


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("price > `1`", "true"),
        ("price == `1.1`", "true"),
        ("huge > `5`", "true"),
        ("huge == `1e401`", "false"),
        ("id == `12345678901234567890.123`", "true"),
        ("id == `12345678901234567890.124`", "false"),
        ("id > `12345678901234567890`", "true"),
        ("contains(items, `1.5`)", "true"),
        ("sort(items)", "[1.50,2,3]"),
        ("max(items)", "3"),
        ("sum(items)", "6.5"),
        ("type(price)", '"number"'),
        ("merge(@, {price: price}).price", "1.10"),
        ("`{\"a\": 1.10, \"b\": \"\\`\"}`", '{"a":1.10,"b":"`"}'),
        ("to_string(@.[price, huge])", '"[1.10,1e400]"'),
        ("to_number('1.10')", "1.10"),
        ("to_number('x')", "null"),
        ("to_number('NaN')", "null"),
        ("to_number(`true`)", "null"),
        ("to_number(price)", "1.10"),
        ("sort_by(@.[{n: price}, {n: huge}], &n)[0].n", "1.10"),
    ],
)  # fmt: skip
def test_numbers_keep_their_digits_and_compare(expression: str, found: str) -> None:
    assert write(compiled(expression)(DATA)) == found


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("body.[", "Incomplete"),
        ("nothing_of_the_kind(@)", "Unknown function"),
        ("merge(@, no(@))", "Unknown function"),
        ("contains(@)", "Expected 2 arguments"),
        ("a b", "Unexpected token"),
        ("(" * 5000 + "a" + ")" * 5000, "nested too deeply"),
        (f"a[{'9' * 5000}]", "digits"),
        ("", "empty"),
    ],
)
def test_what_is_wrong_for_every_value_is_known_before_there_is_one(expression: str, why: str) -> None:
    with pytest.raises(WrongExpression, match=why):
        compiled(expression)


@pytest.mark.parametrize(
    ("expression", "value", "why"),
    [
        ("contains(@, 'x')", 7, r"contains\(\) takes array or string and gets number"),
        ("merge(@, {a: `1`})", "text " * 1000, r"merge\(\) takes object and gets string"),
        ("ceil(@)", read("[1e400]")[0], "infinity"),
        ("sort(@)", [1, "a"], "sort"),
        ("join(',', @)", [None], "join"),
    ],
)
def test_what_cannot_be_applied_to_one_value_says_why_without_the_value(expression: str, value: Any, why: str) -> None:
    with pytest.raises(NotApplied, match=why) as caught:
        compiled(expression)(value)
    assert len(str(caught.value)) < 200


def test_an_expression_that_exhausts_the_stack_is_not_applied() -> None:
    deep: Any = 1
    for _ in range(sys.getrecursionlimit()):
        deep = [deep]
    with pytest.raises(NotApplied, match="nested too deeply"):
        compiled("to_string(@)")(deep)
