import time
from itertools import islice
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from opscore.errors import NotFound, UsageProblem
from opscore.logs.log_events import FAILED_ROUNDS, LATE_MS, Follower, follow, read, read_sorted


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("logs", "eu-west-1")
        client.create_log_group(logGroupName="/g")
        client.create_log_stream(logGroupName="/g", logStreamName="s")
        yield client


def write(logs: Any, *lines: tuple[int, str]) -> None:
    events = [{"timestamp": at, "message": message} for at, message in lines]
    logs.put_log_events(logGroupName="/g", logStreamName="s", logEvents=events)


def test_events_are_read_from_the_start_given(logs: Any) -> None:
    now = int(time.time() * 1000)
    write(logs, (now, "old"), (now + 5, "new"))
    assert [event.message for event in read(logs, "/g", start_ms=now + 1)] == ["new"]


def test_every_page_is_read() -> None:
    pages = {
        None: {"events": [event("a")], "nextToken": "1"},
        "1": {"events": [], "nextToken": "2"},
        "2": {"events": [event("b")]},
    }

    class Paged:
        class exceptions:  # noqa: N801 - a client's own name
            class ResourceNotFoundException(Exception):
                pass

        def filter_log_events(self, **request: Any) -> Any:
            return pages[request.get("nextToken")]

    paged: Any = Paged()
    assert [found.message for found in read(paged, "/g", start_ms=0)] == ["a", "b"]


def event(message: str) -> dict[str, Any]:
    return {"eventId": message, "timestamp": 1, "message": message}


def test_a_missing_log_group_is_named(logs: Any) -> None:
    with pytest.raises(NotFound, match="/nowhere"):
        list(read(logs, "/nowhere", start_ms=0))


def test_events_of_one_moment_stay_in_the_order_in_which_they_came(logs: Any) -> None:
    now = int(time.time() * 1000)
    write(logs, (now, "b"), (now, "a"), (now + 1, "c"))
    assert [event.message for event in read_sorted(logs, "/g", start_ms=now)] == ["b", "a", "c"]


class Scripted:
    """A log whose events become readable when they are added, and whose next calls may fail."""

    class exceptions:  # noqa: N801 - a client's own name
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.failures: list[Exception] = []

    def add(self, at: int, message: str) -> None:
        self.events.append({"eventId": f"{message}@{at}", "timestamp": at, "message": message})

    def filter_log_events(self, **request: Any) -> Any:
        if self.failures:
            raise self.failures.pop()
        return {"events": [event for event in self.events if event["timestamp"] >= request["startTime"]]}


class Refusal(Exception):
    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code, "Message": f"{code}!"}}


def follower(log: Scripted, now_ms: int, start_ms: int = 0) -> Follower:
    client: Any = log
    return Follower(client, "/g", start_ms=start_ms, clock=lambda: now_ms / 1000)


def test_a_filter_that_cloudwatch_cannot_read_is_wrong_usage() -> None:
    log: Any = Scripted()
    log.failures = [Refusal("InvalidParameterException")]
    with pytest.raises(UsageProblem, match=r"'\{': InvalidParameterException!"):
        list(read(log, "/g", start_ms=0, pattern="{"))


def test_a_follower_sees_each_event_once_and_late_ones_too(logs: Any) -> None:
    now = int(time.time() * 1000)
    rounds = iter([((now + 10, "first"),), ((now + 5, "late"), (now + 20, "second"))])

    def sleep(_seconds: float) -> None:
        write(logs, *next(rounds))

    write(logs, (now, "before"))
    seen = islice(follow(Follower(logs, "/g", start_ms=now), sleep=sleep), 3)
    assert [[event.message for event in events] for events in seen] == [["before"], ["first"], ["late", "second"]]


def test_an_event_of_a_time_to_come_hides_none_that_arrives_before() -> None:
    log, now = Scripted(), 1_000_000_000
    following = follower(log, now)
    log.add(now + 7_200_000, "clock is wrong")
    assert [event.message for event in following.round()] == ["clock is wrong"]
    log.add(now + 1, "next")
    assert [event.message for event in following.round()] == ["next"]
    assert following.round() == []


def test_a_round_that_fails_for_a_while_loses_nothing() -> None:
    log = Scripted()
    following = follower(log, 1000)
    log.add(10, "a")
    log.failures = [Refusal("ThrottlingException")]
    assert following.round() == []
    assert [event.message for event in following.round()] == ["a"]


def test_a_follower_gives_up_on_what_does_not_pass() -> None:
    log = Scripted()
    log.failures = [Refusal("ThrottlingException")] * FAILED_ROUNDS
    following = follower(log, 1000)
    assert [following.round() for _ in range(FAILED_ROUNDS - 1)] == [[]] * (FAILED_ROUNDS - 1)
    with pytest.raises(Refusal):
        following.round()
    log.failures = [Refusal("AccessDeniedException")]
    with pytest.raises(Refusal):
        follower(log, 1000).round()


def test_a_log_that_begins_while_it_is_followed_is_seen_whole() -> None:
    log = Scripted()
    log.failures = [Scripted.exceptions.ResourceNotFoundException()]
    following = follower(log, 1000)
    assert (following.round(), following.is_there) == ([], False)
    log.add(5, "a")
    assert [event.message for event in following.round()] == ["a"]
    assert following.is_there


arrivals = st.lists(st.lists(st.tuples(st.integers(-LATE_MS, LATE_MS * 4), st.integers(0, 3)), max_size=4), max_size=8)


@given(arrivals)
def test_no_event_is_lost_or_doubled_while_none_is_later_than_the_limit(rounds: list[list[tuple[int, int]]]) -> None:
    log, now = Scripted(), 10 * LATE_MS
    following = follower(log, now)
    seen: list[str] = []
    newest = now - 1
    for number, written in enumerate(rounds):
        for position, (shift, text) in enumerate(written):
            log.add(newest + shift, f"{number}.{position}.{text}")
        newest = max([newest, *(min(now, event["timestamp"]) for event in log.events)])
        seen += [event.event_id for event in following.round()]
    assert sorted(seen) == sorted(event["eventId"] for event in log.events)
