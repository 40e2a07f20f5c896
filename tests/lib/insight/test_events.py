"""Reading event lines: strict about what is counted, and exact about what is not."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.events import DamagedEvents, Dropped, RowCounts, UsageEvent, read_lines, screen
from insight.periods import Period

KEY = "events/account=acme/date=2026-10-01/events.jsonl"
SESSION = {
    "event_id": "e1",
    "account": "acme",
    "user": "u1",
    "kind": "session_started",
    "at": "2026-10-01T08:00:00Z",
}
SCORED = {**SESSION, "kind": "document_scored", "document": "d1", "document_kind": "job post", "score": 71.5}
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")


def line(values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def only(values: object) -> UsageEvent:
    (event,) = read_lines(KEY, [line(values)])
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
        list(read_lines(KEY, [line(SESSION), b"\n", b"  \n", b"{torn"]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"event_id": ""}, "`event_id` is missing or not a text"),
        ({"user": None}, "`user` is missing or not a text"),
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
        ({"score": None}, "document_scored without `score`"),
        ({"document": None}, "without `document`"),
        ({"document_kind": None}, "without `document` or `document_kind`"),
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
        list(read_lines(KEY, [text]))


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(text: bytes) -> None:
    try:
        list(read_lines(KEY, [text]))
    except DamagedEvents as damage:
        assert damage.line == 1


IDS = st.sampled_from(["e1", "e2", "e3", "e4"])
ROWS = st.fixed_dictionaries(
    {
        "event_id": IDS,
        "account": st.sampled_from(["acme", "acme", "acme", "ember"]),
        "user": st.just("u"),
        "kind": st.sampled_from(["session_started", "session_started", "tour_finished"]),
        "at": st.sampled_from(
            [
                "2026-09-30T21:59:59Z",  # the last second of September in Berlin
                "2026-09-30T22:00:00Z",
                "2026-10-31T22:59:59Z",
                "2026-10-31T23:00:00Z",  # the first of November
            ]
        ),
    }
)


@given(st.lists(ROWS, max_size=30))
def test_every_row_is_counted_or_dropped_for_one_reason(rows: list[dict[str, str]]) -> None:
    counts = RowCounts()
    kept = list(screen((only(row) for row in rows), "acme", OCTOBER, counts))
    ours = [row for row in rows if row["account"] == "acme"]
    known = [row for row in ours if row["kind"] == "session_started"]
    inside = [row for row in known if row["at"] in ("2026-09-30T22:00:00Z", "2026-10-31T22:59:59Z")]
    ids = {row["event_id"] for row in inside}
    assert {event.event_id for event in kept} == ids
    assert (counts.read, counts.counted, len(kept)) == (len(rows), len(ids), len(ids))
    assert counts.dropped == {
        Dropped.FOREIGN_ACCOUNT: len(rows) - len(ours),
        Dropped.UNKNOWN_KIND: len(ours) - len(known),
        Dropped.OUTSIDE_PERIOD: len(known) - len(inside),
        Dropped.DUPLICATE: len(inside) - len(ids),
    }
    assert counts.newest == max((event.at for event in kept), default=None)
