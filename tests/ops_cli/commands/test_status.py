import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops_cli.commands.status import NotKnown, Status, next_step, show
from ops_cli.frame import stack as stacks
from ops_cli.frame.options import Choices
from opscore.alarms import AlarmState
from opscore.health import Execution, QueueHealth, ServiceHealth
from tests.ops_cli.commands.conftest import DEAD, DESCRIPTION, WORK, Opsctl
from tests.ops_cli.commands.screens import NOW, SCREENS, ago, expected, too_wide, written

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


def test_the_screen_says_where_when_and_how_it_is_and_names_every_section(opsctl: Opsctl) -> None:
    where, verdict, *lines = opsctl("status").out.splitlines()
    assert where.startswith("test, account 123456789012, eu-west-1, ")
    when = where.rpartition(", ")[2].replace(" UTC", "+00:00")
    assert dt.datetime.fromisoformat(when) <= dt.datetime.now(dt.UTC)
    assert verdict == "GREEN: nothing known against 3 services"
    names = [line.partition(":")[0] for line in lines]
    assert [name for name in names if name.isupper() and name.lower() in Status.__annotations__] == [
        "SERVICES",
        "QUEUES",
        "ALARMS",
        "EXECUTIONS",
    ]


def test_a_person_reads_what_to_run_next_on_the_screen_and_not_twice(opsctl: Opsctl, aws: Aws) -> None:
    send(aws, DEAD, 1)
    answer = opsctl("status")
    assert answer.out.splitlines()[-1] == "Next: opsctl dlq analyse report-requests"
    assert answer.err == ""


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


def found(count: int) -> Status:
    """Return a stack of five services, of which one has dead letters and `count` alarms ring."""
    names = ("ecs-drain", "report-month", "report-request", "report-sweep")
    reason = "Threshold Crossed: 1 datapoint [24.0 (29/11/26 02:55:00)] was greater than the threshold (0.0)."
    alarms = [
        AlarmState(
            f"opsctl-prod-function-{number}-errors", "", "m", "ALARM", reason, "", ago(9 + 3_000 * number), "red"
        )
        for number in range(count)
    ]
    red = ServiceHealth("report-generator", "red", f"24 dead letters in report-requests; alarm {'a' * 40}")
    services = [red, *(ServiceHealth(name, "green", "nothing known against it") for name in names)]
    letters = QueueHealth("report-requests", "report-generator", 3, 1, 412, 24, None, "red")
    others = [QueueHealth(f"queue-{n}", "report-month", 0, 0, None, 0, None, "green") for n in range(count)]
    executions = [Execution("opsctl-prod-map", f"r-{number}", ago(number)) for number in range(count)]
    return Status("prod", "123456789012", "eu-west-1", NOW, services, [letters, *others], alarms, executions, [])


def show_red() -> None:
    show(found(2), "opsctl dlq analyse report-requests", Choices())


def show_much() -> None:
    show(replace(found(20), not_known=[NotKnown("ages", "AccessDenied: You may not.", "yellow")]), "x", Choices())


def show_green() -> None:
    show(replace(found(0), services=found(0).services[1:], queues=[]), None, Choices())


SHOWN = {"status-red": show_red, "status-much": show_much, "status-green": show_green}


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("name", SHOWN)
def test_the_screen_is_this_text(name: str, size: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = written(SCREENS[size], SHOWN[name], capsys)
    assert (out, err) == (expected(name, size), "")
    assert not too_wide(out, SCREENS[size])


@pytest.mark.parametrize("count", [0, 1, 2, 5, 40])
def test_the_verdict_and_what_to_run_next_are_both_on_80_by_24(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = written(SCREENS["80"], lambda: show(found(count), "opsctl x", Choices()), capsys)
    lines = out.splitlines()
    assert len(lines) < 24
    assert lines[1].startswith("RED: trouble in 1 of 5 services, 24 dead letters")
    assert lines[-1] == "Next: opsctl x"
    assert "report-generator  red" in out
    assert "report-requests" in out
