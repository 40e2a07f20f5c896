"""EventBridge Scheduler: when schedules run, what their targets are told, and their dead letters.

Attributes: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
Modelled: `<aws.scheduler.scheduled-time>`, the time the schedule named in its zone, written in UTC, never the time it
ran at, and `<aws.scheduler.schedule-arn>`; the others are left in the text. Zones are in `schedule_times`, targets
that do not exist in `schedule_dead_letters`.

Not as on AWS: the emulator looks every ten seconds; a one-time schedule whose time has passed runs at the next look; a
run that fails is not tried again, so its dead letter comes at once; the role of a target is not asked when it runs.
"""

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, request_scope
from ministack.services import eventbridge
from ministack.services import scheduler as service

from emulated_aws.plugin.schedule_dead_letters import send_dead_letter, what_is_missing
from emulated_aws.plugin.schedule_times import next_time, only_time, zone_of
from emulated_aws.replacement import replace

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
SCHEDULE_ARN = "<aws.scheduler.schedule-arn>"

logger = logging.getLogger("opsctl")

Schedule = Mapping[str, Any]


def install() -> None:
    """Run schedules in their zones, refuse expressions and zones that are none, let a changed schedule begin anew."""
    replace(service, "_tick_schedules", lambda _stock: look)
    replace(service, "_create_schedule", _checked)
    replace(service, "_update_schedule", _checked)


def _checked(stock: Any) -> Any:
    def write(name: str, body: Mapping[str, Any]) -> Any:
        expression = str(body.get("ScheduleExpression") or "")
        if problem := _problem(expression, body.get("ScheduleExpressionTimezone")):
            return service._error(400, "ValidationException", problem)
        answer = stock(name, body)
        if answer[0] == 200:  # noqa: PLR2004
            # A one-time schedule that has a last run never runs, also when that was as another schedule.
            _last_runs().pop((get_account_id(), get_region(), f"{body.get('GroupName', 'default')}/{name}"), None)
        return answer

    return write


def _problem(expression: str, zone_name: str | None) -> str:
    try:
        zone = zone_of(zone_name)
    except ValueError:
        return "Provided ScheduleExpressionTimezone is invalid."
    if expression and only_time(expression, zone) is None and next_time(expression, zone, time.time()) is None:
        return f"Invalid Schedule Expression {expression}."
    return ""


def _last_runs() -> dict[Any, float]:
    """Return (account, region, group/name) -> when the schedule ran last, or since when it is looked at."""
    found: dict[Any, float] = service._schedule_last_fired
    return found


def look() -> None:
    """Run every schedule that is due, in its own account and region."""
    for key, schedule in list(service._schedules.all_items()):
        with request_scope(key[0], key[1]):
            try:
                _look_at(key, schedule, time.time())
            except Exception:
                logger.exception("the schedule %s could not run", schedule.get("Arn"))


def _look_at(key: Any, schedule: Schedule, now: float) -> None:
    if schedule.get("State") != "ENABLED":
        return
    ends, begins = service._to_epoch(schedule.get("EndDate")), service._to_epoch(schedule.get("StartDate"))
    over = ends is not None and now > ends
    due = None if over or (begins is not None and now < begins) else _due(key, schedule, now)
    if due is not None:
        _last_runs()[key] = now
        _run(schedule, due, now)
    once = due is not None and only_time(schedule["ScheduleExpression"], UTC) is not None
    if (over or once) and schedule.get("ActionAfterCompletion") == "DELETE":
        service._schedules.pop(key[2], None)
        _last_runs().pop(key, None)


def _due(key: Any, schedule: Schedule, now: float) -> datetime | None:
    """Return the time for which a run is due now; None when none is."""
    expression, zone = schedule["ScheduleExpression"], zone_of(schedule.get("ScheduleExpressionTimezone"))
    if (once := only_time(expression, zone)) is not None:
        return once if key not in _last_runs() and now >= once.timestamp() else None
    since = _last_runs().setdefault(key, schedule["CreationDate"] if expression.startswith("rate(") else now)
    due = next_time(expression, zone, since)
    return due if due is not None and now >= due.timestamp() else None


def _run(schedule: Schedule, due: datetime, now: float) -> None:
    target = dict(schedule["Target"])
    if target.get("Input"):
        target["Input"] = fill(target["Input"], due, schedule["Arn"])
    failure = what_is_missing(target["Arn"])
    if failure:
        send_dead_letter(schedule, target, due, failure)
        return
    event = {
        "EventId": new_uuid(),
        "Source": "aws.scheduler",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": now,
        "Resources": [schedule["Arn"]],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    eventbridge._invoke_target(target, event, schedule)


def fill(text: str, due: datetime, arn: str) -> str:
    """Return a target's input with the attributes filled in."""
    when = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text.replace(SCHEDULED_TIME, when).replace(SCHEDULE_ARN, json.dumps(arn)[1:-1])
