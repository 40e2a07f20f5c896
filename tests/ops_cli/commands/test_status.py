from collections.abc import Callable
from typing import Any

from tests.ops_cli.commands.conftest import DEAD, WORK, Opsctl


def send(aws: Callable[[str], Any], queue: str, count: int) -> None:
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for number in range(count):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))


def test_a_quiet_platform_is_green(opsctl: Opsctl) -> None:
    answer = opsctl("status", "--output", "json")
    assert (answer.code, answer.err) == (0, "")
    assert {row["level"] for row in answer.data["services"]} == {"green"}


def test_dead_letters_are_counted_and_make_their_consumer_red(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    send(aws, DEAD, 2)
    send(aws, WORK, 3)
    answer = opsctl("status", "--output", "json")
    data = answer.data
    assert answer.err == "Next: opsctl dlq show report-requests\n"
    assert (data["queues"][0]["waiting"], data["queues"][0]["dead_letters"]) == (3, 2)
    assert data["services"][0] == {
        "service": "report-generator",
        "level": "red",
        "why": "2 dead letters in report-requests",
    }


def test_an_alarm_that_rings_is_shown_first_with_its_reason(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    cloudwatch = aws("cloudwatch")
    for name in ("opsctl-test-aaa", "opsctl-test-report-request-errors"):
        cloudwatch.put_metric_alarm(
            AlarmName=name, MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
        )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="opsctl-test-report-request-errors", StateValue="ALARM", StateReason="7 > 1")
    data = opsctl("status", "--output", "json").data
    assert data["alarms"][0]["alarm"] == "opsctl-test-report-request-errors"
    assert data["alarms"][0]["reason"] == "7 > 1"
    assert data["services"][0]["service"] == "report-request"


def test_fail_makes_red_an_exit_code(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    assert opsctl("status", "--fail").code == 0
    send(aws, DEAD, 1)
    assert opsctl("status", "--fail").code == 1
    assert opsctl("status").code == 0


def test_the_screen_names_every_section(opsctl: Opsctl) -> None:
    sections = ["SERVICES", "QUEUES", "ALARMS", "EXECUTIONS"]
    names = [line.split(":")[0] for line in opsctl("status").out.splitlines()]
    assert [name for name in names if name in sections] == sections
