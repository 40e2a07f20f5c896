import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore import exact_json
from opscore.logs import structured_log
from opscore.logs.line import LogLine, level_named
from opscore.logs.log_events import LogEvent
from opscore.logs.parsing import parse
from tests.lib.opscore.logs.hostile_lines import HOSTILE

AT_MS = 1_795_968_000_123
ID = "8f5b0c1e-0d5a-4b37-9f0a-0a6b1c2d3e4f"


def line(message: str) -> LogLine:
    return parse(LogEvent("1", AT_MS, "s", message))


def test_what_our_functions_write_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    structured_log.write("WARNING", "not started", message_id="m-1", receive_count=2, error="line 7\nline 8")
    found = line(capsys.readouterr().out.rstrip("\n"))
    assert (found.level, found.message, found.kind) == ("WARNING", "not started", "message")
    assert found.fields == {"message_id": "m-1", "receive_count": 2, "error": "line 7\nline 8"}
    assert (found.at, found.stream) == (dt.datetime.fromtimestamp(AT_MS / 1000, dt.UTC), "s")


@pytest.mark.parametrize(
    ("text", "level", "request_id", "message"),
    [
        (f"[WARNING]\t2026-11-29T16:00:00.000Z\t{ID}\tlow on\nspace\n", "WARNING", ID, "low on\nspace"),
        (f"2026-11-29T16:00:00.000Z\t{ID}\tERROR\tno such table", "ERROR", ID, "no such table"),
        ("[ERROR] KeyError: 'x'\rTraceback", "ERROR", None, "KeyError: 'x'\nTraceback"),
        ("[INFO]\t2026-11-29T16:00:00.000Z\t\tat import", "INFO", None, "at import"),
        (
            f"2026-11-29T16:00:00.000Z {ID} Task timed out after 3.00 seconds",
            "ERROR",
            ID,
            "Task timed out after 3.00 seconds",
        ),
        (f"RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError", "ERROR", ID,
         "Runtime exited with error: signal: killed\nRuntime.ExitError"),
        ("[DONE] all of it", None, None, "[DONE] all of it"),
        ("printed", None, None, "printed"),
        ("", None, None, ""),
    ],
)  # fmt: skip
def test_the_runtimes_text_is_taken_apart(text: str, level: str, request_id: str | None, message: str) -> None:
    found = line(text)
    assert (found.level, found.request_id, found.message) == (level, request_id, message)
    assert not found.fields


def test_lambdas_json_format_loses_nothing_and_repeats_nothing() -> None:
    said = {"timestamp": "2026-11-29T16:00:00Z", "level": "WARN", "message": "x", "requestId": ID, "logger": "a.b"}
    found = line(json.dumps(said))
    assert (found.level, found.message, found.request_id, found.fields) == ("WARNING", "x", ID, {"logger": "a.b"})


@pytest.mark.parametrize(
    ("said", "level", "message", "fields"),
    [
        ({"level": 30, "msg": "x"}, None, "x", {"level": 30}),
        ({"level": "loud", "message": {"a": 1}}, None, '{"a": 1}', {"level": "loud"}),
        ({"message": None}, None, "", {}),
        ({"total": 3}, None, "", {"total": 3}),
        ({"level": "ERROR", "requestId": [1], "timestamp": 5}, "ERROR", "", {"requestId": [1], "timestamp": 5}),
    ],
)
def test_a_value_of_another_kind_stays_a_field(said: object, level: str, message: str, fields: object) -> None:
    found = line(json.dumps(said))
    assert (found.level, found.message, found.fields) == (level, message, fields)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_is_shown_as_its_text(text: str) -> None:
    found = line(text)
    assert (found.message, found.raw, found.fields, found.level) == (text, text, {}, None)


def test_a_line_of_a_mebibyte_is_one_line() -> None:
    text = json.dumps({"level": "INFO", "message": "x" * 2**20})
    assert line(text).message == "x" * 2**20


def test_a_lone_surrogate_is_written_out() -> None:
    assert line("a\ud800b").message == line("a\ud800b").raw == "a\\ud800b"


values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
), max_leaves=5)  # fmt: skip
keys = st.sampled_from(["level", "message", "requestId", "timestamp", "type", "record", "metrics", "status"])
objects: Callable[[Any], Any] = lambda inner: st.dictionaries(keys | st.text(), inner, max_size=5)  # noqa: E731


@given(st.text(alphabet=st.characters(exclude_categories=[])) | objects(values | objects(values)).map(json.dumps))
def test_no_line_makes_parsing_fail_and_every_line_can_be_written_down(text: str) -> None:
    found = line(text)
    written = [found.message, found.raw, found.request_id or "", json.dumps(found.fields, ensure_ascii=False)]
    "".join(written).encode()


def test_levels_have_many_names() -> None:
    assert [level_named(name) for name in ("warn", "Fatal", "trace", "x", None, 3)] == [
        "WARNING",
        "CRITICAL",
        "DEBUG",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("number", ["1.10", "1e999", "-0", "9" * 5000])
def test_a_number_keeps_its_digits(number: str) -> None:
    assert exact_json.write(line(f'{{"message": "m", "n": {number}}}').fields) == f'{{"n":{number}}}'


def test_half_a_surrogate_pair_costs_nothing_but_itself() -> None:
    found = line(r'{"level": "ERROR", "message": "\ud800", "\udfff": 1}')
    assert (found.level, found.message, found.fields) == ("ERROR", "\ud800", {"\udfff": 1})


@given(st.text() | st.text(alphabet='{}[]":,\\u0d8e1-+.aNI \n').map(lambda text: "{" + text))
def test_no_text_makes_it_fail(text: str) -> None:
    assert line(text).at is not None
