"""An AWS in the test's own process with what the report functions work on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from insight.orders.request import ReportRequest
from insight.orders.state_table import States
from insight.orders.states import State
from insight.sources.accounts import Account
from tests.lib.insight.reports_table import create

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ACME = Account("acme", "Acme Industries", "Europe/Berlin", 40, "enterprise")
EVENTS_KEY = "events/account=acme/date=2026-10-05/events.jsonl"


@dataclass
class World:
    """One AWS that holds account acme and one file of its events."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    queue_url: str = ""
    reports: str = "reports"
    events: str = "usage-events"
    accounts: str = "accounts"
    table: str = "reports"
    dead_letter_url: str = ""
    topic_arn: str = ""
    now: datetime = datetime(2026, 11, 2, 6, tzinfo=UTC)
    announced: list[dict[str, Any]] = field(default_factory=list)

    @property
    def states(self) -> States:
        return self.states_by(self.dynamodb)

    def states_by(self, dynamodb: Any) -> States:
        """Return the table of reports as a client of its own sees it."""
        return States(dynamodb, self.table, lambda: self.now)

    def state_of(self, request: ReportRequest) -> State | None:
        record = self.states.get(request.report_id)
        return record.state if record else None

    def forget_report(self, request: ReportRequest) -> None:
        self.dynamodb.delete_item(TableName=self.table, Key={"report_id": {"S": request.report_id}})

    def put_account(self, account: Account = ACME) -> None:
        self.dynamodb.put_item(TableName=self.accounts, Item=account.to_item())

    def forget_account(self, account: str = "acme") -> None:
        self.dynamodb.delete_item(TableName=self.accounts, Key={"account": {"S": account}})

    def put_events(self, *event_ids: str) -> None:
        """Write the file of acme's events; each is a session of a user of its own."""
        common = {"account": "acme", "kind": "session_started", "at": "2026-10-05T09:00:00Z"}
        rows = [{"event_id": name, "user": f"user-{name}", **common} for name in event_ids]
        self.put_file("".join(json.dumps(row) + "\n" for row in rows).encode())

    def put_file(self, content: bytes) -> None:
        self.s3.put_object(Bucket=self.events, Key=EVENTS_KEY, Body=content)

    def take_messages(self, queue_url: str = "") -> list[str]:
        """Take all messages from the queue and return their bodies."""
        bodies: list[str] = []
        url = queue_url or self.queue_url
        while found := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def report_keys(self) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=self.reports).get("Contents", [])]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        made = World(boto3.client("s3"), boto3.client("dynamodb"), boto3.client("sqs"))
        made.queue_url = made.sqs.create_queue(QueueName="report-requests")["QueueUrl"]
        made.dead_letter_url = made.sqs.create_queue(QueueName="report-requests-dead-letter")["QueueUrl"]
        made.topic_arn = boto3.client("sns").create_topic(Name="deliveries")["TopicArn"]
        create(made.dynamodb, made.table)
        for bucket in (made.reports, made.events):
            made.s3.create_bucket(Bucket=bucket)
        made.dynamodb.create_table(
            TableName=made.accounts,
            KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        made.put_account()
        made.put_events("a", "b", "a")
        yield made


@pytest.fixture
def batch_of() -> Any:
    """Return a maker of the event that an SQS event source mapping builds from message bodies."""

    def make(*bodies: str, receive_count: int = 1) -> dict[str, Any]:
        records = [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receive_count)},
            }
            for number, body in enumerate(bodies)
        ]
        return {"Records": records}

    return make
