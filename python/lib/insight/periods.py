"""Periods: half-open ranges of local days in an account's zone, and the UTC instants they stand for.

The instants come from the zone's rules alone, never from the machine's clock or zone.
"""

import bisect
import calendar
import functools
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from opscore.errors import OpsError, UsageProblem

MAXIMUM_DAYS = 400

_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_ONE_DAY = timedelta(days=1)


class BadPeriod(UsageProblem):
    """A date, a range or a zone that no report can be made for."""


@dataclass(frozen=True)
class Period:
    """The local days from `start` up to, not including, `end` in `time_zone` (an IANA name)."""

    start: date
    end: date
    time_zone: str

    def __post_init__(self) -> None:
        check_range(self.start, self.end)
        zone(self.time_zone)

    @property
    def last(self) -> date:
        """The last local day of the period."""
        return self.end - _ONE_DAY

    @property
    def days(self) -> tuple[date, ...]:
        """Every local day of the period, in order."""
        count = (self.end - self.start).days
        return tuple(self.start + timedelta(days=offset) for offset in range(count))

    @functools.cached_property
    def day_starts(self) -> tuple[datetime, ...]:
        """The UTC instants at which the days begin, and at the end the instant at which the period is over."""
        return tuple(start_of_day(day, self.time_zone) for day in (*self.days, self.end))

    @property
    def starts_at(self) -> datetime:
        """The first instant of the period, in UTC."""
        return self.day_starts[0]

    @property
    def ends_at(self) -> datetime:
        """The first instant after the period, in UTC."""
        return self.day_starts[-1]

    def day_of(self, instant: datetime) -> date | None:
        """Return the local day that `instant` falls on, None when it lies outside of the period."""
        index = bisect.bisect_right(self.day_starts, instant) - 1
        if index < 0 or index >= len(self.day_starts) - 1:
            return None
        return self.start + timedelta(days=index)

    def utc_dates(self) -> Iterator[date]:
        """Yield the UTC dates that the period touches: events are filed by those."""
        day, last = self.starts_at.date(), (self.ends_at - timedelta(microseconds=1)).date()
        while day <= last:
            yield day
            day += _ONE_DAY


def check_range(start: date, end: date, *, maximum_days: int | None = None) -> None:
    """Refuse a range that is empty, runs backwards or is longer than `maximum_days`."""
    if end <= start:
        raise BadPeriod(f"The period from {start} up to {end} is empty.", hint="The end must come after the start.")
    length = (end - start).days
    if maximum_days is not None and length > maximum_days:
        raise BadPeriod(
            f"The period from {start} to {end - _ONE_DAY} has {length} days; a report covers {maximum_days} at most.",
            hint="Ask for several shorter reports.",
        )


def parse_inclusive(first: str, last: str) -> tuple[date, date]:
    """Turn what a person types, both ends included, into a half-open range.

    Each end is a day (2026-10-31) or a month (2026-10), which stands for its first day in `first` and for its last
    in `last`. Raises BadPeriod.
    """
    start = _edge(first, last_of_month=False)
    end = _edge(last, last_of_month=True) + _ONE_DAY
    if end <= start:
        raise BadPeriod(f"The period ends ({last}) before it starts ({first}).", hint="Swap the two dates.")
    check_range(start, end, maximum_days=MAXIMUM_DAYS)
    return start, end


def parse_day(text: str) -> date:
    """Read a day written 2026-10-31 between the years 1970 and 9998; nothing else that `date.fromisoformat` takes."""
    day = _day(text) if _DAY.fullmatch(text) else None
    if day is None:
        raise BadPeriod(f"{text!r} is not a day.", hint="Days are written YYYY-MM-DD, for example 2026-10-31.")
    return day


def parse_month(text: str) -> tuple[date, date]:
    """Turn a month written 2026-10 into the half-open range of its days."""
    if not _MONTH.fullmatch(text):
        raise BadPeriod(f"{text!r} is not a month.", hint="Months are written YYYY-MM, for example 2026-10.")
    return parse_inclusive(text, text)


def _edge(text: str, *, last_of_month: bool) -> date:
    if _MONTH.fullmatch(text):
        day = _day(f"{text}-01")
        if day and last_of_month:
            day = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    else:
        day = _day(text) if _DAY.fullmatch(text) else None
    if day is None:
        raise BadPeriod(
            f"{text!r} is neither a day nor a month.",
            hint="Write days as 2026-10-31 and months as 2026-10.",
        )
    return day


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Near the ends of the calendar the instants of a local day cannot be written any more.
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


@functools.cache
def zone(name: str) -> zoneinfo.ZoneInfo:
    """Return the rules of an IANA zone; BadPeriod for an unknown name, OpsError without zone data."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        if _has_no_zone_data():
            raise OpsError(
                f"This Python has no time zone data, so the days of {name} are not known.",
                hint="Install the `tzdata` package beside the code.",
            ) from None
        raise BadPeriod(
            f"There is no time zone named {name!r}.", hint="Zones are IANA names, for example Europe/Berlin."
        ) from None


def _has_no_zone_data() -> bool:
    try:
        zoneinfo.ZoneInfo("Europe/London")
    except zoneinfo.ZoneInfoNotFoundError:
        return True
    return False


def start_of_day(day: date, time_zone: str) -> datetime:
    """Return the first UTC instant at which the local date is `day` or later.

    Where a clock change skips midnight (Santiago, Cairo) that is the instant of the change; where it repeats
    midnight (Havana) the first of the two; a day that was skipped whole (Apia, 2011-12-30) starts with the next one.
    Python reads a local time that does not exist with the offset before the change (PEP 495), which is that instant
    as long as what is skipped begins at midnight sharp: so it did in every zone since 1970.
    """
    return datetime.combine(day, time(), tzinfo=zone(time_zone)).astimezone(UTC)
