import datetime as dt
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, HTTPClientError

from ops_cli.frame.lean_sqs import Key, LeanSqs, signed_headers
from opscore import aws_faults


class Server(http.server.ThreadingHTTPServer):
    """Answers every request with `answer` and keeps what was asked."""

    daemon_threads = True
    status = 200
    answer: bytes = b"{}"
    error_header = ""
    drops = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.connections = 0


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), json.loads(body)))
        if self.server.drops:
            self.server.drops -= 1
            self.close_connection = True
            return
        self.send_response(self.server.status)
        if self.server.error_header:
            self.send_header("x-amzn-query-error", self.server.error_header)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def client(server: Server) -> LeanSqs:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    endpoint = f"http://127.0.0.1:{server.server_port}"
    inner = session.create_client("sqs", region_name="eu-west-1", endpoint_url=endpoint)
    return LeanSqs(inner, lambda: Key("AKID", "secret", "token"))


@pytest.mark.parametrize("token", [None, "a-session-token"])
@pytest.mark.parametrize("host", ["sqs.eu-west-1.amazonaws.com", "127.0.0.1:4566"])
def test_a_signature_is_the_one_that_botocore_makes(
    token: str | None, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = dt.datetime(2026, 11, 24, 9, 30, 1, tzinfo=dt.UTC)
    body = '{"QueueUrl": "å"}'.encode()
    ours = signed_headers(host, "eu-west-1", "ReceiveMessage", body, Key("AKID", "secret", token), now)
    kept = {name: ours[name] for name in ("Content-Type", "X-Amz-Target")}
    request = AWSRequest("POST", f"https://{host}/", headers=kept, data=body)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None))
    SigV4Auth(Credentials("AKID", "secret", token), "sqs", "eu-west-1").add_auth(request)
    assert ours["X-Amz-Date"] == request.headers["X-Amz-Date"]
    assert ours["Authorization"] == request.headers["Authorization"]


def test_binary_attributes_travel_in_base64_both_ways(server: Server) -> None:
    attributes = {"b": {"DataType": "Binary", "BinaryValue": "AP8="}, "s": {"DataType": "String", "StringValue": "x"}}
    server.answer = json.dumps(
        {"Messages": [{"MessageId": "m", "Body": "b", "MessageAttributes": attributes}]}
    ).encode()
    sqs = client(server)
    received = sqs.receive_message(QueueUrl="q", MaxNumberOfMessages=1)["Messages"][0]["MessageAttributes"]
    assert received["b"]["BinaryValue"] == b"\x00\xff"
    server.answer = b'{"Successful": [], "Failed": []}'
    sqs.send_message_batch(QueueUrl="q", Entries=[{"Id": "0", "MessageBody": "b", "MessageAttributes": received}])
    assert server.requests[-1][1]["Entries"][0]["MessageAttributes"] == attributes


def test_requests_are_what_botocore_sends(server: Server) -> None:
    sqs = client(server)
    entries = [{"Id": "0", "ReceiptHandle": "h", "VisibilityTimeout": 0}]
    sqs.change_message_visibility_batch(QueueUrl="http://q", Entries=entries)
    sqs._inner.change_message_visibility_batch(QueueUrl="http://q", Entries=entries)
    (ours, our_body), (theirs, their_body) = server.requests
    assert our_body == their_body
    for name in ("X-Amz-Target", "Content-Type", "x-amzn-query-mode"):
        assert ours[name] == theirs[name]


def test_a_thread_keeps_its_connection(server: Server) -> None:
    sqs = client(server)
    for _ in range(5):
        sqs.delete_message_batch(QueueUrl="q", Entries=[])
    assert server.connections == 1


def test_a_refusal_is_the_client_error_that_botocore_would_raise(server: Server) -> None:
    server.status, server.answer = 400, b'{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"}'
    server.error_header = "AWS.SimpleQueueService.NonExistentQueue;Sender"
    with pytest.raises(ClientError, match="no such queue") as caught:
        client(server).receive_message(QueueUrl="q")
    assert aws_faults.is_absent(caught.value)


def test_throttling_and_server_faults_are_recognised(server: Server) -> None:
    server.status, server.answer = 503, b"<html>"
    with pytest.raises(ClientError) as caught:
        client(server).receive_message(QueueUrl="q")
    assert aws_faults.may_have_worked(caught.value)
    server.status, server.answer = 400, b'{"__type": "com.amazon.coral#ThrottlingException", "message": "slow down"}'
    with pytest.raises(ClientError) as caught:
        client(server).receive_message(QueueUrl="q")
    assert aws_faults.is_throttling(caught.value)


def test_a_lost_answer_is_an_error_that_may_have_worked_and_the_next_call_connects_again(server: Server) -> None:
    sqs = client(server)
    sqs.delete_message_batch(QueueUrl="q", Entries=[])
    server.drops = 1
    with pytest.raises(HTTPClientError) as caught:
        sqs.send_message_batch(QueueUrl="q", Entries=[])
    assert aws_faults.may_have_worked(caught.value)
    assert len(server.requests) == 2
    assert sqs.send_message_batch(QueueUrl="q", Entries=[]) == {}


def test_every_other_call_is_botocore_s(server: Server) -> None:
    server.answer = b'{"QueueUrl": "http://found"}'
    assert client(server).get_queue_url(QueueName="q")["QueueUrl"] == "http://found"
