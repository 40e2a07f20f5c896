"""The number of the local day an instant falls on, as SQL that DuckDB and Athena read alike.

The clock changes are worked out here, by Python's zone rules, and given to the engine as plain UTC instants: two
engines with zone data of different age still count the same days.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from insight.periods import Period

_ONE_DAY = timedelta(days=1)
_AT = '"at"'


@dataclass(frozen=True)
class _Stretch:
    """Days one after the other up to the instant `end`, all of 24 hours unless there is only one."""

    first: int
    days: int
    start: datetime
    end: datetime

    @property
    def is_even(self) -> bool:
        """Say whether its days have 24 hours."""
        return self.end - self.start == self.days * _ONE_DAY


def day_number_sql(period: Period) -> str:
    """Return an expression for the number, from 0, of the period's day that the UTC timestamp "at" falls on.

    Right for instants of the period only. Equal to Period.day_of: a day may have 23, 25 or 0 hours.
    """
    *early, last = _stretches(period)
    if not early:
        return _within(last)
    cases = " ".join(f"WHEN {_AT} < {timestamp_sql(one.end)} THEN {_within(one)}" for one in early)
    return f"CASE {cases} ELSE {_within(last)} END"


def timestamp_sql(instant: datetime) -> str:
    """Return a UTC instant as a literal of the type TIMESTAMP, which has no zone."""
    return f"TIMESTAMP '{instant:%Y-%m-%d %H:%M:%S}'"


def _within(stretch: _Stretch) -> str:
    if stretch.days == 1:
        return str(stretch.first)
    seconds = f"date_diff('second', {timestamp_sql(stretch.start)}, {_AT})"
    return f"{stretch.first} + CAST(floor({seconds} / 86400e0) AS INTEGER)"


def _stretches(period: Period) -> list[_Stretch]:
    stretches: list[_Stretch] = []
    for number, start, end in _days(period):
        day = _Stretch(number, 1, start, end)
        last = stretches[-1] if stretches else day
        if last.is_even and day.is_even and last.first + last.days == number:
            stretches[-1] = _Stretch(last.first, last.days + 1, last.start, end)
        else:
            stretches.append(day)
    return stretches


def _days(period: Period) -> Iterator[tuple[int, datetime, datetime]]:
    """Yield number, start and end of every day that has any time in it."""
    starts = period.day_starts
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        if start < end:
            yield number, start, end
