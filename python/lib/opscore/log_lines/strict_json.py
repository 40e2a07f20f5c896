"""JSON objects out of text that anybody may have written: read strictly (RFC 8259, RFC 7493), or not at all."""

import json
from collections.abc import Iterable
from typing import Any

MAXIMUM_DEPTH = 32
"""Deeper nesting is no log record; whoever walks through the value later must not run out of stack."""

MAXIMUM_DIGITS = 40
"""Longer integers are no numbers that anybody counts with."""


def read_object(text: str) -> dict[str, Any] | None:
    """Return the JSON object that `text` is, None when it is anything else; never raises.

    Refused: equal keys, numbers that are infinite or endless, NaN, lone surrogates, nesting over `MAXIMUM_DEPTH`.
    """
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_int=_countable,
            parse_constant=_refuse,
        )
        if not _fits(found, MAXIMUM_DEPTH):
            return None
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate has no UTF-8
    except (ValueError, RecursionError):
        return None
    return dict(found)


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(key)
        found[key] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    return _refuse(text) if number in (float("inf"), float("-inf")) else number


def _countable(text: str) -> int:
    return int(text) if len(text) <= MAXIMUM_DIGITS else _refuse(text)


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _fits(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    items = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_fits(item, depth - 1) for item in items)
