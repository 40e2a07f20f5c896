"""What --query selects: JMESPath over the data that a command found."""

import contextlib
from collections.abc import Mapping
from typing import Any

from opscore.errors import UsageProblem


def query(plain: Any, expression: str | None) -> Any:
    """Return what the JMESPath `expression` selects from `plain`, None when that is nothing; all without one."""
    if expression is None:
        return plain
    import jmespath

    try:
        return jmespath.search(expression, plain)
    # A function of JMESPath that meets a value it was not made for may fail in Python's own words.
    except (jmespath.exceptions.JMESPathError, ArithmeticError, AttributeError, RecursionError, TypeError) as error:
        raise _bad_query(expression, error) from None


def check_query(expression: str | None) -> None:
    """Raise `UsageProblem` for an expression that is no JMESPath: it is called before anything is done."""
    if expression is None:
        return
    import jmespath

    try:
        _check_calls(jmespath.compile(expression).parsed)
    except (jmespath.exceptions.JMESPathError, RecursionError) as error:
        raise _bad_query(expression, error) from None


def _check_calls(node: Mapping[str, Any]) -> None:
    """Call every function in a parsed expression for what it says of its name and the number of its arguments."""
    from jmespath.exceptions import JMESPathTypeError
    from jmespath.functions import Functions

    if node["type"] == "function_expression":
        with contextlib.suppress(JMESPathTypeError):
            Functions().call_function(node["value"], [None] * len(node["children"]))
    for child in node["children"]:
        _check_calls(child)


def _bad_query(expression: str, error: Exception) -> UsageProblem:
    reason = " ".join(str(error).split())
    return UsageProblem(f"--query {expression!r}: {reason}", hint="https://jmespath.org shows the syntax.")
