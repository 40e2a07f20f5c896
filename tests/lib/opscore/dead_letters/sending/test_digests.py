"""What is sent and what becomes a dead letter of it have one digest, in whatever form it comes back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.account_runs import without_bodies
from opscore.dead_letters.sending.destinations import LambdaDestination, SqsDestination
from opscore.dead_letters.sending.digests import digest_of, digest_sent
from opscore.dead_letters.sending.outgoing import prepare

SQS: Any = object.__new__(SqsDestination)
FUNCTION = LambdaDestination(None, "worker")  # type: ignore[arg-type]
ASYNC = {
    "RequestID": {"DataType": "String", "StringValue": "r-1"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
}
NOTIFICATION = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:orders", "MessageId": "n", "Message": "x"}


def letter(body: str, attributes: Any = None, **system: str) -> DeadLetter:
    return DeadLetter("m1", "h", body, attributes or {}, system)


def record(event: str) -> str:
    return f'{{"requestContext": {{"functionArn": "f"}}, "requestPayload": {event}}}'


@given(body=st.text(min_size=1).filter(str.isprintable), group=st.text(max_size=3))
def test_a_queue_s_message_is_known_by_its_body(body: str, group: str) -> None:
    sent = digest_sent(prepare(letter(body, MessageGroupId=group), run="r", replays=1), SQS)
    assert digest_of(letter(body)) == sent
    assert digest_of(letter(f"{body}.")) != sent


def test_in_a_fifo_queue_the_group_belongs_to_it() -> None:
    one, other = (letter("x", MessageGroupId=group, SequenceNumber="1") for group in "ab")
    assert digest_sent(prepare(one, run="r", replays=1), SQS) == digest_of(one) != digest_of(other)


@pytest.mark.parametrize(
    ("body", "attributes"), [('{"b": 1.10, "a": "ü"}', ASYNC), (record('{"b": 1.1, "a": "\\u00fc"}'), None)]
)
def test_an_event_is_known_in_every_form_in_which_lambda_gives_it_up(body: str, attributes: Any) -> None:
    sent = digest_sent(prepare(letter(body, attributes), run="r", replays=1), FUNCTION)
    assert digest_of(letter('{"a":"ü","b":1.1}', ASYNC)) == sent
    assert digest_of(letter(record('{"a":"ü","b":1.1}'))) == sent
    assert digest_of(letter('{"a":"ü","b":1.2}', ASYNC)) != sent


def test_a_notification_to_a_function_is_known_by_the_event_made_of_it() -> None:
    message = prepare(letter(json.dumps(NOTIFICATION)), run="r", replays=1)
    assert digest_of(letter(FUNCTION.event(message), ASYNC)) == digest_sent(message, FUNCTION)


def test_what_an_edit_made_is_what_counts() -> None:
    message = prepare(letter("old"), run="r", replays=1, body="new")
    assert digest_sent(message, SQS) == digest_of(letter("new"))


def test_the_account_s_copy_of_a_journal_has_digests_and_no_bodies() -> None:
    line = {"intent": [{"message_id": "m", "body": "secret", "attributes": {}, "digest": "d"}], "to": "work"}
    assert without_bodies(line) == {"intent": [{"message_id": "m", "digest": "d"}], "to": "work"}
