"""Rows printed as they come."""

import csv
import io
import json

import pytest
import yaml

from ops_cli.frame.options import Choices
from ops_cli.frame.output import Stream, emit_line, emit_lines
from tests.ops_cli.frame.output.hostile import TEXTS, is_forbidden

ROWS = [{"at": 1, "message": "one\u2028\x1b[31m"}, {"at": 2, "message": "two", "tags": ["a", "b"]}]


def streamed(form: str, capsys: pytest.CaptureFixture[str], query: str | None = None) -> tuple[str, str]:
    stream = Stream(Choices(output=form, query=query))
    for row in ROWS:
        stream.row(row, str(row["message"]))
    found = capsys.readouterr()
    return found.out, found.err


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_json_is_a_line_for_each_row(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert [json.loads(line) for line in streamed(form, capsys)[0].splitlines()] == ROWS


def test_yaml_is_a_document_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(yaml.safe_load_all(streamed("yaml", capsys)[0])) == ROWS


def test_csv_has_one_header_and_says_what_came_too_late_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = streamed("csv", capsys)
    assert list(csv.DictReader(io.StringIO(out, newline=""))) == [
        {"at": str(row["at"]), "message": row["message"]} for row in ROWS
    ]
    assert "tags" in err


def test_people_get_their_line_and_nothing_raw(capsys: pytest.CaptureFixture[str]) -> None:
    assert streamed("table", capsys)[0] == "one\\u2028\\x1b[31m\ntwo\n"


@pytest.mark.parametrize(("form", "printed"), [("json", "null\nnull\n"), ("ndjson", ""), ("csv", ""), ("table", "")])
def test_a_query_that_finds_nothing_says_so_only_where_that_can_be_said(
    form: str, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert streamed(form, capsys, query="nope")[0] == printed


def test_a_query_selects_from_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert streamed("table", capsys, query="at")[0] == "1\n2\n"


def test_a_finite_list_is_one_array_in_json_and_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    emit_lines([(row, str(row["at"])) for row in ROWS], Choices(output="json"))
    assert json.loads(capsys.readouterr().out) == ROWS
    emit_lines([(row, str(row["at"])) for row in ROWS], Choices())
    assert capsys.readouterr().out == "1\n2\n"


def test_a_line_in_parts_is_made_safe_before_it_is_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    emit_line({}, [("ERROR", "red"), (" \x1b[0m\tend", None)], Choices(no_color=True))
    assert capsys.readouterr().out == "ERROR \\x1b[0m   end\n"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_lines_are_printed_whole_and_safe(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    emit_line({}, text, Choices())
    assert not [character for character in capsys.readouterr().out if is_forbidden(character, newline=True)]
