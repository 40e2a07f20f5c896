"""What --query selects: JMESPath over the data that a command found."""

from typing import Any

from opscore.errors import UsageProblem


def query(plain: Any, expression: str | None) -> Any:
    """Return what the JMESPath `expression` selects from `plain`, None when that is nothing; all without one."""
    if expression is None:
        return plain
    from opscore import expressions

    try:
        return expressions.compiled(expression)(plain)
    except ValueError as error:
        raise _bad_query(expression, error) from None


def check_query(expression: str | None) -> None:
    """Raise `UsageProblem` for an expression that is no JMESPath: it is called before anything is done."""
    if expression is None:
        return
    from opscore import expressions

    try:
        expressions.compiled(expression)
    except expressions.WrongExpression as error:
        raise _bad_query(expression, error) from None


def _bad_query(expression: str, error: Exception) -> UsageProblem:
    return UsageProblem(f"--query {expression!r}: {error}", hint="https://jmespath.org shows the syntax.")
