"""EventBridge Scheduler: the context attributes of a target's input, and schedules that are changed.

Attributes: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
Modelled: `<aws.scheduler.scheduled-time>`, the time the schedule named, never the time it ran at, and
`<aws.scheduler.schedule-arn>`. The others are left in the text.

Not as on AWS: the emulator looks every ten seconds; a one-time schedule whose time has passed runs at the next look; a
run that fails is not tried again.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge
from ministack.services import scheduler as service

from emulated_aws.replacement import replace

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
SCHEDULE_ARN = "<aws.scheduler.schedule-arn>"

_last_runs: dict[Any, float] = {}


def install() -> None:
    """Fill in what a target's input asks for, and let a changed schedule begin anew."""
    replace(service, "_tick_schedules", _remembering_last_runs)
    replace(service, "_update_schedule", _beginning_anew)
    replace(eventbridge, "_invoke_target", _with_attributes)


def _remembering_last_runs(stock: Any) -> Any:
    # The look sets a schedule's last run before it invokes, and when a run was due follows from the one before.
    def tick() -> None:
        _last_runs.clear()
        _last_runs.update(service._schedule_last_fired)
        stock()

    return tick


def _beginning_anew(stock: Any) -> Any:
    # A one-time schedule that has a last run never runs, also when that was as another schedule.
    def update(name: str, body: Mapping[str, Any]) -> Any:
        service._schedule_last_fired.pop(_key(f"{body.get('GroupName', 'default')}/{name}"), None)
        return stock(name, body)

    return update


def _with_attributes(stock: Any) -> Any:
    def invoke(target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], view: Any = None) -> None:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            before = _last_runs.get(_key(f"{rule['GroupName']}/{rule['Name']}"))
            due = scheduled_time(rule["ScheduleExpression"], before, float(event["Time"]))
            target = {**target, "Input": fill(target["Input"], due, rule["Arn"])}
        stock(target, event, rule, view)

    return invoke


def _key(name: str) -> Any:
    return (get_account_id(), get_region(), name)


def fill(text: str, due: datetime, arn: str) -> str:
    """Return a target's input with the attributes filled in."""
    return text.replace(SCHEDULED_TIME, due.strftime("%Y-%m-%dT%H:%M:%SZ")).replace(SCHEDULE_ARN, json.dumps(arn)[1:-1])


def scheduled_time(expression: str, last_run: float | None, now: float) -> datetime:
    """Return when the run was due that is made now; `last_run` is the one before, or since when it is looked at."""
    if (once := service._at_time_epoch(expression)) is not None:
        return datetime.fromtimestamp(once, UTC)
    since = datetime.fromtimestamp(now if last_run is None else last_run, UTC)
    if (interval := eventbridge._parse_rate_seconds(expression)) is not None:
        return since + timedelta(seconds=interval)
    due = eventbridge._cron_next_fire(eventbridge._parse_cron_fields(expression), since)
    return due if due is not None else since
