"""EventBridge Scheduler in the sandbox: what a run is told about when it was due."""

import json
from datetime import UTC, datetime

import pytest

from emulated_aws.plugin.schedule_times import next_time, zone_of
from emulated_aws.plugin.schedules import fill
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
    ("expression", "zone", "last_run", "due"),
    [
        ("cron(0 6 2 * ? *)", "UTC", "2026-10-15T12:00:00", "2026-11-02T06:00:00"),
        ("cron(0 12 2-10 * ? *)", "UTC", "2026-11-02T12:00:07", "2026-11-03T12:00:00"),
        ("rate(5 minutes)", "UTC", "2026-11-02T06:00:00", "2026-11-02T06:05:00"),
        ("cron(0 6 * * ? *)", "Europe/Paris", "2026-11-02T00:00:00", "2026-11-02T05:00:00"),
        ("cron(0 6 * * ? *)", "Europe/Paris", "2026-07-02T00:00:00", "2026-07-02T04:00:00"),
        ("cron(30 2 29 3 ? *)", "Europe/Paris", "2026-03-01T00:00:00", "2027-03-29T00:30:00"),
        ("cron(30 2 * * ? *)", "Europe/Paris", "2026-10-25T00:30:05", "2026-10-26T01:30:00"),
    ],
    ids=["monthly", "daily", "rate", "winter", "summer", "skipped by daylight saving", "repeated by it"],
)
def test_a_recurring_schedule_is_due_when_its_zone_says(expression: str, zone: str, last_run: str, due: str) -> None:
    found = next_time(expression, zone_of(zone), instant(last_run))
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_run_is_told_its_time_in_utc_whatever_zone_the_schedule_names_it_in(account: Account) -> None:
    url, arn = account.queue()
    account.client("scheduler").create_schedule(
        Name="paris",
        ScheduleExpression="at(2026-11-02T06:00:00)",
        ScheduleExpressionTimezone="Europe/Paris",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": account.role(), "Input": INPUT},
    )
    messages = eventually(lambda: account.client("sqs").receive_message(QueueUrl=url).get("Messages"), "the run")
    assert json.loads(messages[0]["Body"])["at"] == "2026-11-02T05:00:00Z"


@pytest.mark.parametrize(
    "given",
    [
        {"ScheduleExpressionTimezone": "Europe/Atlantis"},
        {"ScheduleExpression": "at(tomorrow)"},
        {"ScheduleExpression": "cron(0 6 * *)"},
    ],
)
def test_a_zone_or_an_expression_that_is_none_is_refused(account: Account, given: dict[str, str]) -> None:
    scheduler, role = account.client("scheduler"), account.role()
    target = {"Arn": "arn:aws:sqs:eu-west-1:000000000000:any", "RoleArn": role}
    whole = {"ScheduleExpression": "at(2099-01-01T00:00:00)", **given}
    with pytest.raises(scheduler.exceptions.ValidationException):
        scheduler.create_schedule(Name="wrong", FlexibleTimeWindow={"Mode": "OFF"}, Target=target, **whole)


def test_a_run_whose_target_does_not_exist_is_a_dead_letter(account: Account) -> None:
    url, arn = account.queue()
    missing = "arn:aws:lambda:eu-west-1:000000000000:function:missing"
    own = account.client("scheduler").create_schedule(
        Name="astray",
        ScheduleExpression="at(2026-11-02T06:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": missing, "RoleArn": account.role(), "Input": INPUT, "DeadLetterConfig": {"Arn": arn}},
    )["ScheduleArn"]
    sqs = account.client("sqs")
    asked = {"QueueUrl": url, "MessageAttributeNames": ["All"]}
    letter = eventually(lambda: sqs.receive_message(**asked).get("Messages"), "the dead letter")[0]
    said = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (said["ERROR_CODE"], said["SCHEDULED_TIME"]) == ("ResourceNotFoundException", "2026-11-02T06:00:00Z")
    assert (said["SCHEDULE_ARN"], said["TARGET_ARN"]) == (own, missing)
    body = json.loads(letter["Body"])
    assert (body["FunctionName"], json.loads(body["Payload"])["by"]) == (missing, own)


def test_attributes_that_are_not_modelled_stay_in_the_text() -> None:
    text = '{"try":"<aws.scheduler.attempt-number>","at":"<aws.scheduler.scheduled-time>"}'
    filled = fill(text, datetime(2026, 11, 2, 6, tzinfo=UTC), "arn")
    assert filled == '{"try":"<aws.scheduler.attempt-number>","at":"2026-11-02T06:00:00Z"}'
