import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops_cli.commands.status import NotKnown, Status, next_step
from ops_cli.frame import stack as stacks
from opscore.alarms import AlarmState
from opscore.health import QueueHealth
from tests.ops_cli.commands.conftest import DEAD, DESCRIPTION, WORK, Opsctl

Aws = Callable[[str], Any]


def send(aws: Aws, queue: str, count: int) -> None:
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for number in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))


def put_alarm(aws: Aws, name: str, namespace: str, metric: str, dimensions: Mapping[str, str]) -> None:
    """Put an alarm as our Terraform modules do, and let it ring."""
    cloudwatch = aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, MetricName=metric, Namespace=namespace, Period=60, EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum", AlarmDescription="Next: opsctl services x",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="7 > 1")


def put_errors_alarm(aws: Aws, function: str) -> None:
    put_alarm(aws, f"{function}-errors", "AWS/Lambda", "Errors", {"FunctionName": function})


def test_a_quiet_platform_is_green(opsctl: Opsctl) -> None:
    answer = opsctl("status", "--output", "json")
    assert (answer.code, answer.err) == (0, "")
    assert {row["level"] for row in answer.data["services"]} == {"green"}
    assert answer.data["not_known"] == []


def test_dead_letters_are_counted_and_make_their_consumer_red(opsctl: Opsctl, aws: Aws) -> None:
    send(aws, DEAD, 2)
    send(aws, WORK, 3)
    answer = opsctl("status", "--output", "json")
    data = answer.data
    assert answer.err == "Next: opsctl dlq analyse report-requests\n"
    assert (data["queues"][0]["waiting"], data["queues"][0]["dead_letters"]) == (3, 2)
    assert data["services"][0] == {
        "service": "report-generator",
        "level": "red",
        "why": "2 dead letters in report-requests",
    }


def test_an_alarm_that_rings_is_shown_first_with_its_reason(opsctl: Opsctl, aws: Aws) -> None:
    for function in ("report-generator", "report-request"):
        put_errors_alarm(aws, f"opsctl-test-{function}")
    aws("cloudwatch").set_alarm_state(
        AlarmName="opsctl-test-report-generator-errors", StateValue="OK", StateReason="quiet"
    )
    answer = opsctl("status", "--output", "json")
    assert answer.data["alarms"][0]["alarm"] == "opsctl-test-report-request-errors"
    assert answer.data["alarms"][0]["reason"] == "7 > 1"
    assert answer.data["services"][0]["service"] == "report-request"
    assert answer.err == "Next: opsctl services x\n"


def test_an_alarm_of_an_environment_that_begins_alike_is_not_shown(opsctl: Opsctl, aws: Aws) -> None:
    put_errors_alarm(aws, "opsctl-test-eu-report-generator")
    put_errors_alarm(aws, "opsctl-test-report-generator-eu")
    assert opsctl("status", "--output", "json").data["alarms"] == []
    assert opsctl("status", "--fail").code == 0


def test_fail_makes_red_an_exit_code(opsctl: Opsctl, aws: Aws) -> None:
    assert opsctl("status", "--fail").code == 0
    send(aws, DEAD, 1)
    assert opsctl("status", "--fail").code == 1
    assert opsctl("status").code == 0


def test_the_screen_says_where_and_when_and_names_every_section(opsctl: Opsctl) -> None:
    lines = opsctl("status").out.splitlines()
    where, _, when = lines[0].partition(", at ")
    assert where == "test, account 123456789012, eu-west-1"
    assert dt.datetime.fromisoformat(when.replace(" UTC", "+00:00")) <= dt.datetime.now(dt.UTC)
    assert [line for line in lines if line.isupper() and " " not in line] == [
        "SERVICES",
        "QUEUES",
        "ALARMS",
        "EXECUTIONS",
    ]


@pytest.mark.parametrize("queue", [WORK, DEAD])
def test_a_queue_that_is_gone_is_a_red_row_and_the_rest_is_shown(opsctl: Opsctl, aws: Aws, queue: str) -> None:
    sqs = aws("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"])
    answer = opsctl("status", "--output", "json")
    (row,) = answer.data["queues"]
    assert (answer.code, row["level"]) == (0, "red")
    assert row["problem"] == ("gone" if queue == WORK else "dead-letter queue gone")
    assert len(answer.data["services"]) == 3
    assert answer.err == "Next: opsctl deploy plan\n"
    assert "gone" in opsctl("status").out
    assert opsctl("status", "--fail").code == 1


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let AWS refuse every call whose operation is one of the given ones."""

    def refuse(*operations: str) -> None:
        import botocore.client

        call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

        def answer(client: Any, operation: str, parameters: Any) -> Any:
            if operation in operations:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "You may not."}}, operation)
            return call(client, operation, parameters)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answer)

    return refuse


@pytest.mark.parametrize(("operation", "what"), [("DescribeAlarms", "alarms"), ("GetMetricData", "ages of messages")])
def test_a_call_that_is_denied_is_a_line_and_the_rest_is_shown(
    opsctl: Opsctl, aws: Aws, deny: Callable[..., None], operation: str, what: str
) -> None:
    send(aws, DEAD, 1)
    deny(operation)
    data = opsctl("status", "--output", "json").data
    assert data["not_known"] == [{"what": what, "why": "AccessDenied: You may not.", "level": "yellow"}]
    assert data["queues"][0]["dead_letters"] == 1
    assert "NOT KNOWN" in opsctl("status").out
    assert opsctl("status", "--fail").code == 1


def test_a_refusal_of_everything_is_an_error(opsctl: Opsctl, deny: Callable[..., None]) -> None:
    deny("DescribeAlarms", "GetMetricData", "GetQueueAttributes")
    answer = opsctl("status")
    assert (answer.code, answer.out) == (5, "")
    assert "Not allowed" in answer.err


def test_each_queue_costs_one_call(opsctl: Opsctl, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.client

    call, called = botocore.client.BaseClient._make_api_call, []  # type: ignore[attr-defined]

    def counted(client: Any, operation: str, parameters: Any) -> Any:
        called.append(operation)
        return call(client, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", counted)
    assert opsctl("status").code == 0
    assert sorted(called) == ["DescribeAlarms", "GetMetricData", "GetParameter", *["GetQueueAttributes"] * 2]


STACK = stacks.parse(DESCRIPTION)
QUIET = Status("test", "1", "eu-west-1", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), [], [], [], [], [])


def queue(name: str, dead_letters: int | None = 0, problem: str | None = None, level: Any = "red") -> QueueHealth:
    return QueueHealth(name, "report-generator", 1, 0, None, dead_letters, problem, level)


def alarm(owner: str, description: str) -> AlarmState:
    return AlarmState("a", owner, "m", "ALARM", "", description, None, "red")


@pytest.mark.parametrize(
    ("found", "step"),
    [
        (QUIET, None),
        (replace(QUIET, queues=[queue("a", 1), queue("b", 7), queue("c", None, "gone")]), "opsctl dlq analyse b"),
        (replace(QUIET, queues=[queue("a", None, "gone")], alarms=[alarm(WORK, "")]), "opsctl deploy plan"),
        (replace(QUIET, not_known=[NotKnown("state machine x", "gone", "red")]), "opsctl deploy plan"),
        (replace(QUIET, alarms=[alarm("", "x"), alarm(WORK, "")]), "opsctl logs report-generator --since 15m"),
        (replace(QUIET, alarms=[alarm("", "It died. Next: opsctl drained --stuck")]), "opsctl drained --stuck"),
        (replace(QUIET, alarms=[alarm(WORK, "Next: opsctl status")]), "opsctl logs report-generator --since 15m"),
        (replace(QUIET, queues=[queue("a", level="yellow")]), "opsctl logs report-generator --since 15m"),
        (replace(QUIET, queues=[queue("a", None, "AccessDenied", "yellow")]), "opsctl doctor"),
        (replace(QUIET, not_known=[NotKnown("alarms", "AccessDenied", "yellow")]), "opsctl doctor"),
    ],
)
def test_the_next_step_is_for_the_worst_thing_only(found: Status, step: str | None) -> None:
    assert next_step(found, STACK) == step
