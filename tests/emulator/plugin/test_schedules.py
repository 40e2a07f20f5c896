"""EventBridge Scheduler in the sandbox: what a run is told about when it was due."""

import json
from datetime import UTC, datetime

import pytest

from emulated_aws.plugin.schedules import fill, scheduled_time
from tests.emulator.emulated_account import Account, eventually

INPUT = '{"at":"<aws.scheduler.scheduled-time>","by":"<aws.scheduler.schedule-arn>"}'


def instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_run_is_told_when_it_was_due_and_a_changed_schedule_runs_anew(account: Account) -> None:
    url, arn = account.queue()
    scheduler, sqs = account.client("scheduler"), account.client("sqs")
    schedule = {
        "Name": "month",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": arn, "RoleArn": account.role(), "Input": INPUT},
    }
    own = scheduler.create_schedule(ScheduleExpression="at(2026-11-02T06:00:00)", **schedule)["ScheduleArn"]

    def told() -> list[dict[str, str]]:
        return [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]

    assert eventually(told, "the first run") == [{"at": "2026-11-02T06:00:00Z", "by": own}]
    scheduler.update_schedule(ScheduleExpression="at(2026-11-03T06:00:00)", **schedule)
    assert eventually(told, "the run of the changed schedule") == [{"at": "2026-11-03T06:00:00Z", "by": own}]


@pytest.mark.parametrize(
    ("expression", "last_run", "now", "due"),
    [
        ("at(2026-11-02T06:00:00)", None, "2026-11-24T10:00:03", "2026-11-02T06:00:00"),
        ("cron(0 6 2 * ? *)", "2026-10-15T12:00:00", "2026-11-02T06:00:09", "2026-11-02T06:00:00"),
        ("cron(0 12 2-10 * ? *)", "2026-11-02T12:00:07", "2026-11-03T12:00:04", "2026-11-03T12:00:00"),
        ("rate(5 minutes)", "2026-11-02T06:00:00", "2026-11-02T06:05:08", "2026-11-02T06:05:00"),
    ],
)
def test_a_run_that_starts_late_was_due_when_the_schedule_says(
    expression: str, last_run: str | None, now: str, due: str
) -> None:
    found = scheduled_time(expression, instant(last_run) if last_run else None, instant(now))
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_attributes_that_are_not_modelled_stay_in_the_text() -> None:
    text = '{"try":"<aws.scheduler.attempt-number>","at":"<aws.scheduler.scheduled-time>"}'
    filled = fill(text, datetime(2026, 11, 2, 6, tzinfo=UTC), "arn")
    assert filled == '{"try":"<aws.scheduler.attempt-number>","at":"2026-11-02T06:00:00Z"}'
