"""A small stack in moto's AWS, and a way to run opsctl on it."""

import functools
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
import pytest
from moto import mock_aws

from ops_cli import main as root
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from tests.lib.insight.reports_table import create
from tests.moto_threads import share_queues

share_queues()

LOADER = functools.cache(botocore.session.create_loader)
"""Every client is made of a service's model, which is megabytes of JSON: all commands together read each once."""

REGION = "eu-west-1"
WORK, DEAD = "opsctl-test-report-requests", "opsctl-test-report-requests-dead-letter"
DESCRIPTION: dict[str, Any] = {
    "schema_version": 1,
    "project": "opsctl",
    "environment": "test",
    "account_id": "123456789012",
    "region": REGION,
    "functions": {
        "report-generator": {"name": "opsctl-test-report-generator"},
        "report-month": {"name": "opsctl-test-report-month"},
        "report-request": {"name": "opsctl-test-report-request"},
    },
    "queues": {"report-requests": {"name": WORK, "dead_letter": DEAD, "consumer": "report-generator"}},
    "tables": {"accounts": {"name": "opsctl-test-accounts"}, "report-states": {"name": "opsctl-test-report-states"}},
    "buckets": {"reports": {"name": "opsctl-test-reports"}, "usage-events": {"name": "opsctl-test-usage-events"}},
    "state_machines": {},
    "fleets": {},
}


@dataclass(frozen=True)
class Answer:
    """What a run of opsctl left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Opsctl = Callable[..., Answer]


@pytest.fixture(autouse=True)
def _service_models_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.session, "create_loader", LOADER)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Start moto, deploy the small stack, register it as `test`; the value makes boto3 clients."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("OPSCTL_ENV", "test")
    register(Environment("test", region=REGION))
    with mock_aws():
        deploy(_client)
        yield _client


def _client(service: Any) -> Any:
    return boto3.client(service, REGION)


def deploy(client: Callable[[str], Any]) -> None:
    client("ssm").put_parameter(Name="/opsctl/test/stack", Value=json.dumps(DESCRIPTION), Type="String")
    for queue in (WORK, DEAD):
        client("sqs").create_queue(QueueName=queue)
    where = {"LocationConstraint": REGION}
    for bucket in ("opsctl-test-reports", "opsctl-test-usage-events"):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    client("dynamodb").create_table(
        TableName="opsctl-test-accounts",
        KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    create(client("dynamodb"), "opsctl-test-report-states")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for function in DESCRIPTION["functions"]:
        name = f"opsctl-test-{function}"
        client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Role=role, Handler="h.h", Code={"ZipFile": _zip()}, Publish=True
        )
        client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion="1")


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("h.py", "def h(event, context): pass")
    return held.getvalue()


@pytest.fixture
def opsctl(aws: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Opsctl:
    """Run opsctl in process; `lambda_client` stands in for Lambda, which moto cannot execute."""

    def run(*arguments: str, lambda_client: object = None) -> Answer:
        if lambda_client is not None:
            monkeypatch.setattr(root, "Ops", lambda: _with_lambda(lambda_client))
        capsys.readouterr()
        code = root.run(arguments)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return run


def _with_lambda(client: object) -> Ops:
    ops = Ops()
    ops._clients["lambda"] = client
    return ops
