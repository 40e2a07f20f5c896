"""A table for people, or data for programs."""

import csv
import io
import json
from dataclasses import dataclass

import pytest

from ops_cli.frame.options import FORMATS, Choices
from ops_cli.frame.output import Column, Screen, emit, showing_on
from opscore.errors import UsageProblem
from tests.ops_cli.frame.output.hostile import TEXTS, is_forbidden


@dataclass(frozen=True)
class Row:
    queue: str
    depth: int
    tags: list[str]


ROWS = [Row("report-requests", 3, ["a", "b"]), Row("mail", 0, [])]


def test_a_table_has_headings_and_shows_only_the_named_columns(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROWS, Choices(), columns=("queue", "tags"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["QUEUE", "TAGS"]
    assert lines[2:] == ["report-requests  a, b", "mail             -"]


def test_an_empty_table_prints_no_data_and_says_so_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    emit([], Choices(), empty="No dead letters.")
    assert capsys.readouterr() == ("", "No dead letters.\n")


@pytest.mark.parametrize("output", FORMATS)
def test_nothing_is_cut_whatever_the_width(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 5000
    emit([Row(long, 1, [])], Choices(output=output))
    assert long in capsys.readouterr().out


def test_csv_has_every_field_and_lists_joined(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROWS, Choices(output="csv"), columns=("queue",))
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert read[0] == {"queue": "report-requests", "depth": "3", "tags": "a;b"}


def test_a_query_selects_before_printing(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROWS, Choices(output="json", query="[?depth > `0`].queue"))
    assert json.loads(capsys.readouterr().out) == ["report-requests"]


def test_a_query_that_yields_scalars_prints_one_a_line_in_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROWS, Choices(query="[].queue"))
    assert capsys.readouterr().out == "report-requests\nmail\n"


def test_a_broken_query_is_a_usage_problem_that_names_it() -> None:
    with pytest.raises(UsageProblem, match=r"\[\?depth"):
        emit(ROWS, Choices(query="[?depth"))


@pytest.mark.parametrize(("output", "printed"), [("json", "null\n"), ("yaml", "null\n"), ("csv", ""), ("ndjson", "")])
def test_a_query_that_finds_nothing_prints_null_where_there_is_one(
    output: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    emit(ROWS[0], Choices(output=output, query="nope"))
    assert capsys.readouterr() == (printed, "")


@pytest.mark.parametrize("query", ["nope", "[?depth > `99`]"])
def test_a_table_of_nothing_found_is_a_word_on_stderr(query: str, capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROWS, Choices(query=query), empty="No dead letters.")
    assert capsys.readouterr() == ("", "--query finds nothing.\n")


def test_rows_that_a_query_made_are_shown_with_their_own_keys_and_not_painted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit(ROWS, Choices(query="[].{q: queue}"), columns=("queue",), paint=lambda row: "red" if row["depth"] else None)
    assert capsys.readouterr().out.splitlines()[2:] == ["report-requests", "mail"]


def test_rows_that_a_query_leaves_whole_keep_how_they_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_on(Screen(80, 24)):
        emit(ROWS, Choices(query="[?depth > `0`].{queue: queue, depth: `12345`}"), columns=(Column("depth", "number"),))
    assert capsys.readouterr().out.splitlines()[2].split() == ["report-requests", "12,345"]


def test_a_bare_value_is_never_cut_and_never_raw(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_on(Screen(20, 24)):
        emit({"id": "\x1b" + "x" * 300}, Choices(query="id"))
        emit([{"id": "y" * 300}], Choices(query="[].id"))
        emit([{"id": "z" * 300}], Choices(query="[].[id, id]"))
    out = capsys.readouterr().out
    assert out == "\\x1b" + "x" * 300 + "\n" + "y" * 300 + "\n" + "z" * 300 + "\t" + "z" * 300 + "\n"


def test_on_a_terminal_dropped_columns_are_named_on_stderr_and_in_a_pipe_there_are_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [{"queue": "q" * 30, "image_id": "i" * 30, "agent": "a" * 30}]
    columns = tuple(Column(key, "id") for key in rows[0])
    with showing_on(Screen(80, 24)):
        emit(rows, Choices(), columns=columns)
    assert capsys.readouterr().err == "Not shown: agent; a wider terminal or --output json shows them.\n"
    emit(rows, Choices(), columns=columns)
    found = capsys.readouterr()
    assert "a" * 30 in found.out
    assert found.err == ""


def test_one_object_shows_all_its_keys_in_the_way_its_columns_say(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"name": "web", "timeout_seconds": 300, "note": "n"}, Choices(), columns=(Column("timeout_seconds", "span"),))
    assert capsys.readouterr().out == "NAME     web\nTIMEOUT  5m\nNOTE     n\n"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("output", FORMATS)
def test_no_format_writes_a_control_character_to_a_terminal(
    output: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with showing_on(Screen(80, 24)):
        emit([{text: text}], Choices(output=output))
        emit({text: text}, Choices(output=output))
        emit([{"k": text}], Choices(output=output, query="[].k"))
    found = capsys.readouterr()
    assert not [character for character in found.out + found.err if is_forbidden(character, newline=True)]
