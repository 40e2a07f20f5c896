"""A platform in the test's own process, in which the given texts stand wherever text of strangers can.

Each function puts them in one place, and returns what of them a command that reads that place has to give back.
"""

import datetime as dt
import functools
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3

from insight.months import ledger
from insight.months.ledger import Entry
from insight.orders.request import ReportRequest
from insight.orders.state_table import States
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.folders import state_folder
from opscore.dead_letters.replay.runs import SUFFIX
from tests.ops_cli.commands.conftest import DEAD, DESCRIPTION, REGION

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
REQUEST = ReportRequest("acme", dt.date(2026, 10, 1), dt.date(2026, 11, 1), "Europe/Berlin", ("csv",))
GENERATOR = "opsctl-test-report-generator"
GROUP = f"/aws/lambda/{GENERATOR}"
Texts = Sequence[str]


@functools.cache
def aws(service: Any) -> Any:
    """Return the one client of a service: making one takes longer than most commands."""
    return boto3.client(service, REGION, aws_access_key_id="test", aws_secret_access_key="test")


def writable(text: str) -> str:
    """Return a text as UTF-8 can carry it: half a pair comes in no other way than as an escape of JSON."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain_xml(text: str) -> str:
    """Return what of a text XML can carry."""
    return "".join(c for c in writable(text) if c in "\t\n\r" or "\x20" <= c < "\ufffe" or c > "\uffff")


def describe(texts: Texts) -> dict[str, set[str]]:
    """Deploy a stack description with functions and buckets of these roles and names."""
    named = {f"r{at}{text}": {"name": text} for at, text in enumerate(texts)}
    added = {kind: {**DESCRIPTION[kind], **named} for kind in ("buckets", "functions")}
    value = json.dumps({**DESCRIPTION, **added})
    aws("ssm").put_parameter(Name="/opsctl/test/stack", Value=value, Type="String", Overwrite=True)
    return {"roles": {*named}, "description": {*texts, *named}}


def put_dead_letters(texts: Texts) -> set[str]:
    """Put a body of JSON and a plain body for each text, and nothing else, into the dead-letter queue."""
    sqs = aws("sqs")
    with suppress(sqs.exceptions.QueueDoesNotExist):
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=DEAD)["QueueUrl"])
    url = sqs.create_queue(QueueName=DEAD)["QueueUrl"]
    for text in texts:
        plain = plain_xml(text)
        why = {"why": {"DataType": "String", "StringValue": plain or "-"}}
        bodies = [json.dumps({"account": text}), plain or "-"]
        entries = [{"Id": str(at), "MessageBody": body, "MessageAttributes": why} for at, body in enumerate(bodies)]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    return {*texts, *map(plain_xml, texts)} - {""}


def put_log(texts: Texts) -> set[str]:
    """Write each text as a line, and as every value of a record."""
    logs, now = aws("logs"), int(time.time() * 1000) - 5000
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    records = [json.dumps({"level": text, "message": text, "error": text, text: text}) for text in texts]
    lines = [*records, *map(writable, texts)]
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)
    return {*lines, *(text for text in texts if text == writable(text))}


def put_variables(texts: Texts) -> set[str]:
    """Give a function variables of these values."""
    client = aws("lambda")
    variables = {f"V{at}": writable(text) for at, text in enumerate(texts)}
    client.update_function_configuration(FunctionName=GENERATOR, Environment={"Variables": variables})
    version = client.publish_version(FunctionName=GENERATOR)["Version"]
    client.update_alias(FunctionName=GENERATOR, Name="live", FunctionVersion=version)
    return {*variables.values()}


def put_alarms(texts: Texts) -> set[str]:
    """Let an alarm ring for each text, which is its description and its reason."""
    for at, text in enumerate(texts):
        name, said = f"opsctl-test-a{at}", plain_xml(text)[:1000]
        aws("cloudwatch").put_metric_alarm(
            AlarmName=name, MetricName="Errors", Namespace="AWS/Lambda", Period=60, EvaluationPeriods=1, Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold", Statistic="Sum", AlarmDescription=said,
            Dimensions=[{"Name": "FunctionName", "Value": GENERATOR}],
        )  # fmt: skip
        aws("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=said)
    return {plain_xml(text)[:1000] for text in texts}


def put_failed_report(texts: Texts) -> set[str]:
    """Let a report fail for these reasons."""
    reason = " ".join(map(writable, texts))[:500]  # as long as a state keeps
    states = States(aws("dynamodb"), "opsctl-test-report-states", lambda: NOON)
    states.ask(REQUEST)
    states.claim(REQUEST, "worker", NOON)
    states.fail(REQUEST, "worker", "unknown_account", reason)
    return {reason}


def put_month(texts: Texts) -> set[str]:
    """Let a month owe reports to accounts with these problems."""
    owed = ledger.make_ledger("2026-10", NOON, [Entry(f"a{at}", problem=text) for at, text in enumerate(texts)])
    ledger.write_once(aws("s3"), "opsctl-test-reports", owed)
    return {*texts}


def terraform_resources(texts: Texts) -> list[dict[str, Any]]:
    """Return what Terraform's state has: addresses, types, names, values of these texts."""
    return [{"address": text, "type": text, "name": text, "values": {text: text}} for text in texts]


def put_environment(texts: Texts) -> set[str]:
    """Register an environment with a strange profile and region beside the one in use."""
    profile, region = writable(texts[0]), writable(texts[-1])[:60]
    register(Environment("other", profile=profile, region=region))
    return {profile, region}


def put_emulator_log(folder: Path, texts: Texts) -> set[str]:
    """Keep a sandbox in the folder whose emulator wrote each text."""
    sandbox = folder / ".sandbox"
    sandbox.mkdir()
    (sandbox / "port").write_text("1")
    lines = [line for text in texts for line in writable(text).split("\n")]
    (sandbox / "emulator.log").write_bytes("".join(f"{line}\n" for line in lines).encode())
    return {*lines}


def put_exported(folder: Path, texts: Texts) -> None:
    """Write a file of a strange name as `dlq export` writes it, and lines that are none of it."""
    lines = [json.dumps({"message_id": f"m-{at}", "body": text}) for at, text in enumerate(texts)]
    (folder / f"in {texts[0]}.ndjson").write_text("\n".join([*lines, *map(writable, texts)]), encoding="utf-8")


def names_of_journals(texts: Texts) -> set[str]:
    """Return the texts as names that a file may have."""
    return {text[:40] for text in map(writable, texts) if not {"\x00", "/"} & {*text[:40]}}


def put_journals(texts: Texts) -> None:
    """Leave files of these names among the journals of replays; they are none."""
    folder = state_folder() / "replays"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names_of_journals(texts):
        (folder / f"{name}{SUFFIX}").write_text("no journal", encoding="utf-8")
