"""Alarms read back as written, and ring by time, dimension and missing data."""

import datetime as dt
import json
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.plugin.alarm_evaluation import datapoints, decide
from emulated_aws.plugin.metric_math import evaluate, parse
from tests.emulator.emulated_account import Account, eventually

DEPTH_ALARM = {
    "AlarmName": "report-requests-dead-letters",
    "AlarmDescription": 'Look: opsctl dlq show "report-requests" & <mend>',
    "Namespace": "AWS/SQS",
    "MetricName": "ApproximateNumberOfMessagesVisible",
    "Dimensions": [{"Name": "QueueName", "Value": "dead"}],
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:aws:sns:eu-west-1:000000000000:alarms"],
    "OKActions": [],
    "InsufficientDataActions": ["arn:aws:sns:eu-west-1:000000000000:other"],
}


def query(account: Account, action: str, flat: dict[str, str]) -> ElementTree.Element:
    """Call CloudWatch in the Query protocol, as the Terraform provider does and botocore no longer can."""
    import http.client

    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body = urlencode({"Action": action, "Version": "2010-08-01", **flat})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", account.emulator.endpoint + "/", headers=headers, data=body)
    SigV4Auth(Credentials("test", "test"), "monitoring", "eu-west-1").add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", account.emulator.port)
    connection.request("POST", "/", body, dict(request.headers))
    text = connection.getresponse().read().decode()
    connection.close()
    return ElementTree.fromstring(text.replace(' xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"', ""))  # noqa: S314


def flattened(value: Any, prefix: str) -> dict[str, str]:
    if isinstance(value, dict):
        return {k: v for name, item in value.items() for k, v in flattened(item, f"{prefix}.{name}").items()}
    if isinstance(value, list):
        return {k: v for n, item in enumerate(value, 1) for k, v in flattened(item, f"{prefix}.member.{n}").items()}
    return {prefix: str(value).lower() if isinstance(value, bool) else str(value)}


def test_every_field_that_terraform_writes_reads_back(account: Account) -> None:
    flat = {k: v for name, value in DEPTH_ALARM.items() for k, v in flattened(value, name).items()}
    query(account, "PutMetricAlarm", flat)
    answer = query(account, "DescribeAlarms", {"AlarmNames.member.1": str(DEPTH_ALARM["AlarmName"])})
    alarm = answer.find("DescribeAlarmsResult/MetricAlarms/member")
    assert alarm is not None
    for name, value in DEPTH_ALARM.items():
        element = alarm.find(name)
        assert element is not None, name
        text = str(element.text)
        if isinstance(value, list):
            members = [
                {child.tag: child.text for child in member} if len(member) else member.text for member in element
            ]
            assert members == value
        elif isinstance(value, bool):
            assert text == str(value).lower()
        elif isinstance(value, int | float):
            assert float(text) == value
        else:
            assert text == value
    assert dt.datetime.fromisoformat(str(alarm.findtext("StateUpdatedTimestamp"))).tzinfo
    described = account.client("cloudwatch").describe_alarms(AlarmNames=[DEPTH_ALARM["AlarmName"]])["MetricAlarms"][0]
    assert {name: described[name] for name in DEPTH_ALARM} == DEPTH_ALARM


def test_an_alarm_that_is_not_there_is_an_empty_list(account: Account) -> None:
    answer = query(account, "DescribeAlarms", {"AlarmNames.member.1": "nothing-like-it"})
    alarms = answer.find("DescribeAlarmsResult/MetricAlarms")
    assert alarms is not None
    assert len(alarms) == 0


def math_alarm(name: str, queue: str) -> dict[str, Any]:
    def metric(identity: str, of: str, statistic: str) -> dict[str, Any]:
        dimensions = [{"Name": "QueueName", "Value": queue}]
        source = {"Namespace": "AWS/SQS", "MetricName": of, "Dimensions": dimensions}
        return {
            "Id": identity,
            "MetricStat": {"Metric": source, "Period": 60, "Stat": statistic},
            "ReturnData": False,
        }

    return {
        "AlarmName": name,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "stalled", "Expression": "IF(held > 0 AND deleted == 0, 1, 0)", "Label": "x", "ReturnData": True},
            metric("held", "ApproximateNumberOfMessagesNotVisible", "Maximum"),
            metric("deleted", "NumberOfMessagesDeleted", "Sum"),
        ],
    }


def test_an_alarm_on_metric_math_reads_back_in_either_protocol(account: Account) -> None:
    wanted = math_alarm("math", "requests")
    flat = {k: v for name, value in wanted.items() for k, v in flattened(value, name).items()}
    query(account, "PutMetricAlarm", flat)
    described = account.client("cloudwatch").describe_alarms(AlarmNames=["math"])["MetricAlarms"][0]
    assert described["Metrics"] == wanted["Metrics"]
    assert not described.keys() & {"MetricName", "Namespace", "Statistic", "Period"}
    answer = query(account, "DescribeAlarms", {"AlarmNames.member.1": "math"})
    metrics = answer.findall("DescribeAlarmsResult/MetricAlarms/member/Metrics/member")
    assert [one.findtext("Id") for one in metrics] == ["stalled", "held", "deleted"]
    assert metrics[1].findtext("MetricStat/Metric/Dimensions/member/Value") == "requests"


def test_a_queue_that_holds_a_message_and_finishes_none_rings_until_it_does(account: Account) -> None:
    url, arn = account.queue()
    sqs, name = account.client("sqs"), arn.rsplit(":", 1)[-1]
    account.client("cloudwatch").put_metric_alarm(**math_alarm(f"{name}-stalled", name))
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    eventually(lambda: in_state(account, f"{name}-stalled", "ALARM"), "the alarm")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    eventually(lambda: in_state(account, f"{name}-stalled", "OK"), "the end of the alarm")


@pytest.mark.parametrize(
    ("metrics", "what"),
    [
        ([{"Id": "e", "Expression": "1 + 1"}, {"Id": "f", "Expression": "2"}], "more than one expression"),
        ([{"Id": "e", "Expression": "ANOMALY_DETECTION_BAND(m)"}], "ANOMALY_DETECTION_BAND"),
        ([{"Id": "e", "Expression": "m > 0"}], "m, which is no metric of the alarm"),
    ],
)
def test_metric_math_that_is_not_known_is_refused_by_name(
    account: Account, metrics: list[dict[str, Any]], what: str
) -> None:
    cloudwatch = account.client("cloudwatch")
    with pytest.raises(cloudwatch.exceptions.ClientError, match=what):
        cloudwatch.put_metric_alarm(
            AlarmName="math",
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=1.0,
            Metrics=metrics,
        )


@pytest.mark.parametrize(
    ("expression", "values", "result"),
    [
        ("IF(a + b > 0 AND c == 0, 1, 0)", {"a": 0.0, "b": 2.0, "c": 0.0}, 1),
        ("IF(a + b > 0 AND c == 0, 1, 0)", {"a": 0.0, "b": 2.0, "c": 1.0}, 0),
        ("IF(a + b > 0 AND c == 0, 1, 0)", {"a": 0.0, "b": None, "c": 1.0}, None),
        ("FILL(a, 0) OR b >= 3", {"a": None, "b": 3.0}, 1),
        ("100 * a / b", {"a": 1.0, "b": 0.0}, None),
    ],
)
def test_an_expression_is_worked_out_and_lacks_a_value_when_a_metric_does(
    expression: str, values: dict[str, float | None], result: float | None
) -> None:
    assert evaluate(parse(expression), values) == result


def queue_alarm(account: Account, queue_arn: str) -> str:
    name = queue_arn.rsplit(":", 1)[-1]
    settings = {**DEPTH_ALARM, "AlarmName": f"{name}-depth", "EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    settings["Dimensions"] = [{"Name": "QueueName", "Value": name}]
    account.client("cloudwatch").put_metric_alarm(**settings)
    return f"{name}-depth"


def in_state(account: Account, alarm: str, state: str) -> bool:
    found = account.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]
    return str(found["StateValue"]) == state


def test_an_alarm_on_the_depth_of_a_queue_rings_and_ends(account: Account) -> None:
    url, arn = account.queue()
    _, other = account.queue()
    alarm, other_alarm = queue_alarm(account, arn), queue_alarm(account, other)
    sqs = account.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="dead")
    eventually(lambda: in_state(account, alarm, "ALARM"), "the alarm")
    assert in_state(account, other_alarm, "OK")
    message = sqs.receive_message(QueueUrl=url)["Messages"][0]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    eventually(lambda: in_state(account, alarm, "OK"), "the end of the alarm")


def test_an_alarm_tells_its_topic(account: Account) -> None:
    url, arn = account.queue()
    sns, sqs = account.client("sns"), account.client("sqs")
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    inbox, inbox_arn = account.queue()
    allow = {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
        ]
    }
    sqs.set_queue_attributes(QueueUrl=inbox, Attributes={"Policy": json.dumps(allow)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox_arn)
    alarm = queue_alarm(account, arn)
    sqs.send_message(QueueUrl=url, MessageBody="dead")

    def told() -> Any:
        messages = sqs.receive_message(QueueUrl=inbox, MaxNumberOfMessages=10).get("Messages", [])
        notes = [json.loads(json.loads(message["Body"])["Message"]) for message in messages]
        return [note for note in notes if note["AlarmName"] == alarm and note["NewStateValue"] == "ALARM"]

    assert eventually(told, "the notification")


ALARM = {**DEPTH_ALARM, "EvaluationPeriods": 1, "DatapointsToAlarm": None}


def points(*values: tuple[float, float]) -> list[dict[str, Any]]:
    return [{"Timestamp": at, "Value": value, "Unit": "Count"} for at, value in values]


def test_the_running_period_counts_as_soon_as_it_has_data() -> None:
    assert datapoints(ALARM, points((60, 1), (120, 0)), now=121) == [0]
    assert datapoints(ALARM, points((60, 1)), now=121) == [1]
    assert datapoints(ALARM, points((0, 1)), now=121) == [None]


def test_a_period_is_the_statistic_of_its_points() -> None:
    three = {**ALARM, "EvaluationPeriods": 3, "Statistic": "Sum"}
    assert datapoints(three, points((1, 1), (59, 2), (60, 4), (179, 8)), now=179) == [8, 4, 3]


@pytest.mark.parametrize(
    ("values", "missing", "state"),
    [
        ([1, 0, 0], "missing", "OK"),
        ([1, 0, 1], "missing", "ALARM"),
        ([1, None, 1], "notBreaching", "ALARM"),
        ([1, None, None], "notBreaching", "OK"),
        ([None, None, None], "notBreaching", "OK"),
        ([1, None, 0], "breaching", "ALARM"),
        ([None, None, None], "breaching", "ALARM"),
        ([None, None, None], "missing", "INSUFFICIENT_DATA"),
        ([None, None, None], "ignore", None),
    ],
)
def test_two_of_three_datapoints_make_an_alarm(values: list[float | None], missing: str, state: str | None) -> None:
    assert decide({**DEPTH_ALARM, "TreatMissingData": missing}, values) == state


@given(st.lists(st.none() | st.floats(0, 10), min_size=1, max_size=5), st.floats(0, 10))
def test_a_value_within_the_threshold_never_rings_without_a_missing_one(
    values: list[float | None], threshold: float
) -> None:
    alarm = {**ALARM, "Threshold": threshold, "EvaluationPeriods": len(values)}
    if decide(alarm, values) == "ALARM":
        assert all(value is not None and value >= threshold for value in values)


def test_alarms_are_found_by_the_exact_dimensions_of_their_metric(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    queue = [{"Name": "QueueName", "Value": "by-dimension"}]
    more = [*queue, {"Name": "Other", "Value": "a"}]
    for name, dimensions in (("one", queue), ("two", more), ("none", [])):
        cloudwatch.put_metric_alarm(**{**DEPTH_ALARM, "AlarmName": f"by-{name}", "Dimensions": dimensions})

    def found(**asked: Any) -> list[str]:
        metric = {"Namespace": "AWS/SQS", "MetricName": str(DEPTH_ALARM["MetricName"]), **asked}
        return [one["AlarmName"] for one in cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"]]

    assert found(Dimensions=queue) == ["by-one"]
    assert found(Dimensions=more[::-1]) == ["by-two"]
    assert "by-one" not in found()
    assert "by-none" in found()
    assert found(Dimensions=queue, Statistic="Maximum", Period=60) == ["by-one"]
    assert found(Dimensions=queue, Period=300) == found(Dimensions=queue, Statistic="Sum") == []
    flat = {"Namespace": "AWS/SQS", "MetricName": str(DEPTH_ALARM["MetricName"])}
    answer = query(account, "DescribeAlarmsForMetric", {**flat, **flattened(queue, "Dimensions")})
    alarms = answer.findall("DescribeAlarmsForMetricResult/MetricAlarms/member")
    assert [(one.findtext("AlarmName"), one.findtext("Period")) for one in alarms] == [("by-one", "60")]
