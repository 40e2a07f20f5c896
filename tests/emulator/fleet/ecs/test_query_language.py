"""The cluster query language chooses what it says, and what is none of it is refused."""

import pytest

from emulated_aws.fleet.ecs.query_language import BadExpression, compile_expression

FACTS = {"attribute:color": "blue", "agentConnected": True, "runningTasksCount": 3, "task:group": {"service:a"}}


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("", True),
        ("attribute:color == blue", True),
        ("attribute:color != 'blue'", False),
        ("attribute:color in [red, blue]", True),
        ("attribute:color =~ b.*", True),
        ("attribute:size exists", False),
        ("attribute:size !exists", True),
        ("not(task:group == service:a)", False),
        ("agentConnected == true and runningTasksCount > 2", True),
        ("(attribute:color == red or runningTasksCount <= 3) and !(attribute:size exists)", True),
    ],
)
def test_expressions_choose_what_they_say(expression: str, chosen: bool) -> None:
    assert compile_expression(expression)(FACTS) is chosen


@pytest.mark.parametrize(
    "expression", ["color == blue", "attribute:color ~ b", "attribute:color ==", "(agentConnected == true"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(BadExpression):
        compile_expression(expression)
