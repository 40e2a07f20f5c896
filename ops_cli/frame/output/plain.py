"""What a command found, as the data model of JSON."""

import base64
import dataclasses
import datetime as dt
import enum
import math
from collections.abc import Iterable, Mapping, Set
from typing import Any

from ops_cli.frame.times import rfc3339
from opscore import exact_json


def to_plain(value: object) -> Any:
    """Return `value` as JSON would have it.

    Dataclasses are mappings, moments RFC 3339 in UTC, spans seconds, bytes base64, sets sorted lists. JSON has no
    infinity and no not-a-number: both are null. Numbers that were read with all their digits keep them.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return to_plain(value.value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, exact_json.Number):
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
