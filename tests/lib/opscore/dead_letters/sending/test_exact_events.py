import json
from typing import Any

import pytest

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import LambdaDestination
from opscore.dead_letters.sending.outgoing import unchanged

EXACT = '{"price":1.10,"huge":1e400,"t":"caf\\u00e9 \\ud83d"}'
RECORD = '{"requestContext": {"functionArn": "f"}, "requestPayload": %s}'
NOTIFICATION = r'{"Type": "Notification", "TopicArn": "t", "Message": "caf\u00e9 \ud83d"}'


class FakeLambda:
    def __init__(self) -> None:
        self.payloads: list[str] = []

    def invoke(self, Payload: bytes, **_more: Any) -> Any:  # noqa: N803
        self.payloads.append(Payload.decode())
        return {"StatusCode": 202, "ResponseMetadata": {"RequestId": "r"}}


@pytest.mark.parametrize("body", [EXACT, RECORD % EXACT])
def test_a_function_gets_the_event_as_it_was_spelled(body: str) -> None:
    client: Any = FakeLambda()
    destination = LambdaDestination(client, "f")
    destination.send([unchanged(DeadLetter("m", "h", body, {}, {}))])
    assert EXACT in client.payloads[0]


@pytest.mark.parametrize("body", [f"[{'9' * 5000}]", '{"a":1,"a":2}', "7"])
def test_what_is_json_is_an_event(body: str) -> None:
    client: Any = FakeLambda()
    letter = unchanged(DeadLetter("m", "h", body, {}, {}))
    destination = LambdaDestination(client, "f")
    assert destination.objection(letter) is None
    destination.send([letter])
    assert client.payloads == [body]


@pytest.mark.parametrize("body", ["text", "[" * 5000 + "]" * 5000, "[1,]"])
def test_what_is_no_json_is_no_event(body: str) -> None:
    client: Any = FakeLambda()
    refusal = LambdaDestination(client, "f").objection(unchanged(DeadLetter("m", "h", body, {}, {})))
    assert refusal is not None
    assert refusal.code == "NotAnEvent"


def test_a_notification_reaches_a_function_as_it_was_spelled() -> None:
    client: Any = FakeLambda()
    LambdaDestination(client, "f").send([unchanged(DeadLetter("m", "h", NOTIFICATION, {}, {}))])
    assert r'"Message":"caf\u00e9 \ud83d"' in client.payloads[0]
    assert json.loads(client.payloads[0])["Records"][0]["Sns"]["Type"] == "Notification"
