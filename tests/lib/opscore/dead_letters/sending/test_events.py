"""A function gets exactly the event that it failed on."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.events import event_of, member
from opscore.dead_letters.sending.outgoing import prepare

TOPIC = "arn:aws:sns:eu-west-1:111122223333:orders"
SUBSCRIPTION = f"{TOPIC}:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55"
LINK = f"https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={SUBSCRIPTION}"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
    "TopicArn": TOPIC,
    "Message": "Grüße",
    "Timestamp": "2026-11-24T09:34:12.134Z",
    "SignatureVersion": "1",
    "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa==",
    "SigningCertURL": CERTIFICATE,
    "UnsubscribeURL": LINK,
}
ASYNC = {
    "RequestID": {"DataType": "String", "StringValue": "r-1"},
    "ErrorCode": {"DataType": "Number", "StringValue": "200"},
}


def event(body: str, attributes: Any = None, subscription: str = "", edited: str | None = None) -> str:
    letter = DeadLetter("m1", "h", body, attributes or {}, {})
    return event_of(prepare(letter, run="r", replays=1, body=edited), subscription)


def test_a_notification_is_in_the_event_in_which_sns_invokes_functions() -> None:
    """The form is that of https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html, each key always there."""
    assert json.loads(event(json.dumps(NOTIFICATION))) == {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": SUBSCRIPTION,
                "Sns": {
                    "Type": "Notification",
                    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "TopicArn": TOPIC,
                    "Subject": None,
                    "Message": "Grüße",
                    "Timestamp": "2026-11-24T09:34:12.134Z",
                    "SignatureVersion": "1",
                    "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa==",
                    "SigningCertUrl": CERTIFICATE,
                    "UnsubscribeUrl": LINK,
                    "MessageAttributes": {},
                },
            }
        ]
    }


def test_subject_and_attributes_of_a_notification_are_in_the_event() -> None:
    attributes = {"price": {"Type": "Number", "Value": "1.10"}}
    (record,) = json.loads(event(json.dumps(NOTIFICATION | {"Subject": "s", "MessageAttributes": attributes})))[
        "Records"
    ]
    assert (record["Sns"]["Subject"], record["Sns"]["MessageAttributes"]) == ("s", attributes)


def test_half_a_character_in_a_notification_stays_what_it_is() -> None:
    made = event(json.dumps(NOTIFICATION | {"Message": "cut \ud83d"}))
    assert json.loads(made.encode())["Records"][0]["Sns"]["Message"] == "cut \ud83d"


@pytest.mark.parametrize("link", [None, "", "no link", "https://[broken"])
def test_a_notification_without_its_subscription_gets_the_one_that_failed(link: str | None) -> None:
    (record,) = json.loads(event(json.dumps(NOTIFICATION | {"UnsubscribeURL": link}), subscription="arn:s"))["Records"]
    assert record["EventSubscriptionArn"] == "arn:s"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(NOTIFICATION),
        '{"requestContext": {"functionArn": "f"}, "requestPayload": {"order": 7}}',
        '{"price": 1.10, "count": 1e400}',
    ],
)
def test_an_asynchronous_event_is_sent_as_it_is_whatever_it_looks_like(body: str) -> None:
    assert event(body, ASYNC) == body


def test_the_event_in_a_record_of_an_on_failure_destination_keeps_every_digit() -> None:
    payload = '{"price": 1.10, "id": 12345678901234567890123, "big": 1e999}'
    record = '{"version": "1.0", "requestContext": {"functionArn": "f"}, "requestPayload": %s, "responsePayload": null}'
    assert event(record % payload) == payload
    assert event("{}", edited='{"order": 8}') == '{"order": 8}'
    assert event(record % payload, edited='{"order": 8}') == '{"order": 8}'


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(before=st.dictionaries(st.text(), TREES), value=TREES, after=st.dictionaries(st.text(), TREES))
def test_a_member_of_an_object_is_read_as_a_reader_of_json_does(before: Any, value: Any, after: Any) -> None:
    whole = before | {"requestPayload": value} | after
    for indent in (None, 2):
        assert json.loads(member(json.dumps(whole, indent=indent), "requestPayload")) == whole["requestPayload"]


@pytest.mark.parametrize("body", ["{}", "[1]", "1", "{", '{"a" 1}', '{"requestPayload": 1'])
def test_what_has_no_such_member_is_refused(body: str) -> None:
    with pytest.raises(ValueError):
        member(body, "requestPayload")
