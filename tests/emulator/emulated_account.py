"""Calls to a running emulator, in the words of the tests."""

import io
import json
import textwrap
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config

from ops_cli.clone.record import REGION, Emulator
from opscore.waiting import wait_until


def client_of(endpoint: str, service: str, **credentials: str) -> Any:
    keys = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    signature = "s3v4" if service == "s3" else None
    config = Config(retries={"total_max_attempts": 1}, proxies={}, signature_version=signature)
    session: Any = botocore.session.Session()
    return session.create_client(service, region_name=REGION, endpoint_url=endpoint, config=config, **keys)


def eventually(ready: Callable[[], Any], what: str) -> Any:
    """Wait for something that the emulator does by itself within seconds."""
    return wait_until(ready, timeout=30, interval=0.05, what=what)


def zipped(**modules: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, source in modules.items():
            archive.writestr(f"{name}.py", textwrap.dedent(source))
    return content.getvalue()


@dataclass
class Account:
    """One account in one running emulator."""

    emulator: Emulator

    def client(self, service: str, **credentials: str) -> Any:
        return client_of(self.emulator.endpoint, service, **credentials)

    def role(self, *statements: dict[str, Any]) -> str:
        """Make a role for Lambda that may do what the statements say, and nothing else."""
        iam, name = self.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_policy(*statements))
        return str(arn)

    def function(self, source: str, **more: Any) -> str:
        """Make a function from the source of its only module, whose handler is `handle`; return its name."""
        client, name = self.client("lambda"), f"function-{uuid.uuid4().hex[:8]}"
        settings = {"Role": more.pop("role", None) or self.role(), "Timeout": 20, "Runtime": "python3.13"}
        code = {"ZipFile": zipped(function=source)}
        client.create_function(FunctionName=name, Handler="function.handle", Code=code, **{**settings, **more})
        return name

    def invoke(self, name: str, event: Any = None) -> tuple[Any, str | None]:
        """Return the payload that a function answered, and "Unhandled" when it failed."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def log(self, function: str, pattern: str = "") -> list[str]:
        group = f"/aws/lambda/{function}"
        answer = self.client("logs").filter_log_events(logGroupName=group, filterPattern=pattern)
        return [event["message"] for event in answer["events"]]

    def queue(self, **attributes: str) -> tuple[str, str]:
        """Make a queue; return its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
        facts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(url), str(facts["Attributes"]["QueueArn"])


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
