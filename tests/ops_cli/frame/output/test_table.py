"""Tables that fit."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.output.columns import Column, sized
from ops_cli.frame.output.table import draw, draw_one
from ops_cli.frame.output.terminal import Screen
from ops_cli.frame.output.width import width
from tests.ops_cli.frame.output.hostile import TEXTS, anything, is_forbidden

NOW = dt.datetime(2026, 11, 29, 11, 36, tzinfo=dt.UTC)
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
ROW = {"id": ID, "sent": "2026-11-29T11:31:00Z", "count": 12345, "age_seconds": 273_599, "why": "because " * 40}
COLUMNS = (Column("id", "id"), Column("sent", "moment", rank=3), Column("count", "number", rank=2),
           Column("age_seconds", "span", rank=4), Column("why", rank=1))  # fmt: skip
kinds = st.sampled_from(["auto", "text", "id", "number", "moment", "span", "bytes"])
values = (
    anything | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(anything, max_size=3)
)


def on(columns: int | None, height: int | None = 24) -> Screen:
    return Screen(columns, height, NOW)


@st.composite
def tables(draws: Any) -> tuple[list[dict[str, Any]], list[Column]]:
    keys = draws(st.lists(anything.filter(bool), min_size=1, max_size=6, unique=True))
    ranks = st.none() | st.integers(0, 4)
    columns = [Column(key, draws(kinds), draws(ranks), draws(st.integers(1, 30))) for key in keys]
    rows = draws(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values)), max_size=4))
    return rows, columns


@given(tables(), st.integers(20, 120))
def test_no_line_is_wider_than_the_terminal_nor_holds_a_control_character(
    table: tuple[list[dict[str, Any]], list[Column]], columns: int
) -> None:
    rows, wanted = table
    lines = [
        *draw(rows, wanted, on(columns)).lines,
        *(line for row in rows for line in draw_one(row, wanted, on(columns))),
    ]
    assert all(width(line) <= columns for line in lines)
    assert not [character for character in "".join(lines) if is_forbidden(character)]


@given(tables())
def test_what_goes_into_a_pipe_is_whole_and_one_line_a_row(table: tuple[list[dict[str, Any]], list[Column]]) -> None:
    rows, wanted = table
    drawn = draw(rows, wanted, on(None))
    assert (len(drawn.lines), drawn.not_shown) == (2 + len(rows), [])
    assert not any("…" in line for line in drawn.lines if "…" not in str(table))


def test_wide_enough_everything_is_shown() -> None:
    assert draw([{**ROW, "why": "顧客"}], COLUMNS, on(120)).lines == [
        "ID                                    SENT                 COUNT  AGE    WHY",
        "------------------------------------  ------------------  ------  -----  ----",
        f"{ID}  5m ago (11:31 UTC)  12,345  3d 3h  顧客",
    ]


def test_at_80_columns_the_highest_ranks_are_dropped_and_named_and_text_takes_what_is_left() -> None:
    drawn = draw([ROW], COLUMNS, on(80))
    assert drawn.lines == [
        f"{'ID':36}   COUNT  WHY",
        f"{'-' * 36}  ------  {'-' * 34}",
        f"{ID}  12,345  because because because because b…",
    ]
    assert drawn.not_shown == ["SENT", "AGE"]


def test_where_an_id_has_no_room_every_row_is_a_record_with_all_columns() -> None:
    drawn = draw([ROW, ROW], COLUMNS, on(50))
    half = len(drawn.lines) // 2
    assert drawn.lines[:half] == drawn.lines[half + 1 :]
    assert drawn.lines[half] == ""
    assert drawn.lines[:5] == [
        f"ID     {ID}",
        "SENT   5m ago (11:31 UTC)",
        "COUNT  12,345",
        "AGE    3d 3h",
        "WHY    because because because because because",
    ]
    assert drawn.lines[6].endswith("…")
    assert drawn.not_shown == []


@given(st.integers(20, 200))
def test_an_id_is_never_shortened(columns: int) -> None:
    lines = draw([ROW], COLUMNS, on(columns)).lines
    assert ID in "".join(line.replace("ID", "").strip() for line in lines if "-" * 30 not in line)


def test_a_body_of_200_kb_is_one_line_on_a_terminal_and_whole_in_a_pipe() -> None:
    row = {"id": "m-1", "body": "x" * 200_000}
    columns = (Column("id", "id"), "body")
    assert [len(line) for line in draw([row], columns, on(80)).lines] == [9, 80, 80]
    assert row["body"] in draw([row], columns, on(None)).lines[2]


def test_several_texts_share_what_is_left_over_and_short_ones_leave_it() -> None:
    row = {"a": "a" * 20, "b": "b" * 200, "c": "c" * 200}
    cells = draw([row], (Column("a", rank=0), Column("b", rank=0), Column("c", rank=0)), on(100)).lines[2].split("  ")
    assert [len(cell) for cell in cells] == [20, 38, 38]


def test_plain_strings_are_kept_from_left_to_right() -> None:
    row = dict.fromkeys("abcdefg", "x" * 30)
    assert draw([row], tuple("abcdefg"), on(80)).not_shown == ["E", "F", "G"]


def test_in_a_pipe_numbers_and_times_are_what_a_program_reads() -> None:
    line = draw([ROW | {"why": ""}], COLUMNS, on(None)).lines[2]
    assert line == f"{ID}  2026-11-29T11:31:00Z  12345  3d 3h  -"


def test_a_moment_is_recognised_without_being_told() -> None:
    assert draw([{"at": "2026-11-26T11:35:00.250Z"}], ("at",), on(80)).lines[2] == "3d ago (2026-11-26 11:35 UTC)"


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [(None, "text", "-"), ("", "id", "-"), ([], "auto", "-"), (True, "number", "yes"), (False, "auto", "no"),
     ([1, None], "auto", "1, -"), ({"a": 1, "b": [2]}, "auto", "a=1, b=2"), (1234567, "id", "1234567"),
     (0, "span", "0s"), ("not a time", "moment", "not a time"), (19040, "bytes", "18.6 KiB"), (1.5, "number", "1.5")],
)  # fmt: skip
def test_values_are_shown_by_kind(value: object, kind: Any, shown: str) -> None:
    assert draw([{"k": value}], (Column("k", kind),), on(80)).lines[2].strip() == shown


@pytest.mark.parametrize(
    ("count", "says"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**30, "5.0 GiB"), (2**60, "1,048,576.0 TiB")],
)
def test_bytes_have_a_unit(count: int, says: str) -> None:
    assert sized(count) == says


@pytest.mark.parametrize(
    ("column", "heading"),
    [(Column("oldest_seconds", "span"), "OLDEST"), (Column("oldest_seconds"), "OLDEST SECONDS"),
     (Column("delivered_at", "moment"), "DELIVERED"), (Column("at", "moment"), "AT"),
     (Column("x", heading="AMI"), "AMI")],
)  # fmt: skip
def test_a_heading_leaves_out_the_unit_that_the_cell_shows(column: Column, heading: str) -> None:
    assert column.title == heading


def test_one_object_wraps_its_values_and_caps_them() -> None:
    row = {"name": "web", "body": "word " * 1000, "id": "i" * 300}
    lines = draw_one(row, [Column("name"), Column("body"), Column("id", "id")], on(60))
    assert lines[0] == "NAME  web"
    assert lines[8].endswith("…")
    assert "".join(line[6:] for line in lines[9:]) == row["id"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("columns", [None, 80])
def test_hostile_text_stays_in_its_own_row(text: str, columns: int | None) -> None:
    rows = [{"id": text, "body": text, text: text}, {"id": "m-2", "body": "fine"}]
    lines = draw(rows, ("id", "body", text), on(columns)).lines
    assert len(lines) == 4
    assert lines[3].split()[:2] == ["m-2", "fine"]
    assert not [character for character in "".join(lines) if is_forbidden(character)]


def test_a_row_is_coloured_after_its_text_was_made_safe() -> None:
    lines = draw([{"a": "\x1b[32mok"}], ("a",), on(80), lambda row: "red").lines
    assert lines[2] == "\x1b[31m\\x1b[32mok\x1b[0m"
