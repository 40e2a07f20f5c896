"""What a worker puts among the dead letters is the message whole, and says why it is there."""

from typing import Any

import pytest

from opscore.dead_letters.causes.consumer_log import own_cause
from opscore.dead_letters.message import DeadLetter
from opscore.queues.dead_letter_copy import SAFE_BYTES, dead_letter
from opscore.queues.worker import Message, PermanentError


def test_a_copy_among_the_dead_letters_tells_its_cause_to_who_shows_dead_letters() -> None:
    copy = dead_letter(Message("m0", "r0", "body", 1), PermanentError("gone", "There is no such thing."))
    assert copy["MessageAttributes"]["reason"]["StringValue"] == "gone"
    letter = DeadLetter("copy", "", copy["MessageBody"], copy["MessageAttributes"], {})
    assert str(own_cause(letter)) == "gone: There is no such thing."


def record(**attributes: Any) -> dict[str, Any]:
    """A message of an event with these attributes, as the event source mapping gives it."""
    return {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": "body",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "MessageGroupId": "acme",
            "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
        },
        "messageAttributes": {
            name.replace("_", "."): {"stringListValues": [], "binaryListValues": [], **value}
            for name, value in attributes.items()
        },
    }


def test_a_copy_among_the_dead_letters_keeps_all_that_the_message_had() -> None:
    mark = {"dataType": "String", "stringValue": "20261124-0934-3f9a:2"}
    weight = {"dataType": "Number.kg", "stringValue": "7.50"}
    picture = {"dataType": "Binary", "binaryValue": "AgME"}
    (message,) = Message.of_event({"Records": [record(opsctl_replay=mark, weight=weight, picture=picture)]})
    copy = dead_letter(message, PermanentError("gone", "There is no such thing."))
    kept = copy["MessageAttributes"]
    assert kept["opsctl.replay"] == {"DataType": "String", "StringValue": "20261124-0934-3f9a:2"}
    assert kept["weight"] == {"DataType": "Number.kg", "StringValue": "7.50"}
    assert kept["picture"] == {"DataType": "Binary", "BinaryValue": bytes([2, 3, 4])}
    assert DeadLetter("copy", "", "body", kept, {}).replay == ("20261124-0934-3f9a", 2)
    assert copy["MessageGroupId"] == "acme"
    assert copy["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"].startswith("Root=1-")


@pytest.mark.parametrize(("own", "added"), [(6, 3), (7, 2), (8, 1), (9, 0), (10, 0)])
def test_the_cause_takes_no_place_of_an_attribute_that_the_message_had(own: int, added: int) -> None:
    attributes = {f"a{number}": {"DataType": "String", "StringValue": str(number)} for number in range(own)}
    copy = dead_letter(Message("m0", "r0", "body", 1, attributes), PermanentError("gone", "There is no such thing."))
    assert {name: copy["MessageAttributes"][name] for name in attributes} == attributes
    assert len(copy["MessageAttributes"]) == own + added


def test_a_second_death_tells_its_own_cause() -> None:
    first = dead_letter(Message("m0", "r0", "body", 1), PermanentError("gone", "There is no such thing."))
    again = Message("m1", "r1", "body", 1, first["MessageAttributes"])
    second = dead_letter(again, PermanentError("late", "It is too late."))
    letter = DeadLetter("copy", "", second["MessageBody"], second["MessageAttributes"], {})
    assert str(own_cause(letter)) == "late: It is too late."
    assert second["MessageAttributes"]["RequestID"]["StringValue"] == "m1"


def test_a_second_death_tells_its_own_cause_where_the_mark_of_a_replay_took_the_last_place() -> None:
    own = {f"a{number}": {"DataType": "String", "StringValue": str(number)} for number in range(7)}
    first = dead_letter(Message("m0", "r0", "body", 1, own), PermanentError("gone", "There is no such thing."))
    marked = first["MessageAttributes"] | {"opsctl.replay": {"DataType": "String", "StringValue": "r:1"}}
    second = dead_letter(Message("m1", "r1", "body", 1, marked), PermanentError("late", "It is too late."))
    assert set(second["MessageAttributes"]) == set(marked)
    letter = DeadLetter("copy", "", "body", second["MessageAttributes"], {})
    assert (str(own_cause(letter)), letter.replay) == ("late: It is too late.", ("r", 1))


def test_the_cause_makes_no_message_too_large_for_its_queue() -> None:
    copy = dead_letter(Message("m0", "r0", "b" * SAFE_BYTES, 1), PermanentError("gone", "There is no such thing."))
    assert "MessageAttributes" not in copy
    told = dead_letter(Message("m0", "r0", "body", 1), PermanentError("gone", "x" * 500_000))
    assert len(told["MessageAttributes"]["ErrorMessage"]["StringValue"]) < 1_100
