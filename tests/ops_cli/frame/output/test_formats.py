"""Data for programs: what is read back is what was written."""

import csv
import io
import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.output.formats import serialised
from ops_cli.frame.output.plain import to_plain
from opscore import exact_json
from tests.ops_cli.frame.output.hostile import TEXTS, anything, is_forbidden

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | anything
plain = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3))
rows = st.lists(st.dictionaries(anything, plain, min_size=1, max_size=4), max_size=4)

CORE_SCHEMA = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
"""What YAML 1.2 does not read as a text: https://yaml.org/spec/1.2.2/#103-core-schema"""

OLD_SCHEMA = re.compile(
    r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF|=|<<|[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)"
    r"|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?"
    r"|\d{4}-\d\d?-\d\d?([Tt ].*)?"
)
"""What YAML 1.1 does not, after https://yaml.org/type"""

LOOKS_LIKE = (
    "012345678901", "25921e05", "0o17", "1e3", "0x1f", "1_000", ".5", "-.5", "+1", "0b1", "1.", "+.5e3", "1e999", "0.",
    "12:30:45", "190:20:30", "2026-11-24", "2026-11-24T11:31:36Z", "yes", "no", "on", "Off", "y", "N", "true", "null",
    "~", "", ".inf", "-.INF", ".NaN", "=", "<<", "-", "- a", "a: b", "#", "'", '"', " a", "a ", "@", "%", "!x", "&x",
    "*x", "|", ">",
)  # fmt: skip


def scalars_of(text: str) -> list[yaml.ScalarNode]:
    def walk(node: Any) -> list[yaml.ScalarNode]:
        if isinstance(node, yaml.ScalarNode):
            return [node]
        children = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        return [leaf for child in children for leaf in walk(child)]

    return walk(yaml.compose(text, Loader=yaml.SafeLoader))


@given(rows)
def test_json_and_ndjson_give_back_what_went_in(data: list[dict[str, Any]]) -> None:
    assert json.loads(serialised(data, "json")) == data
    assert [json.loads(line) for line in serialised(data, "ndjson").splitlines()] == data


@given(rows | plain)
def test_yaml_gives_back_what_went_in(data: Any) -> None:
    assert yaml.safe_load(serialised(data, "yaml")) == data


@given(rows)
def test_no_format_but_csv_writes_a_control_character_and_all_are_utf_8(data: list[dict[str, Any]]) -> None:
    for form in ("json", "ndjson", "yaml"):
        text = serialised(data, form)
        assert not [character for character in text if is_forbidden(character, newline=True)]
        text.encode("utf-8")
    serialised(data, "csv").encode("utf-8")
    seen = serialised(data, "csv", is_terminal=True)
    assert not [character for character in seen if is_forbidden(character, newline=True)]


@pytest.mark.parametrize("text", LOOKS_LIKE)
def test_yaml_of_either_version_reads_a_text_as_that_text(text: str) -> None:
    written = serialised({text: text, "list": [text]}, "yaml")
    assert yaml.safe_load(written) == {text: text, "list": [text]}
    for leaf in scalars_of(written):
        assert leaf.style or not (CORE_SCHEMA.fullmatch(leaf.value) or OLD_SCHEMA.fullmatch(leaf.value))


@given(st.from_regex(CORE_SCHEMA, fullmatch=True) | st.from_regex(OLD_SCHEMA, fullmatch=True) | anything)
def test_no_text_is_written_plain_that_some_yaml_would_read_otherwise(text: str) -> None:
    for leaf in scalars_of(serialised([text, "a" + text], "yaml")):
        assert leaf.style or not (CORE_SCHEMA.fullmatch(leaf.value) or OLD_SCHEMA.fullmatch(leaf.value))


def test_yaml_leaves_plain_what_nobody_can_mistake() -> None:
    assert serialised({"queue": "report-requests", "depth": 3, "on": True}, "yaml") == (
        "queue: report-requests\ndepth: 3\n'on': true\n"
    )


cells = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(st.dictionaries(st.text("abc", min_size=1), cells, min_size=1), min_size=1))
def test_csv_gives_back_every_key_and_text_of_every_row(data: list[dict[str, str]]) -> None:
    read = list(csv.DictReader(io.StringIO(serialised(data, "csv"), newline="")))
    assert [{key: value for key, value in row.items() if value} for row in read] == data


@pytest.mark.parametrize(
    ("row", "header", "line"),
    [
        ({"a": {"b": {"c": 1}, "d": 2}}, "a.b.c,a.d", "1,2"),
        ({"tags": ["x", "y"], "none": []}, "tags,none", "x;y,"),
        ({"files": [{"name": "n", "bytes": 3}, {"name": "m"}]}, "files.0.name,files.0.bytes,files.1.name", "n,3,m"),
        ({"a": None, "b": True, "c": {}}, "a,b,c", ",true,"),
        ({"a": [["x", "y"], ["z"]]}, "a.0,a.1", "x;y,z"),
    ],
)
def test_csv_flattens_what_is_nested_so_that_no_cell_is_json(row: dict[str, Any], header: str, line: str) -> None:
    assert serialised([row], "csv") == f"{header}\n{line}\n"


def test_csv_goes_into_a_file_unchanged_and_onto_a_terminal_as_escapes() -> None:
    row = {"body": "\x1b[31m\u202e"}
    assert serialised([row], "csv") == "body\n\x1b[31m\u202e\n"
    assert serialised([row], "csv", is_terminal=True) == "body\n\\x1b[31m\\u202e\n"


def test_rows_of_csv_have_the_keys_of_all() -> None:
    assert serialised([{"a": 1}, {"b": 2}], "csv") == "a,b\n1,\n,2\n"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_an_ndjson_row_is_one_line_to_every_reader(text: str) -> None:
    assert len(serialised([{text: text}], "ndjson").splitlines()) == 1


@pytest.mark.parametrize(("form", "printed"), [("json", "null\n"), ("yaml", "null\n"), ("csv", ""), ("ndjson", "")])
def test_nothing_found_is_null_where_that_can_be_said(form: str, printed: str) -> None:
    assert serialised(None, form) == printed


@pytest.mark.parametrize("form", ["json", "yaml", "csv", "ndjson"])
def test_one_object_is_one_object(form: str) -> None:
    assert serialised({"a": 1}, form) == {"json": '{\n  "a": 1\n}\n', "yaml": "a: 1\n", "csv": "a\n1\n"}.get(
        form, '{"a": 1}\n'
    )


def test_no_rows_are_no_lines_of_csv() -> None:
    assert serialised([], "csv") == ""


SPELLED = ["1.10", "-0", "1e400", "1E5", "12345678901234567890.123", "9" * 5000]


@pytest.mark.parametrize("form", ["json", "yaml", "csv", "ndjson"])
def test_a_number_is_written_with_all_its_digits(form: str) -> None:
    read = exact_json.read("[" + ", ".join(f'{{"n": {spelling}}}' for spelling in SPELLED) + "]")
    written = serialised(to_plain(read), form)
    assert re.findall(r"(?<![!\w])-?\d[-+.eE\d]*", written) == SPELLED


def test_a_number_that_yaml_1_1_takes_for_text_is_a_number_in_yaml() -> None:
    plain = to_plain(exact_json.read("[1.10, 1e400, 1E5, -0, 12345678901234567890.123]"))
    assert yaml.safe_load(serialised(plain, "yaml")) == [1.1, float("inf"), 1e5, 0, 12345678901234567890.123]


def test_what_is_nested_as_deeply_as_is_read_is_written_in_every_form() -> None:
    deep = exact_json.read('{"a":[' * 50 + "1.10" + "]}" * 50)
    for form in ("json", "yaml", "csv", "ndjson"):
        assert "1.10" in serialised(to_plain([{"body": deep}]), form)
