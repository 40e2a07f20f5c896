"""A stack of one queue with its dead-letter queue and its consumer's log, in moto, and a way to run opsctl on it."""

import importlib
import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from ops_cli.main import run
from opscore.dead_letters.replay import move_task

DEAD, WORK, LOG_GROUP = "t-requests-dead-letter", "t-requests", "/aws/lambda/t-generator"
OPERATIONS = "t-operations"

STACK = {
    "schema_version": 1,
    "project": "opsctl",
    "environment": "test",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "functions": {"generator": {"name": "t-generator"}},
    "queues": {"requests": {"name": WORK, "dead_letter": DEAD, "consumer": "generator"}},
    "state_machines": {},
    "tables": {},
    "buckets": {"operations": {"name": OPERATIONS}},
    "fleets": {},
}


@dataclass
class DeadLetterStack:
    """The clients and queue URLs that a test needs."""

    sqs: Any
    logs: Any
    dead: str
    work: str

    def put(self, *bodies: str, queue: str | None = None, **entry: Any) -> list[str]:
        """Send bodies to the dead-letter queue and return their message ids."""
        url = queue or self.dead
        return [self.sqs.send_message(QueueUrl=url, MessageBody=body, **entry)["MessageId"] for body in bodies]

    def put_with_id(self, message_id: str, body: str) -> None:
        """Put a message with a known id into the dead-letter queue, as one that was never deleted has."""
        self.put(body)
        backend = importlib.import_module("moto.sqs.models").sqs_backends[
            boto3.client("sts").get_caller_identity()["Account"]
        ]
        queue = backend["eu-west-1"].queues[DEAD]
        queue._messages[-1].id = message_id

    def visible(self, url: str) -> int:
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def bodies(self, url: str) -> list[str]:
        """Take everything out of a queue."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
        return sorted(found)

    def log(self, line: str, at_ms: int) -> None:
        event = {"timestamp": at_ms, "message": line}
        self.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="one", logEvents=[event])


def past(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the messages of a test be an hour older than the run that replays them."""
    models = importlib.import_module("moto.sqs.models")
    now = models.unix_time_millis
    monkeypatch.setattr(models, "unix_time_millis", lambda *args: now(*args) - 3_600_000)


def build(monkeypatch: pytest.MonkeyPatch) -> DeadLetterStack:
    """Make the stack; moto must be running.

    Moto stands behind botocore's client only, so that one makes all calls; and it has no move tasks.
    """
    monkeypatch.setattr(move_task, "support", lambda _sqs, _source: move_task.Support(known=False))
    monkeypatch.setattr(Ops, "fast_sqs", lambda ops: ops.client("sqs"))
    register(Environment("test", region="eu-west-1"))
    session = boto3.session.Session(region_name="eu-west-1")
    sqs, logs = session.client("sqs"), session.client("logs")
    dead = sqs.create_queue(QueueName=DEAD, Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    work = sqs.create_queue(QueueName=WORK, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    where: Any = {"LocationConstraint": "eu-west-1"}
    session.client("s3").create_bucket(Bucket=OPERATIONS, CreateBucketConfiguration=where)
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="one")
    session.client("ssm").put_parameter(Name="/opsctl/test/stack", Value=json.dumps(STACK), Type="String")
    return DeadLetterStack(sqs, logs, dead, work)


def opsctl(*arguments: str, stdin: str | None = None) -> Result:
    """Run opsctl as the program does, so that errors become exit codes."""

    class Program:
        name = "opsctl"

        def main(self, args: Any, **_more: Any) -> None:
            raise SystemExit(run(list(args)))

    return CliRunner().invoke(Program(), ["--env", "test", *arguments], input=stdin, prog_name="opsctl")  # type: ignore[arg-type]
