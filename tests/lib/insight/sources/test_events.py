"""Reading event lines: strict about what is counted, and exact about what is not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.sources.events import DamagedEvents, UsageEvent, read_lines

KEY = "events/account=acme/date=2026-10-01/events.jsonl"
SESSION = {
    "event_id": "e1",
    "account": "acme",
    "user": "u1",
    "kind": "session_started",
    "at": "2026-10-01T08:00:00Z",
}
SCORED = {**SESSION, "kind": "document_scored", "document": "d1", "document_kind": "job post", "score": 71.5}


def line(values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def only(values: object) -> UsageEvent:
    (event,) = read_lines(KEY, [line(values)])
    assert event is not None
    return event


def test_a_line_is_an_event() -> None:
    assert only({**SCORED, "first_score": 40}) == UsageEvent(
        "e1", "acme", "u1", "document_scored", datetime(2026, 10, 1, 8, tzinfo=UTC), "d1", "job post", 71.5, 40.0
    )


def test_an_offset_is_turned_into_utc() -> None:
    assert only({**SESSION, "at": "2026-10-01T01:30:00+05:30"}).at == datetime(2026, 9, 30, 20, tzinfo=UTC)


def test_fields_that_producers_add_later_are_left_alone() -> None:
    assert only({**SESSION, "browser": {"name": "x"}}) == only(SESSION)


def test_blank_lines_are_no_events_and_keep_their_number() -> None:
    with pytest.raises(DamagedEvents, match=r"line 4: not JSON$"):
        list(read_lines(KEY, [line(SESSION), b"\n", b"  \n", b"{torn\n"]))


def test_a_last_line_that_was_never_ended_is_a_torn_end() -> None:
    assert list(read_lines(KEY, [line(SESSION), b'{"event_id": "t'])) == [only(SESSION), None]


@pytest.mark.parametrize("missing", ["user", "document", "document_kind", "score", "first_score", "received_at"])
def test_what_a_producer_does_not_know_may_be_absent_or_null(missing: str) -> None:
    absent = {name: value for name, value in SCORED.items() if name != missing}
    assert getattr(only({**SCORED, missing: None}), missing) is None
    assert only(absent) == only({**SCORED, missing: None})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event_id": ""}, "`event_id` is missing or not a text"),
        ({"user": 7}, "`user` is missing or not a text"),
        ({"received_at": "today"}, "`received_at` is not an instant"),
        ({"account": 7}, "`account` is missing or not a text"),
        ({"user": "u\ud800"}, "`user` holds control characters"),
        ({"document_kind": "a\x00"}, "`document_kind` holds control characters"),
        ({"at": "2026-10-01T08:00:00"}, "`at` is not an instant"),
        ({"at": "yesterday"}, "`at` is not an instant"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "`at` is not an instant"),
        ({"score": 101}, "`score` is not a number from 0 to 100"),
        ({"score": -1}, "`score` is not a number"),
        ({"score": True}, "`score` is not a number"),
        ({"score": "80"}, "`score` is not a number"),
        ({"first_score": float("nan")}, "`first_score` is not a number"),
    ],
)
def test_a_damaged_line_is_named_by_key_and_line_without_what_stands_in_it(
    change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(DamagedEvents) as caught:
        list(read_lines(KEY, [line(SCORED), line({**SCORED, **change})]))
    assert caught.value.message.startswith(f"{KEY}, line 2: ")
    assert problem in caught.value.message
    assert (caught.value.key, caught.value.line) == (KEY, 2)
    assert "u1" not in caught.value.message


@pytest.mark.parametrize("text", [b"[]", b"7", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}"])
def test_whatever_stands_in_a_line_it_is_damage_and_no_crash(text: bytes) -> None:
    with pytest.raises(DamagedEvents):
        list(read_lines(KEY, [text + b"\n"]))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(text: bytes) -> None:
    try:
        list(read_lines(KEY, [text]))
    except DamagedEvents as damage:
        assert damage.line == 1
