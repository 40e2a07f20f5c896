"""Event files as typed rows: the fast way and the strict way give the same, and damage is named."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight import duck
from insight.numbers.facts.local import compute_facts
from insight.numbers.facts.sql import Selection
from insight.periods import Period
from insight.sources import event_tables
from insight.sources.events import DamagedEvents, UsageEvent, read_lines
from insight.sources.raw_columns import RAW_COLUMNS, names_sql
from tests.lib.insight.event_data import SHORT, json_line, jsonl, parquet

EVENT = UsageEvent("e1", "acme", "ann", "session_started", datetime(2026, 10, 25, 8, tzinfo=UTC))
SCORED = UsageEvent(
    "e2", "acme", None, "document_scored", EVENT.at, "d1", "job post", 71.5, 40.0, datetime(2026, 10, 26, tzinfo=UTC)
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    with duck.connect(tmp_path) as opened:
        yield opened


def rows(connection: Any) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(f"SELECT {names_sql(RAW_COLUMNS)} FROM raw_events").fetchall(), key=str)


def values(*events: UsageEvent) -> list[tuple[Any, ...]]:
    def value(event: UsageEvent, name: str) -> Any:
        found = getattr(event, name)
        return found.replace(tzinfo=None) if isinstance(found, datetime) else found

    return sorted((tuple(value(event, name) for name, _ in RAW_COLUMNS) for event in events), key=str)


def test_lines_and_parquet_lie_side_by_side(connection: Any, tmp_path: Path) -> None:
    files = [jsonl(tmp_path, "a", json_line(EVENT)), parquet(tmp_path, "b", [SCORED]), jsonl(tmp_path, "empty", b"")]
    loaded = event_tables.load(connection, files)
    assert rows(connection) == values(EVENT, SCORED)
    assert [file.rows for file in loaded.inputs] == [1, 1, 0]
    assert loaded.torn == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "\u00e4nn"},
        {"user": 'a"nn'},
        {"user": "a\\nn"},
        {"at": "2026-10-25T10:00:00+02:00"},
        {"at": "2026-10-25 08:00:00Z"},
        {"at": "20261025T080000Z"},
        {"score": 1e1},
        {"score": 12.123456789012},
        {"browser": {"name": "x"}},
        {"user": None},
    ],
)
def test_a_line_that_is_not_plain_is_read_all_the_same(
    connection: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    content = json_line(EVENT, **changes) + b"\n" + json_line(SCORED)
    event_tables.load(connection, [jsonl(tmp_path, "a", content)])
    wanted = [event for event in read_lines("k", content.splitlines(keepends=True)) if event]
    assert rows(connection) == values(*wanted)


TEXTS = st.sampled_from(["", "x", "\u2028", "\x7f", "\u00e9", "null", '"', "\\", "2026-10-25T08:00:00Z", "\U0001f600"])
ANYTHING = TEXTS | st.none() | st.booleans() | st.integers(-1, 200) | st.floats() | st.lists(st.integers(), max_size=1)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([name for name, _ in RAW_COLUMNS]), ANYTHING, st.booleans(), st.sampled_from([b"\n", b"", b"\r\n"])
)
def test_the_fast_way_takes_nothing_that_the_strict_way_reads_otherwise(
    connection: Any, tmp_path: Path, name: str, value: Any, ascii_only: bool, end: bytes
) -> None:
    fields = json.loads(json_line(SCORED)) | {name: value}
    content = json_line(EVENT) + json.dumps(fields, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") + end
    file = jsonl(tmp_path, "a", content)
    try:
        wanted = [event for event in read_lines(file.file.key, content.splitlines(keepends=True)) if event]
    except DamagedEvents as damage:
        with pytest.raises(DamagedEvents) as caught:
            event_tables.load(connection, [file])
        assert caught.value.message == damage.message
    else:
        event_tables.load(connection, [file])
        assert rows(connection) == values(*wanted)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_pass_unseen(connection: Any, tmp_path: Path, first: bytes, last: bytes) -> None:
    file = jsonl(tmp_path, "a", first + b"\n" + json_line(EVENT) + last)
    try:
        loaded = event_tables.load(connection, [file])
    except DamagedEvents:
        return
    assert not first.strip()
    assert rows(connection) == values(EVENT)
    assert loaded.torn == bool(last.strip())
    assert loaded.inputs[0].rows == 1 + loaded.torn


def test_a_torn_end_is_counted_and_the_rest_is_read(connection: Any, tmp_path: Path) -> None:
    loaded = event_tables.load(connection, [jsonl(tmp_path, "a", json_line(EVENT) + json_line(SCORED)[:-20])])
    assert rows(connection) == values(EVENT)
    assert (loaded.torn, loaded.inputs[0].rows) == (1, 2)


def test_a_compressed_file_that_lost_its_end_between_two_lines_is_torn_too(connection: Any, tmp_path: Path) -> None:
    loaded = event_tables.load(connection, [jsonl(tmp_path, "a", json_line(EVENT), torn=True)])
    assert rows(connection) == values(EVENT)
    assert loaded.torn == 1


def test_a_damaged_line_names_its_file(connection: Any, tmp_path: Path) -> None:
    content = json_line(EVENT) + b'{"event_id": "torn", "acc\n' + json_line(SCORED)
    with pytest.raises(DamagedEvents) as caught:
        event_tables.load(connection, [jsonl(tmp_path, "good", json_line(EVENT)), jsonl(tmp_path, "bad", content)])
    assert caught.value.message == "events/account=acme/date=2026-10-25/bad.jsonl, line 2: not JSON"


def test_a_torn_parquet_file_is_damage(connection: Any, tmp_path: Path) -> None:
    file = parquet(tmp_path, "a", [EVENT])
    file.path.write_bytes(file.path.read_bytes()[:-20])
    with pytest.raises(DamagedEvents, match=r"a\.parquet: not a whole Parquet file"):
        event_tables.load(connection, [file])


@pytest.mark.parametrize(
    "select",
    [
        "* EXCLUDE (received_at, first_score)",
        '* REPLACE ("at" AT TIME ZONE \'UTC\' AS "at")',
        "* REPLACE (score::FLOAT AS score)",
    ],
)
def test_columns_of_other_makes_are_read(connection: Any, tmp_path: Path, select: str) -> None:
    event_tables.load(connection, [parquet(tmp_path, "a", [EVENT], select), parquet(tmp_path, "b", [EVENT])])
    assert rows(connection) == values(EVENT, EVENT)


def test_a_column_that_must_be_there_is_missed_by_name(connection: Any, tmp_path: Path) -> None:
    with pytest.raises(DamagedEvents, match=r"b\.parquet: has no column kind, user"):
        event_tables.load(connection, [parquet(tmp_path, "b", [EVENT], '* EXCLUDE (kind, "user")')])


def test_rows_that_lack_their_id_are_damage_in_the_file_that_holds_them(connection: Any, tmp_path: Path) -> None:
    files = [parquet(tmp_path, "a", [EVENT]), parquet(tmp_path, "b", [EVENT], "* REPLACE (NULL AS event_id)")]
    event_tables.load(connection, files)
    compute_facts(connection, Selection("acme", Period(*SHORT, "UTC")))
    damage = event_tables.damaged_file(connection, files)
    assert (
        damage.message
        == "compacted/account=acme/month=2026-10/b.parquet: 1 rows lack `event_id`, `account`, `kind` or `at`"
    )
