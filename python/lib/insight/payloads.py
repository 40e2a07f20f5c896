"""Reading JSON objects that come from outside: strictly, field by field, with errors that name the field."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from insight.periods import BadPeriod, parse_day
from opscore.errors import UsageProblem


class BadRequest(UsageProblem):
    """An order or a request that does not follow its schema; the message names the field, never a person."""


def fields_of(payload: object, what: str, known: frozenset[str], *, required: frozenset[str]) -> Mapping[str, Any]:
    """Return `payload` when it is an object with no unknown and no missing fields."""
    if not isinstance(payload, Mapping):
        raise BadRequest(f"The {what} is not a JSON object.")
    names = {str(name) for name in payload}
    if unknown := sorted(names - known):
        raise BadRequest(f"The {what} has fields that are not known: {', '.join(unknown)}.")
    if missing := sorted(required - names):
        raise BadRequest(f"The {what} lacks {', '.join(missing)}.")
    return payload


def text(fields: Mapping[str, Any], name: str) -> str:
    """Return a text, empty when the field is absent."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` is a text.")
    return value


def day(fields: Mapping[str, Any], name: str) -> date:
    """Return a day written 2026-10-31."""
    try:
        return parse_day(text(fields, name))
    except BadPeriod as error:
        raise BadPeriod(f"`{name}`: {error.message}", hint=error.hint) from None


def names(fields: Mapping[str, Any], name: str, default: Sequence[str]) -> tuple[str, ...]:
    """Return a list of texts, `default` when the field is absent."""
    value = fields.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise BadRequest(f"`{name}` is a list of texts.")
    return tuple(value)


def whole_number(fields: Mapping[str, Any], name: str, default: int) -> int:
    """Return a whole number, `default` when the field is absent; true is none."""
    value = fields.get(name, default)
    if type(value) is not int:
        raise BadRequest(f"`{name}` is a whole number.")
    return value


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """Return true or false, false when the field is absent."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"`{name}` is true or false.")
    return value


def check_version(fields: Mapping[str, Any], what: str, known: int) -> None:
    """Refuse a payload of another schema; one without a version is of the first."""
    version = whole_number(fields, "version", 1)
    if version != known:
        raise BadRequest(
            f"The {what} has version {version}; this code reads {known}.",
            hint="Use the opsctl and the platform of one release.",
        )
