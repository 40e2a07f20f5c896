"""Moments and spans: as operators type them, as data has them, as a table shows them."""

import datetime as dt
import math
import re
from typing import Any, overload

import click

_LENGTHS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DAY = 86_400
_MILLISECOND = 1_000  # in microseconds
_LONGEST_SECONDS = 366 * _DAY
_EARLIEST = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def rfc3339(moment: dt.datetime) -> str:
    """Return a moment as data has it: `2026-11-24T11:31:36Z`, with milliseconds when they are not zero.

    https://www.rfc-editor.org/rfc/rfc3339, in UTC; a moment without a zone is taken for UTC.
    """
    utc = _aware(moment).astimezone(dt.UTC)
    precision = "milliseconds" if utc.microsecond >= _MILLISECOND else "seconds"
    return utc.isoformat(timespec=precision).replace("+00:00", "Z")


def parse_rfc3339(text: str) -> dt.datetime | None:
    """Return the moment that `text` is, None when it is none; Lambda's `+0000` is read too."""
    if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text):
        return None
    try:
        return _iso(text)
    except ValueError:
        return None


def ago(moment: dt.datetime, now: dt.datetime) -> str:
    """Return a moment for a person who looks now: `5m ago (11:31 UTC)`, `in 4m (11:40 UTC)`.

    What is more than a day away has its date: `3d ago (2026-11-26 11:31 UTC)`.
    """
    utc = _aware(moment).astimezone(dt.UTC)
    seconds = (_aware(now) - utc).total_seconds()
    away = abs(seconds)
    span = spoken(away).split()[0]
    clock = f"{utc:%H:%M} UTC" if away <= _DAY else f"{utc:%Y-%m-%d %H:%M} UTC"
    return f"in {span} ({clock})" if seconds < 0 else f"{span} ago ({clock})"


@overload
def spoken(seconds: None) -> None: ...


@overload
def spoken(seconds: float) -> str: ...


def spoken(seconds: float | None) -> str | None:
    """Return a span as people say it, in its two largest units: `3d 4h`, `12m 5s`; below zero with a minus."""
    if seconds is None:
        return None
    if seconds < 0:
        return f"-{spoken(-seconds)}"
    left = int(seconds)
    parts: list[str] = []
    for unit in "dhms":
        count, left = divmod(left, _LENGTHS[unit])
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0") or len(parts) == 1)


class Since(click.ParamType[dt.datetime]):
    """A moment in the past: an age such as 90s, 15m, 2h, 3d, 1w, or an ISO 8601 time (UTC unless it says otherwise)."""

    name = "time"

    def __init__(self, now: dt.datetime | None = None) -> None:
        """Count ages from `now`, by default from the clock."""
        self._now = now

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the moment as an aware datetime between 1970 and now."""
        if isinstance(value, dt.datetime):
            return value
        now = self._now or dt.datetime.now(dt.UTC)
        age = _seconds(str(value))
        try:
            moment = now - dt.timedelta(seconds=age) if age is not None else _iso(str(value))
        except OverflowError:
            moment = _EARLIEST - dt.timedelta(seconds=1)
        except ValueError:
            self.fail(f"{value!r} is neither an age (15m, 2h, 3d) nor an ISO 8601 time.", param, ctx)
        if moment < _EARLIEST:
            self.fail(f"{value!r} is before 1970: nothing is that old. Say an age such as 3d, or a date.", param, ctx)
        if moment > now:
            self.fail(f"{value!r} is in the future; it is {rfc3339(now)} now.", param, ctx)
        return moment


class Seconds(click.ParamType[float]):
    """A span of time: seconds (5, 0.5), or 90s, 15m, 2h, 1d; `least` at the least, a year at the most."""

    name = "seconds"

    def __init__(self, least: float = 1) -> None:
        """Refuse what is shorter than `least` seconds."""
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds, as an int when they are whole."""
        try:
            age = _seconds(str(value))
            seconds = float(value) if age is None else age
        except ValueError:
            self.fail(f"{value!r} is no span of time: say seconds, or 90s, 15m, 2h.", param, ctx)
        if not math.isfinite(seconds) or not self._least <= seconds <= _LONGEST_SECONDS:
            self.fail(f"{value!r} is not between {self._least:g} seconds and a year.", param, ctx)
        return int(seconds) if seconds == int(seconds) else seconds


def _seconds(text: str) -> int | None:
    """Return the seconds of an age such as 15m; None for any other text."""
    age = re.fullmatch(r"([0-9]{1,30})([smhdw])", text.strip())
    return int(age[1]) * _LENGTHS[age[2]] if age else None


def _iso(text: str) -> dt.datetime:
    return _aware(dt.datetime.fromisoformat(text))


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
