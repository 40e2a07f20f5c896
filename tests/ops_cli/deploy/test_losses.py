"""What destroying would lose is known, and refused when it is protected, before anything goes."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops_cli.deploy.losses import Clients, Holding, holdings, refuse_to_lose
from opscore.errors import OpsError

REGION = "eu-west-1"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = Clients(boto3.client("s3", REGION), boto3.client("dynamodb", REGION), boto3.client("sqs", REGION))
        where: Any = {"LocationConstraint": REGION}
        made.s3.create_bucket(Bucket="reports", CreateBucketConfiguration=where)
        made.s3.put_bucket_versioning(Bucket="reports", VersioningConfiguration={"Status": "Enabled"})
        made.dynamodb.create_table(
            TableName="accounts",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        made.sqs.create_queue(QueueName="dead")
        yield made


def state(clients: Clients, *, force: bool = False) -> list[dict[str, Any]]:
    url = clients.sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    values = {
        "aws_s3_bucket": {"bucket": "reports", "force_destroy": force},
        "aws_dynamodb_table": {"name": "accounts", "deletion_protection_enabled": not force},
        "aws_sqs_queue": {"name": "dead", "url": url},
        "aws_lambda_function": {"function_name": "f"},
    }
    return [{"address": kind, "type": kind, "values": facts} for kind, facts in values.items()]


def holds(found: list[Holding]) -> dict[str, str]:
    return {one.kind: one.holds for one in found}


def test_what_is_empty_holds_nothing(clients: Clients) -> None:
    assert holds(holdings(state(clients), clients)) == {"bucket": "", "table": "", "queue": ""}


def test_versions_items_and_messages_are_counted_hidden_ones_too(clients: Clients) -> None:
    clients.s3.put_object(Bucket="reports", Key="a", Body=b"")
    clients.s3.delete_object(Bucket="reports", Key="a")
    clients.dynamodb.put_item(TableName="accounts", Item={"id": {"S": "a"}})
    url = clients.sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    for body in "ab":
        clients.sqs.send_message(QueueUrl=url, MessageBody=body)
    clients.sqs.receive_message(QueueUrl=url)
    assert holds(holdings(state(clients), clients)) == {
        "bucket": "2 versions of objects",
        "table": "about 1 item",
        "queue": "about 2 messages",
    }


def test_what_is_gone_is_left_out(clients: Clients) -> None:
    listed = state(clients)
    clients.s3.delete_bucket(Bucket="reports")
    clients.dynamodb.delete_table(TableName="accounts")
    clients.sqs.delete_queue(QueueUrl=listed[2]["values"]["url"])
    assert holdings(listed, clients) == []


def test_the_states_own_force_destroy_decides(clients: Clients) -> None:
    clients.s3.put_object(Bucket="reports", Key="a", Body=b"")
    clients.sqs.send_message(QueueUrl=state(clients)[2]["values"]["url"], MessageBody="x")
    with pytest.raises(OpsError) as told:
        refuse_to_lose(holdings(state(clients), clients), "prod")
    assert "bucket reports (1 version of objects)" in told.value.message
    assert "table accounts (empty, deletion protection)" in told.value.message
    assert "queue dead (about 1 message)" in told.value.message
    assert "terraform/environments/prod.tfvars" in told.value.hint
    refuse_to_lose(holdings(state(clients, force=True), clients), "prod")


def test_nothing_is_refused_when_nothing_lies_in_what_is_protected() -> None:
    refuse_to_lose([Holding("a", "bucket", "b", "", is_protected=True)], "prod")
