import datetime as dt
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from opscore.alarms import AlarmState
from opscore.dead_letters.looking.overview import ListedQueue, list_queues


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("sqs", "eu-west-1")


def queue(sqs: Any, role: str, messages: int = 0) -> ListedQueue:
    url = sqs.create_queue(QueueName=f"{role}-dead")["QueueUrl"]
    for number in range(messages):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    return ListedQueue(role, f"{role}-dead", url, f"{role}-consumer")


def alarm(owner: str, state: str, metric: str = "ApproximateNumberOfMessagesVisible") -> AlarmState:
    return AlarmState(f"{owner}-{metric}", owner, metric, state, "", "", None, "red" if state == "ALARM" else "green")


def test_the_deepest_comes_first_with_the_age_of_its_oldest_message(sqs: Any) -> None:
    shallow, deep = list_queues(sqs, [], [queue(sqs, "a", 1), queue(sqs, "b", 2)])[::-1]
    assert [(row.queue, row.depth, row.problem) for row in (deep, shallow)] == [("b", 2, None), ("a", 1, None)]
    assert isinstance(deep.oldest, dt.datetime)
    assert deep.oldest_seconds is not None
    assert deep.expires_seconds is not None
    assert deep.oldest_seconds + deep.expires_seconds == 345_600


def test_a_queue_that_is_gone_is_a_row_and_spoils_no_other(sqs: Any) -> None:
    gone = queue(sqs, "gone", 1)
    sqs.delete_queue(QueueUrl=gone.url)
    first, second = list_queues(sqs, [], [queue(sqs, "a", 1), gone])
    assert (first.queue, first.depth, first.problem) == ("gone", None, "gone")
    assert (second.queue, second.depth, second.problem) == ("a", 1, None)


def test_the_alarm_is_that_of_the_queue_itself(sqs: Any) -> None:
    alarms = [
        alarm("a-dead", "OK"),
        alarm("b-dead", "ALARM"),
        alarm("b-dead", "OK", "ApproximateAgeOfOldestMessage"),
        alarm("c-dead", "ALARM", "NumberOfMessagesSent"),
    ]
    rows = list_queues(sqs, alarms, [queue(sqs, role) for role in "abc"])
    assert {row.queue: row.alarm for row in rows} == {"a": "OK", "b": "ALARM", "c": None}


class Refusal(Exception):
    response = {"Error": {"Code": "AccessDenied", "Message": "no"}}  # noqa: RUF012


def test_messages_that_may_not_be_received_leave_the_depth(sqs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_request: Any) -> Any:
        raise Refusal

    listed = queue(sqs, "a", 1)
    monkeypatch.setattr(sqs, "receive_message", refuse)
    (row,) = list_queues(sqs, [], [listed])
    assert (row.depth, row.oldest, row.problem) == (1, None, "AccessDenied: no")
    monkeypatch.setattr(sqs, "get_queue_attributes", refuse)
    with pytest.raises(Refusal):
        list_queues(sqs, [], [listed])
