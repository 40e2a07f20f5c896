"""A platform in the test's own process, in which the given texts stand wherever text of strangers can."""

import copy
import datetime as dt
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from insight.months import ledger
from insight.months.ledger import Entry
from insight.orders.request import ReportRequest
from insight.orders.state_table import States
from ops_cli.commands import state
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, config_file, register
from opscore.dead_letters.replay import move_task
from tests.ops_cli.commands.conftest import DEAD, DESCRIPTION

Aws = Callable[[str], Any]
NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
REQUEST = ReportRequest("acme", dt.date(2026, 10, 1), dt.date(2026, 11, 1), "Europe/Berlin", ("csv",))
GROUP = "/aws/lambda/opsctl-test-report-generator"


def writable(text: str) -> str:
    """Return a text as UTF-8 can carry it: half a pair comes in no other way than as an escape of JSON."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain_xml(text: str) -> str:
    """Return what of a text XML can carry."""
    return "".join(c for c in writable(text) if c in "\t\n\r" or "\x20" <= c < "\ufffe" or c > "\uffff")


def furnish(aws: Aws, texts: Sequence[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put each text everywhere, and go into a folder whose name is hostile, too."""
    monkeypatch.setattr(move_task, "support", lambda _sqs, _source: move_task.Support(known=False))
    monkeypatch.setattr(Ops, "fast_sqs", lambda ops: ops.client("sqs"))
    describe(aws, texts)
    put_dead_letters(aws, texts)
    put_log(aws, texts)
    put_alarms(aws, texts)
    put_reports(aws, texts)
    resources = [{"address": text, "type": text, "name": text, "values": {text: text}} for text in texts]
    monkeypatch.setattr(state, "resources", lambda _folder: copy.deepcopy(resources))
    register(Environment("other", profile=writable(texts[0]), region=writable(texts[-1])[:60]))
    assert config_file().exists()
    file = [json.dumps({"message_id": f"m-{at}", "body": text}) for at, text in enumerate(texts)]
    (folder / "in.ndjson").write_text("\n".join([*file, *map(writable, texts)]), encoding="utf-8")
    monkeypatch.chdir(folder)


def describe(aws: Aws, texts: Sequence[str]) -> None:
    """Deploy a stack description whose roles and names are the texts."""
    named = {f"r{at}{text}": {"name": text} for at, text in enumerate(texts)}
    description = {**DESCRIPTION, "buckets": {**DESCRIPTION["buckets"], **named}}
    aws("ssm").put_parameter(Name="/opsctl/test/stack", Value=json.dumps(description), Type="String", Overwrite=True)


def put_dead_letters(aws: Aws, texts: Sequence[str]) -> None:
    """Put bodies, attributes and the errors of their consumer."""
    sqs = aws("sqs")
    url = sqs.get_queue_url(QueueName=DEAD)["QueueUrl"]
    for text in texts:
        attributes = {"why": {"DataType": "String", "StringValue": plain_xml(text) or "-"}}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"account": text}), MessageAttributes=attributes)
        sqs.send_message(QueueUrl=url, MessageBody=plain_xml(text) or "-")


def put_log(aws: Aws, texts: Sequence[str]) -> None:
    """Write each text as a line, and as every value of a record."""
    logs = aws("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    now = int(time.time() * 1000) - 5000
    records = [json.dumps({"level": text, "message": text, "error": text, text: text}) for text in texts]
    events = [{"timestamp": now, "message": line} for line in [*records, *map(writable, texts)]]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)


def put_alarms(aws: Aws, texts: Sequence[str]) -> None:
    """Let an alarm ring for each text, which is its description and its reason."""
    for at, text in enumerate(texts):
        name, said = f"opsctl-test-a{at}", plain_xml(text)[:1000]
        aws("cloudwatch").put_metric_alarm(
            AlarmName=name, MetricName="Errors", Namespace="AWS/Lambda", Period=60, EvaluationPeriods=1, Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold", Statistic="Sum", AlarmDescription=said,
            Dimensions=[{"Name": "FunctionName", "Value": "opsctl-test-report-generator"}],
        )  # fmt: skip
        aws("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=said)


def put_reports(aws: Aws, texts: Sequence[str]) -> None:
    """Let a report fail for these reasons, and a month owe reports to accounts of these names."""
    states = States(aws("dynamodb"), "opsctl-test-report-states", lambda: NOON)
    states.ask(REQUEST)
    states.claim(REQUEST, "worker", NOON)
    states.fail(REQUEST, "worker", "unknown_account", " ".join(map(writable, texts))[:5000])
    owed = ledger.make_ledger("2026-10", NOON, [Entry(f"a{at}", problem=text) for at, text in enumerate(texts)])
    ledger.write_once(aws("s3"), "opsctl-test-reports", owed)
