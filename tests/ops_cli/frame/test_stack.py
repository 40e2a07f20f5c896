import base64
import gzip
import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops_cli.frame.environments import Environment
from ops_cli.frame.stack import Queue, decode, from_ssm, parse
from opscore.errors import NotFound, OpsError

DESCRIPTION: dict[str, Any] = {
    "schema_version": 1,
    "project": "opsctl",
    "environment": "test",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "functions": {"report-generator": {"name": "opsctl-test-report-generator"}},
    "queues": {
        "report-requests": {
            "name": "opsctl-test-report-requests",
            "dead_letter": "opsctl-test-report-requests-dead-letter",
            "consumer": "report-generator",
        }
    },
    "tables": {},
    "buckets": {"reports": {"name": "opsctl-test-reports"}},
    "state_machines": {},
    "fleets": {},
}
QUEUE = Queue(
    "report-requests", "opsctl-test-report-requests", "opsctl-test-report-requests-dead-letter", "report-generator"
)


@pytest.mark.parametrize(
    "name", ["report-requests", "report-requests-dead-letter", QUEUE.name, QUEUE.dead_letter], ids=str
)
def test_a_queue_is_found_by_role_name_and_dead_letter_queue(name: str) -> None:
    assert parse(DESCRIPTION).queue(name) == QUEUE


def test_an_unknown_queue_names_the_nearest() -> None:
    with pytest.raises(NotFound) as error:
        parse(DESCRIPTION).queue("report-request")
    assert "Did you mean report-requests?" in error.value.hint


def test_a_function_knows_its_log_group() -> None:
    assert parse(DESCRIPTION).function("report-generator").log_group == "/aws/lambda/opsctl-test-report-generator"


def test_another_schema_is_refused_with_both_versions() -> None:
    with pytest.raises(OpsError, match="schema 2, this opsctl reads 1"):
        parse({**DESCRIPTION, "schema_version": 2})


@pytest.mark.parametrize("broken", [{"queues": {"q": {"name": "x"}}}, {"functions": None}, {"tables": {"t": "x"}}])
def test_a_description_that_breaks_its_own_schema_is_an_error_of_ours(broken: dict[str, Any]) -> None:
    with pytest.raises(OpsError, match="own schema"):
        parse({**DESCRIPTION, **broken})


@pytest.mark.parametrize("odd", [[], "text", None, 3])
def test_what_is_not_a_description_at_all_is_an_error_of_ours(odd: object) -> None:
    with pytest.raises(OpsError, match="not an object"):
        parse(odd)


PACKED = base64.b64encode(gzip.compress(json.dumps(DESCRIPTION).encode(), mtime=0))


@pytest.mark.parametrize("value", [json.dumps(DESCRIPTION), PACKED.decode()], ids=["plain", "packed"])
def test_a_description_is_read_plain_and_packed(value: str) -> None:
    assert decode(value) == DESCRIPTION


@pytest.mark.parametrize("value", ["", "{", "x", "é", "AAAA", PACKED[:40].decode(), PACKED[:-12].decode()])
def test_a_damaged_description_says_what_to_do(value: str) -> None:
    with pytest.raises(OpsError, match="cannot be read") as error:
        decode(value)
    assert "deploy apply" in error.value.hint


@mock_aws
def test_the_description_is_read_from_ssm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    ssm = boto3.client("ssm", "eu-west-1")
    environment = Environment("test", region="eu-west-1")
    with pytest.raises(NotFound, match="/opsctl/test/stack") as error:
        from_ssm(ssm, environment)
    assert "opsctl --env test deploy apply" in error.value.hint
    ssm.put_parameter(Name="/opsctl/test/stack", Value=json.dumps(DESCRIPTION), Type="String")
    assert from_ssm(ssm, environment) == parse(DESCRIPTION)
