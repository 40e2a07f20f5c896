import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError, HTTPClientError

from ops_cli.frame.lean_sqs import LeanSqs
from opscore import aws_faults
from tests.ops_cli.frame.answering import Answering

HANDLES = [{"Id": "0", "ReceiptHandle": "h", "VisibilityTimeout": 0}]


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering() as running:
        yield running


def botocores(region: str = "eu-west-1", **settings: Any) -> Any:
    session = botocore.session.Session()
    session.set_credentials("AKID", "secret", "token")
    config = Config(retries={"total_max_attempts": 1}, **settings.pop("config", {}))
    return session.create_client("sqs", region_name=region, config=config, **settings)


def client(server: Answering) -> LeanSqs:
    return LeanSqs(botocores(endpoint_url=server.endpoint))


def json_of(request: tuple[str, dict[str, str], bytes]) -> Any:
    return json.loads(request[2])


def test_requests_are_what_botocore_sends(server: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    now = dt.datetime(2026, 11, 24, 9, 30, 1)  # noqa: DTZ001  That is what botocore's own function returns.
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)
    sqs = client(server)
    sqs.change_message_visibility_batch(QueueUrl="http://å", Entries=HANDLES)
    sqs._inner.change_message_visibility_batch(QueueUrl="http://å", Entries=HANDLES)
    (target, ours, our_body), (their_target, theirs, their_body) = server.requests
    assert (target, json.loads(our_body)) == (their_target, json.loads(their_body))
    assert our_body == their_body
    for name in ("X-Amz-Target", "Content-Type", "x-amzn-query-mode", "X-Amz-Security-Token", "Authorization"):
        assert ours[name] == theirs[name]
    assert ours["User-Agent"].split()[0] == theirs["User-Agent"].split()[0]


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1"])
@pytest.mark.parametrize(("fips", "dualstack"), list(itertools.product([False, True], repeat=2)))
def test_the_endpoint_is_the_one_that_botocore_s_rules_say(region: str, fips: bool, dualstack: bool) -> None:
    variant = {"use_fips_endpoint": fips, "use_dualstack_endpoint": dualstack}
    inner = botocores(region, config=variant)
    asked: list[Any] = []

    def keep(request: Any, **_: Any) -> None:
        asked.append(request)
        raise InterruptedError

    inner.meta.events.register("before-send.sqs", keep)
    with pytest.raises(InterruptedError):
        inner.receive_message(QueueUrl="q")
    lean = LeanSqs(inner)
    assert lean._url == asked[0].url
    assert f"/{lean._signer.region_name}/sqs/" in asked[0].headers["Authorization"].decode()


def test_the_endpoint_of_the_profile_is_called(server: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.endpoint)
    LeanSqs(botocores()).delete_message_batch(QueueUrl="q", Entries=[])
    assert len(server.requests) == 1


def test_credentials_that_are_renewed_in_mid_run_are_used(server: Answering) -> None:
    def keys(number: int, year: int) -> dict[str, str]:
        key = f"KEY{number}"
        return {"access_key": key, "secret_key": "s", "token": "t", "expiry_time": f"{year}-01-01T00:00:00Z"}

    session = botocore.session.Session()
    credentials = RefreshableCredentials.create_from_metadata(keys(0, 2999), lambda: keys(1, 2999), "test")
    session._credentials = credentials  # type: ignore[attr-defined]
    sqs = LeanSqs(session.create_client("sqs", region_name="eu-west-1", endpoint_url=server.endpoint))
    sqs.delete_message_batch(QueueUrl="q", Entries=[])
    soon = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    credentials._expiry_time = soon  # type: ignore[attr-defined]
    sqs.delete_message_batch(QueueUrl="q", Entries=[])
    first, second = (headers["Authorization"] for _, headers, _ in server.requests)
    assert "KEY0" in first
    assert "KEY1" in second


def test_binary_attributes_travel_in_base64_both_ways(server: Answering) -> None:
    attributes = {"b": {"DataType": "Binary", "BinaryValue": "AP8="}, "s": {"DataType": "String", "StringValue": "x"}}
    server.answer = json.dumps(
        {"Messages": [{"MessageId": "m", "Body": "b", "MessageAttributes": attributes}]}
    ).encode()
    sqs = client(server)
    received = sqs.receive_message(QueueUrl="q", MaxNumberOfMessages=1)["Messages"][0]["MessageAttributes"]
    assert received["b"]["BinaryValue"] == b"\x00\xff"
    server.answer = b'{"Successful": [], "Failed": []}'
    sqs.send_message_batch(QueueUrl="q", Entries=[{"Id": "0", "MessageBody": "b", "MessageAttributes": received}])
    assert json_of(server.requests[-1])["Entries"][0]["MessageAttributes"] == attributes


def test_a_connection_is_kept(server: Answering) -> None:
    sqs = client(server)
    for _ in range(5):
        sqs.delete_message_batch(QueueUrl="q", Entries=[])
    assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "answer", "header"),
    [
        (
            400,
            b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}',
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (400, b'{"__type": "com.amazon.coral#ThrottlingException", "message": "slow down"}', ""),
        (403, b'{"__type": "com.amazon.coral#ExpiredToken", "message": "old"}', "ExpiredToken;Sender"),
        (503, b"<html>", ""),
        (500, b"", ""),
    ],
)
def test_a_refusal_is_the_client_error_that_botocore_would_raise(
    server: Answering, status: int, answer: bytes, header: str
) -> None:
    server.status, server.answer, server.error_header = status, answer, header
    sqs = client(server)
    with pytest.raises(ClientError) as ours:
        sqs.receive_message(QueueUrl="q")
    with pytest.raises(ClientError) as theirs:
        sqs._inner.receive_message(QueueUrl="q")
    assert ours.value.response["Error"] == theirs.value.response["Error"]
    assert aws_faults.is_absent(ours.value) == aws_faults.is_absent(theirs.value) == (b"QueueDoesNot" in answer)


def test_a_lost_answer_is_an_error_that_may_have_worked_and_the_next_call_connects_again(server: Answering) -> None:
    sqs = client(server)
    sqs.delete_message_batch(QueueUrl="q", Entries=[])
    server.drops = 1
    with pytest.raises(HTTPClientError) as caught:
        sqs.send_message_batch(QueueUrl="q", Entries=[])
    assert aws_faults.may_have_worked(caught.value)
    assert len(server.requests) == 2
    assert sqs.send_message_batch(QueueUrl="q", Entries=[]) == {}


def test_a_call_that_was_never_sent_cannot_have_worked() -> None:
    sqs = LeanSqs(botocores(endpoint_url="http://127.0.0.1:1"))
    with pytest.raises(Exception, match="connect") as caught:
        sqs.send_message_batch(QueueUrl="q", Entries=[])
    assert not aws_faults.may_have_worked(caught.value)


def test_every_other_call_is_botocore_s(server: Answering) -> None:
    server.answer = b'{"QueueUrl": "http://found"}'
    assert client(server).get_queue_url(QueueName="q")["QueueUrl"] == "http://found"
