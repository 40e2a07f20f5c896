import time
from itertools import islice
from typing import Any

import boto3
import pytest
from moto import mock_aws

from opscore.errors import NotFound
from opscore.log_events import follow, read


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


def test_a_follower_sees_each_event_once_and_late_ones_too(logs: Any) -> None:
    now = int(time.time() * 1000)
    rounds = iter([((now + 10, "first"),), ((now + 5, "late"), (now + 20, "second"))])

    def sleep(_seconds: float) -> None:
        write(logs, *next(rounds))

    write(logs, (now, "before"))
    seen = list(islice(follow(logs, "/g", start_ms=now, sleep=sleep), 4))
    assert [found.message for found in seen] == ["before", "first", "late", "second"]
