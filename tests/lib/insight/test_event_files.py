"""Reading a period's event files: all of its dates, nothing else, and exactly what was listed."""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from insight.event_files import EventReader
from insight.events import DamagedEvents
from insight.periods import Period

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

PERIOD = Period(date(2026, 10, 1), date(2026, 10, 4), "Europe/Berlin")


def row(event_id: str) -> bytes:
    values = {"event_id": event_id, "account": "acme", "user": "u", "kind": "session_started"}
    return json.dumps({**values, "at": "2026-10-01T12:00:00Z"}).encode()


@pytest.fixture
def put(world: "World") -> Callable[[str, bytes], None]:
    def write(key: str, content: bytes) -> None:
        world.s3.put_object(Bucket=world.events, Key=f"events/{key}", Body=content)

    return write


def test_the_files_of_the_utc_dates_are_read_in_order(world: "World", put: Callable[[str, bytes], None]) -> None:
    put("account=acme/date=2026-09-29/events.jsonl", row("too early"))
    put("account=acme/date=2026-09-30/events.jsonl", row("a") + b"\n" + row("b") + b"\n")
    put("account=acme/date=2026-10-02/events.jsonl", row("c") + b"\r\n\n" + row("d"))
    put("account=acme/date=2026-10-02/late.jsonl", row("e"))
    put("account=acme/date=2026-10-03/events.jsonl.tmp", row("no event file"))
    put("account=acme/date=2026-10-04/events.jsonl", row("too late"))
    put("account=acme2/date=2026-10-01/events.jsonl", row("foreign"))
    reader = EventReader(world.s3, world.events, "acme", PERIOD)
    assert [event.event_id for event in reader] == ["a", "b", "c", "d", "e"]
    assert reader.missing_dates == [date(2026, 10, 1), date(2026, 10, 3)]
    assert [(file.key.split("date=")[1], file.rows) for file in reader.inputs] == [
        ("2026-09-30/events.jsonl", 2),
        ("2026-10-02/events.jsonl", 2),
        ("2026-10-02/late.jsonl", 1),
    ]


def test_what_was_read_is_recorded_with_hash_etag_and_size(world: "World", put: Callable[[str, bytes], None]) -> None:
    content = row("a") + b"\n\n" + row("b")
    put("account=acme/date=2026-10-01/events.jsonl", content)
    reader = EventReader(world.s3, world.events, "acme", PERIOD)
    list(reader)
    (file,) = reader.inputs
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.etag == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert (file.bytes, file.rows) == (len(content), 2)


def test_more_files_than_one_page_of_the_listing(
    world: "World", put: Callable[[str, bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for number in range(25):
        put(f"account=acme/date=2026-10-02/part-{number:04}.jsonl", b"")
    put("account=acme/date=2026-10-03/events.jsonl", row("last"))
    reader = EventReader(world.s3, world.events, "acme", PERIOD)
    assert [event.event_id for event in reader] == ["last"]
    assert len(reader.inputs) == 26


def test_a_damaged_line_names_its_file(world: "World", put: Callable[[str, bytes], None]) -> None:
    put("account=acme/date=2026-10-02/events.jsonl", row("a") + b"\n" + row("b")[:-9])
    with pytest.raises(DamagedEvents) as caught:
        list(EventReader(world.s3, world.events, "acme", PERIOD))
    assert caught.value.message == "events/account=acme/date=2026-10-02/events.jsonl, line 2: not JSON"


def test_a_file_that_changes_after_it_was_listed_is_not_read(world: "World", put: Callable[[str, bytes], None]) -> None:
    put("account=acme/date=2026-10-02/events.jsonl", row("a"))
    reader = EventReader(world.s3, world.events, "acme", PERIOD)
    put("account=acme/date=2026-10-02/events.jsonl", row("b"))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        list(reader)
