import csv
import io
import json
from dataclasses import dataclass

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.options import FORMATS, Choices
from ops_cli.frame.output import Section, emit, emit_screen
from ops_cli.frame.output.formats import serialised
from opscore.errors import UsageProblem

scalars = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))
)
rows = st.lists(st.dictionaries(st.text("abcdef", min_size=1), scalars, min_size=1), min_size=1)


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


@given(rows)
def test_json_ndjson_and_yaml_give_back_what_went_in(data: list[dict[str, object]]) -> None:
    assert json.loads(serialised(data, "json")) == data
    assert [json.loads(line) for line in serialised(data, "ndjson").splitlines()] == data
    assert yaml.safe_load(serialised(data, "yaml")) == data


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


def test_a_screen_shows_red_rows_in_red_and_hides_what_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"alarms": [{"alarm": "a", "level": "red"}, {"alarm": "b", "level": "green"}]}
    emit_screen(data, [Section("alarms", ("alarm",), only_levels=("red",))], Choices())
    out = capsys.readouterr().out
    assert out.splitlines() == ["ALARMS", "ALARM", "-----", "a"]


def test_a_screen_in_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"alarms": [{"alarm": "b", "level": "green"}]}
    emit_screen(data, [Section("alarms", ("alarm",), only_levels=("red",))], Choices(output="json"))
    assert json.loads(capsys.readouterr().out) == data
