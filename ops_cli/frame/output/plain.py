"""What a command found, as the data model of JSON, and what --query selects from it."""

import base64
import dataclasses
import datetime as dt
import enum
import math
from collections.abc import Iterable, Mapping, Set
from typing import Any

from ops_cli.frame.times import rfc3339
from opscore.errors import UsageProblem


def to_plain(value: object) -> Any:
    """Return `value` as JSON would have it.

    Dataclasses are mappings, moments RFC 3339 in UTC, spans seconds, bytes base64, sets sorted lists. JSON has no
    infinity and no not-a-number: both are null.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return to_plain(value.value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return _from_collection(value) if isinstance(value, Iterable) else _from_time(value)


def _from_time(value: object) -> Any:
    if isinstance(value, dt.datetime):
        return rfc3339(value)
    if isinstance(value, dt.timedelta):
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _from_collection(value: Iterable[object]) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Set):
        return sorted(map(to_plain, value), key=str)
    return [to_plain(item) for item in value]


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
    """Raise `UsageProblem` for an expression that is no JMESPath: to be called before anything is done."""
    if expression is None:
        return
    import jmespath

    try:
        jmespath.compile(expression)
    except (jmespath.exceptions.JMESPathError, RecursionError) as error:
        raise _bad_query(expression, error) from None


def _bad_query(expression: str, error: Exception) -> UsageProblem:
    reason = " ".join(str(error).split())
    return UsageProblem(f"--query {expression!r}: {reason}", hint="https://jmespath.org shows the syntax.")
