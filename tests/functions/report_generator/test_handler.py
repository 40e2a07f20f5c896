"""The entry point with its real wiring, on a real queue message."""

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from report_generator import handler

from insight.canonical_json import canonical_json
from insight.orders.request import ReportRequest
from insight.orders.states import State
from opscore.settings import BadSettings

if TYPE_CHECKING:
    from tests.functions.conftest import World

REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture(autouse=True)
def _fresh_wiring() -> Iterator[None]:
    handler._wiring.cache_clear()
    yield
    handler._wiring.cache_clear()


@pytest.fixture
def environment(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_QUEUE_URL", world.queue_url)
    monkeypatch.setenv("REPORTS_BUCKET", world.reports)
    monkeypatch.setenv("USAGE_EVENTS_BUCKET", world.events)
    monkeypatch.setenv("ACCOUNTS_TABLE", world.accounts)
    monkeypatch.setenv("REPORTS_TABLE", world.table)
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", world.dead_letter_url)
    monkeypatch.setenv("DELIVERIES_TOPIC_ARN", world.topic_arn)
    monkeypatch.setenv("MAXIMUM_RECEIVES", "5")
    monkeypatch.setenv("ATHENA_DATABASE", "reports")
    monkeypatch.setenv("ATHENA_WORKGROUP", "reports")
    monkeypatch.setenv("ATHENA_ABOVE_MB", "2048")
    monkeypatch.setenv("RETRY_BASE_SECONDS", "0")


def received(world: "World") -> dict[str, Any]:
    """Receive what is on the queue and shape it as an event source mapping does."""
    found = world.sqs.receive_message(QueueUrl=world.queue_url, MessageSystemAttributeNames=["All"]).get("Messages", [])
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in found
    ]
    return {"Records": records}


@pytest.mark.usefixtures("environment")
def test_a_message_that_fails_is_visible_again_at_once_and_then_delivered(world: "World") -> None:
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody=canonical_json(REQUEST.to_payload()))
    world.put_file(b"torn\n")
    event = received(world)
    assert handler.handle(event, Context()) == {
        "batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]
    }
    world.put_events("a")
    again = received(world)
    assert again["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"
    assert handler.handle(again, Context()) == {"batchItemFailures": []}
    assert world.state_of(REQUEST) is State.DELIVERED


@pytest.mark.usefixtures("environment")
def test_poison_is_among_the_dead_letters_at_once_with_its_reason(world: "World") -> None:
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody='{"account": "acme"}')
    assert handler.handle(received(world), Context()) == {"batchItemFailures": []}
    (buried,) = world.sqs.receive_message(QueueUrl=world.dead_letter_url, MessageAttributeNames=["All"])["Messages"]
    assert buried["Body"] == '{"account": "acme"}'
    assert buried["MessageAttributes"]["reason"]["StringValue"] == "bad_message"
    assert "lacks" in buried["MessageAttributes"]["ErrorMessage"]["StringValue"]


def test_missing_variables_are_named_by_the_first_call_not_at_import() -> None:
    with pytest.raises(BadSettings, match="USAGE_EVENTS_BUCKET is missing"):
        handler.handle({"Records": []}, Context())
