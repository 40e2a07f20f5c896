"""The event files of a period: all of its dates, nothing else, and exactly what was listed."""

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from insight.periods import Period
from insight.sources import event_files
from insight.sources.event_files import EventFiles

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

PERIOD = Period(date(2026, 10, 1), date(2026, 10, 4), "Europe/Berlin")

Put = Callable[[str, bytes], None]


def row(event_id: str) -> bytes:
    values = {"event_id": event_id, "account": "acme", "user": "u", "kind": "session_started"}
    return json.dumps({**values, "at": "2026-10-01T12:00:00Z"}).encode()


@pytest.fixture
def put(world: "World") -> Put:
    def write(key: str, content: bytes) -> None:
        world.s3.put_object(Bucket=world.events, Key=key, Body=content)

    return write


@pytest.fixture
def look(world: "World", tmp_path: Path) -> Callable[[], EventFiles]:
    def listed() -> EventFiles:
        files = EventFiles(world.s3, world.events, "acme", tmp_path)
        files.list_dates(date(2026, 8, 1), date(2026, 10, 6))
        return files

    return listed


def test_the_files_of_the_utc_dates_are_those_of_the_period(put: Put, look: Callable[[], EventFiles]) -> None:
    put("events/account=acme/date=2026-09-29/events.jsonl", row("too early"))
    put("events/account=acme/date=2026-09-30/events.jsonl", row("a"))
    put("events/account=acme/date=2026-10-02/events.jsonl", row("c"))
    put("events/account=acme/date=2026-10-02/late.jsonl.gz", gzip.compress(row("d")))
    put("events/account=acme/date=2026-10-03/events.jsonl.tmp", row("no event file"))
    put("events/account=acme/date=2026-10-04/events.jsonl", row("too late"))
    put("events/account=acme2/date=2026-10-01/events.jsonl", row("foreign"))
    put("compacted/account=acme/month=2026-08/events.parquet", b"an earlier month")
    put("compacted/account=acme/month=2026-10/part-1.parquet", b"x")
    files = look()
    assert [file.key.split("/", 2)[2] for file in files.of(PERIOD)] == [
        "date=2026-09-30/events.jsonl",
        "date=2026-10-02/events.jsonl",
        "date=2026-10-02/late.jsonl.gz",
        "month=2026-10/part-1.parquet",
    ]


def test_a_date_is_missing_when_neither_a_day_nor_its_month_has_a_file(
    put: Put, look: Callable[[], EventFiles]
) -> None:
    put("events/account=acme/date=2026-10-02/events.jsonl", row("c"))
    assert look().missing_dates(PERIOD) == [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 3)]
    put("compacted/account=acme/month=2026-10/events.parquet", b"x")
    assert look().missing_dates(PERIOD) == [date(2026, 9, 30)]


def test_the_newest_date_says_how_far_the_stream_has_come(put: Put, look: Callable[[], EventFiles]) -> None:
    assert look().newest_date is None
    put("events/account=acme/date=2026-08-02/events.jsonl", row("c"))
    assert look().newest_date == date(2026, 8, 2)
    put("compacted/account=acme/month=2026-08/events.parquet", b"x")
    assert look().newest_date == date(2026, 8, 31)


def test_what_was_read_is_recorded_with_hash_etag_and_size(put: Put, look: Callable[[], EventFiles]) -> None:
    content = row("a") + b"\n\n" + row("b")
    packed = gzip.compress(content)
    put("events/account=acme/date=2026-10-01/events.jsonl", content)
    put("events/account=acme/date=2026-10-02/events.jsonl.gz", packed)
    files = look()
    plain, unpacked = files.fetch(files.of(PERIOD))
    made = plain.as_input(2)
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    assert made.etag == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert (made.bytes, made.rows, plain.lines) == (len(content), 2, 2)
    assert unpacked.path.read_bytes() == content
    assert unpacked.as_input(2).sha256 == hashlib.sha256(packed).hexdigest()
    assert not unpacked.torn


@pytest.mark.parametrize("damage", [lambda packed: packed[:-12], lambda packed: packed[:40] + b"\xff" * 300])
def test_a_torn_compressed_file_is_told_and_hashed_whole(
    put: Put, look: Callable[[], EventFiles], damage: Callable[[bytes], bytes]
) -> None:
    packed = damage(gzip.compress(b"".join(row(f"e{number}") + b"\n" for number in range(50))))
    put("events/account=acme/date=2026-10-02/events.jsonl.gz", packed)
    files = look()
    (local,) = files.fetch(files.of(PERIOD))
    assert local.torn
    assert local.sha256 == hashlib.sha256(packed).hexdigest()


def test_more_files_than_one_page_of_the_listing(
    put: Put, look: Callable[[], EventFiles], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for number in range(25):
        put(f"events/account=acme/date=2026-10-02/part-{number:04}.jsonl", b"")
    put("events/account=acme/date=2026-10-03/events.jsonl", row("last"))
    assert len(look().of(PERIOD)) == 26


def test_a_file_that_changes_after_it_was_listed_is_not_read(put: Put, look: Callable[[], EventFiles]) -> None:
    put("events/account=acme/date=2026-10-02/events.jsonl", row("a"))
    files = look()
    put("events/account=acme/date=2026-10-02/events.jsonl", row("b"))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        files.fetch(files.of(PERIOD))


def test_copies_are_kept_until_they_take_too_much_room(
    put: Put, look: Callable[[], EventFiles], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_files, "_ROOM_BYTES", 150)
    for day in (1, 2, 3):
        put(f"events/account=acme/date=2026-10-0{day}/events.jsonl", row("a"))
    files = look()
    first, second, third = files.of(PERIOD)
    files.fetch([first])
    files.fetch([second])
    assert len(list(tmp_path.iterdir())) == 2
    files.fetch([second, third])
    assert len(list(tmp_path.iterdir())) == 2
