"""When a schedule of EventBridge Scheduler is due, in its time zone.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

`at` and `cron` name a time of the schedule's zone, UTC unless it says otherwise. A wall clock time that daylight saving
skips has no run; one that it repeats has a single run, at the first.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ministack.services import eventbridge

_ONCE = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")


def zone_of(name: str | None) -> tzinfo:
    """Return the time zone of that name, UTC for none; raises `ValueError` when there is no such zone."""
    try:
        return ZoneInfo(name) if name and name != "UTC" else UTC
    except (KeyError, OSError) as error:
        raise ValueError(f"there is no time zone {name}") from error


def only_time(expression: str, zone: tzinfo) -> datetime | None:
    """Return when a one-time schedule is due; None when the schedule is another."""
    found = _ONCE.fullmatch(expression.strip())
    return datetime.fromisoformat(found[1]).replace(tzinfo=zone).astimezone(UTC) if found else None


def next_time(expression: str, zone: tzinfo, since: float) -> datetime | None:
    """Return the first time after `since` (seconds since 1970) that a recurring schedule names; None when none is."""
    start = datetime.fromtimestamp(since, UTC)
    if (interval := eventbridge._parse_rate_seconds(expression)) is not None:
        return start + timedelta(seconds=interval)
    fields = eventbridge._parse_cron_fields(expression)
    wall = start.astimezone(zone).replace(tzinfo=UTC)
    while fields is not None and (found := eventbridge._cron_next_fire(fields, wall)) is not None:
        due: datetime = found.replace(tzinfo=zone).astimezone(UTC)
        if due.astimezone(zone).replace(tzinfo=UTC) == found:
            return due
        wall = found
    return None
