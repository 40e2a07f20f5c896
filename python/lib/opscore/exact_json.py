r"""JSON of strangers, read and written digit by digit (RFC 8259).

Python's own reader makes 1.1 of `1.10` and infinity of `1e400`, keeps the last of two equal keys, and fails on 5,000
brackets or 100,000 digits. This one keeps how numbers and escapes were spelled, and says why a text is not for it.
"""

import json
import math
import operator
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring
from typing import Any

MAXIMUM_DEPTH = 100
"""Deeper nesting is taken for text: whoever walks through the value later must not run out of stack."""

_COUNTABLE = 1000
"""Integers of so many digits are plain ones. Python converts up to 4,300, in a time that grows with their square."""

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
# A string that does not end goes on to the end, so that no text is searched twice.
_BRACKET_OR_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")


def _compared(operation: Callable[[Decimal, Decimal], bool]) -> Callable[[float, object], Any]:
    def compare(number: float, other: object) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return operation(_decimal(number), _decimal(other))

    return compare


class Unreadable(ValueError):
    """The text is JSON, at least to some reader, and none whose parts could be taken and put back as they were."""


class Number(float):
    """A number whose digits Python would change. It counts as its float and compares with all its digits."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, spelling: str) -> "Number":
        """Make the number that JSON spells so."""
        number = super().__new__(cls, spelling)
        number.spelling = spelling
        return number

    def __repr__(self) -> str:
        return self.spelling

    def __reduce__(self) -> tuple[type["Number"], tuple[str]]:
        return Number, (self.spelling,)

    __eq__ = _compared(operator.eq)
    __ne__ = _compared(operator.ne)
    __lt__ = _compared(operator.lt)
    __le__ = _compared(operator.le)
    __gt__ = _compared(operator.gt)
    __ge__ = _compared(operator.ge)
    __hash__ = float.__hash__


class Text(str):
    """A text with the escapes by which it was spelled, quotes included."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, text: str, spelling: str) -> "Text":
        """Make a text that is written as `spelling`."""
        made = super().__new__(cls, text)
        made.spelling = spelling
        return made

    def __reduce__(self) -> tuple[type["Text"], tuple[str, str]]:
        return Text, (str(self), self.spelling)


# JMESPath knows the types of its values by these names alone.
Number.__name__ = "float"
Text.__name__ = "str"


def _decimal(number: float) -> Decimal:
    """Return a number with the digits by which it is known."""
    if not isinstance(number, float):
        return Decimal(number)
    try:
        return Decimal(repr(number))
    except InvalidOperation:  # an exponent of twenty digits
        return Decimal(float(number))


def read(text: str, *, escapes: bool = False) -> Any:
    """Return the value that `text` spells; with `escapes` its texts, too, are written again as they were spelled.

    Raises `Unreadable` with the reason for an object with two equal keys, nesting over `MAXIMUM_DEPTH`, NaN and
    Infinity, and `ValueError` for what else is no JSON.
    """
    if is_too_deep(text):
        raise Unreadable(f"it is nested more than {MAXIMUM_DEPTH} deep")
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error}") from None
    return _with_escapes(value, (found[0] for found in _STRING.finditer(text))) if escapes and "\\" in text else value


def is_too_deep(text: str) -> bool:
    """Say whether brackets are nested more than `MAXIMUM_DEPTH` deep in a text, without going deep oneself."""
    if text.count("[") + text.count("{") <= MAXIMUM_DEPTH:
        return False
    depth = 0
    for found in _BRACKET_OR_STRING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAXIMUM_DEPTH:
            return True
    return False


def read_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that `text` is; None, and never an error, when it is anything else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = read(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable(f"it has two keys {twice[:40]!r}")
    return found


def _whole(spelling: str) -> float:
    return int(spelling) if len(spelling) <= _COUNTABLE and spelling != "-0" else Number(spelling)


def _broken(spelling: str) -> float:
    plain = float(spelling)
    return plain if repr(plain) == spelling else Number(spelling)


def _no_number(name: str) -> Any:
    raise Unreadable(f"it is no JSON: {name} is no number")


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_broken, parse_constant=_no_number
).decode


def _with_escapes(value: Any, spellings: Iterator[str]) -> Any:
    """Return the value with the spelling of each text: they come in the order in which the value holds them."""
    if isinstance(value, str):
        spelling = next(spellings)
        return value if spelling == encode_basestring(value) else Text(value, spelling)
    if isinstance(value, dict):
        return {_with_escapes(key, spellings): _with_escapes(item, spellings) for key, item in value.items()}
    return [_with_escapes(item, spellings) for item in value] if isinstance(value, list) else value


def write(value: Any, *, indent: int | None = None, comma: str = ",", colon: str = ":") -> str:
    """Return `value` as JSON, in one line or with so many blanks for each level.

    Raises `ValueError` for infinity and not-a-number, `TypeError` for what JSON does not have. What no encoding can
    write, and no queue takes, is an escape.
    """
    parts: list[str] = []
    _write(value, parts, "" if indent is None else "\n", (" " * (indent or 0), comma, colon))
    return "".join(parts)


def _write(value: Any, parts: list[str], line: str, form: tuple[str, str, str]) -> None:
    if not value or not isinstance(value, (dict, list, tuple)):
        parts.append(_plain(value))
        return
    step, comma, colon = form
    inner = line + step
    between = inner
    is_object = isinstance(value, dict)
    parts.append("{" if is_object else "[")
    for item in value:
        parts.append(between)
        between = comma + inner
        if is_object:
            parts += (_key(item), colon)
        _write(value[item] if is_object else item, parts, inner, form)
    parts += (line, "}" if is_object else "]")


def _plain(value: Any) -> str:
    """Return a value that holds no others."""
    if isinstance(value, str):
        return value.spelling if isinstance(value, Text) else _quoted(value)
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return value.spelling if isinstance(value, Number) else _finite(value)
    if isinstance(value, (dict, list, tuple)):
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"it holds a {type(value).__name__}, which JSON does not have")


def _finite(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"it holds {float.__repr__(value)}, which JSON does not have")
    return float.__repr__(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"it holds a key that is no text: {key!r}")
    return _plain(key)


def _quoted(text: str) -> str:
    quoted = encode_basestring(text)
    return quoted if text.isascii() else _UNWRITABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
