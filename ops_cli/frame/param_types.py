"""Values that operators type: a time in the past."""

import datetime as dt
import re
from typing import Any

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[dt.datetime]):
    """A moment: an age such as 90s, 15m, 2h, 3d, 1w, or an ISO 8601 time (UTC unless it says otherwise)."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the moment as an aware datetime."""
        if isinstance(value, dt.datetime):
            return value
        if age := re.fullmatch(r"(\d+)([smhdw])", str(value)):
            return dt.datetime.now(dt.UTC) - dt.timedelta(**{_UNITS[age[2]]: int(age[1])})
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither an age (15m, 2h, 3d) nor an ISO 8601 time.", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
