import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from ops_cli.commands.logs import TAIL, WIDEST, parts_of, row_of
from ops_cli.frame.options import Choices
from ops_cli.frame.output import Screen, emit_lines, screen
from opscore.logs import log_events
from opscore.logs.line import LogLine
from opscore.logs.log_events import LogEvent
from opscore.logs.parsing import parse
from tests.lib.opscore.logs.hostile_lines import HOSTILE
from tests.ops_cli.commands.conftest import Opsctl
from tests.ops_cli.commands.screens import SCREENS, ago, expected, too_wide, written

GROUP = "/aws/lambda/opsctl-test-report-generator"
A, B = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"

Write = Callable[..., None]


@pytest.fixture
def write(aws: Callable[[str], Any]) -> Write:
    """Write lines to the generator's log, each a millisecond after the one before, the last a second ago."""
    logs = aws("logs")
    logs.create_log_group(logGroupName=GROUP)

    def put(*texts: str, stream: str = "s", seconds_ago: int = 1) -> None:
        if not logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
            logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        first = int(time.time() * 1000) - seconds_ago * 1000 - len(texts)
        events = [{"timestamp": first + number, "message": text} for number, text in enumerate(texts)]
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)

    return put


def record(level: str, message: str, **fields: object) -> str:
    return json.dumps({"level": level, "message": message, **fields})


def shown(out: str) -> list[str]:
    """Return the lines without their times."""
    return [line.partition(" ")[2].strip() for line in out.splitlines()]


def test_the_last_hour_is_shown_by_default(opsctl: Opsctl, write: Write) -> None:
    write("old", seconds_ago=7200)
    write("new\n")
    assert shown(opsctl("logs", "report-generator").out) == ["new"]


def test_since_takes_an_age_and_a_time(opsctl: Opsctl, write: Write) -> None:
    write("old", seconds_ago=7200)
    write("new")
    assert shown(opsctl("logs", "report-generator", "--since", "3h").out) == ["old", "new"]
    assert shown(opsctl("logs", "report-generator", "--since", "2020-01-01").out) == ["old", "new"]


def test_a_line_is_time_level_message_and_fields(opsctl: Opsctl, write: Write) -> None:
    write(record("WARNING", "not started", receive_count=2, error="two words", names=["a"], empty=""))
    (line,) = opsctl("logs", "report-generator").out.splitlines()
    at, _, rest = line.partition(" ")
    assert dt.datetime.fromisoformat(at).tzinfo == dt.UTC
    assert rest == 'WARNING  not started receive_count=2 error="two words" names=["a"] empty=""'


def test_lambdas_own_lines_are_left_out_unless_asked_for(opsctl: Opsctl, write: Write) -> None:
    report = f"REPORT RequestId: {A}\tDuration: 9.00 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB"
    write("INIT_START Runtime Version: x", f"START RequestId: {A} Version: 1", "hello", f"END RequestId: {A}", report)
    assert shown(opsctl("logs", "report-generator").out) == ["hello"]
    assert len(shown(opsctl("logs", "report-generator", "--lambda-lines").out)) == 5


def test_a_timeout_is_an_error_in_words(opsctl: Opsctl, write: Write) -> None:
    write(f"REPORT RequestId: {A}\tDuration: 3000.00 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: timeout")
    said = "ERROR    The request timed out after 3.0 s (40 of 128 MB used)."
    assert shown(opsctl("logs", "report-generator", "--level", "error").out) == [said]


def test_level_means_that_one_and_above(opsctl: Opsctl, write: Write) -> None:
    write(*(record(level, level.lower()) for level in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")), "printed")

    def at_least(level: str) -> list[str]:
        rows = opsctl("logs", "report-generator", "--level", level, "--output", "json").data
        return [row["message"] for row in rows]

    assert at_least("warning") == ["warning", "error", "critical"]
    assert at_least("INFO") == ["info", "warning", "error", "critical", "printed"]


def test_the_newest_lines_are_shown_and_how_to_see_the_others(opsctl: Opsctl, write: Write) -> None:
    write(*(f"line {number}" for number in range(TAIL + 50)))
    answer = opsctl("logs", "report-generator")
    assert shown(answer.out) == [f"line {number}" for number in range(50, TAIL + 50)]
    assert answer.err == f"Not shown: 50 older lines; --tail {TAIL + 50} shows all.\n"
    everything = opsctl("logs", "report-generator", "--tail", str(TAIL + 50), "--output", "ndjson")
    assert (len(everything.out.splitlines()), everything.err) == (TAIL + 50, "")
    assert len(opsctl("logs", "report-generator", "--tail", "1").out.splitlines()) == 1
    assert opsctl("logs", "report-generator", "--tail", "0").code == 2


def test_one_request_has_its_own_lines_from_one_stream(opsctl: Opsctl, write: Write) -> None:
    write(f"START RequestId: {A} Version: 1", "of a", f"END RequestId: {A}", stream="one")
    write(f"START RequestId: {B} Version: 1", "of b", record("INFO", "b again"), stream="two")
    rows = opsctl("logs", "report-generator", "--request", B.upper()[:9], "--output", "json").data
    assert [(row["message"], row["request_id"], row["stream"]) for row in rows] == [
        ("of b", B, "two"),
        ("b again", B, "two"),
    ]
    assert "None of 6 lines" in opsctl("logs", "report-generator", "--request", "c").err


def test_data_has_the_parts_and_the_text_as_it_was_written(opsctl: Opsctl, write: Write) -> None:
    raw = record("ERROR", "failed for good", requestId=A, count=3)
    write(raw)
    for output, read in (("json", json.loads), ("yaml", yaml.safe_load)):
        (row,) = read(opsctl("logs", "report-generator", "--output", output).out)
        at = row.pop("at")
        assert dt.datetime.fromisoformat(str(at)).tzinfo is not None
        assert row == {
            "level": "ERROR",
            "message": "failed for good",
            "request_id": A,
            "fields": {"count": 3},
            "stream": "s",
            "raw": raw,
        }
    (line,) = opsctl("logs", "report-generator", "--output", "ndjson").out.splitlines()
    assert json.loads(line)["raw"] == raw
    header = opsctl("logs", "report-generator", "--output", "csv").out.splitlines()[0]
    assert header == "at,level,message,request_id,fields.count,stream,raw"


def test_hostile_lines_cost_one_line_each(opsctl: Opsctl, write: Write) -> None:
    texts = [text for text in HOSTILE.values() if text]
    write("before", *texts, "behind")
    assert shown(opsctl("logs", "report-generator").out) == ["before", *(text.strip() for text in texts), "behind"]
    rows = opsctl("logs", "report-generator", "--output", "json").data
    assert [row["raw"] for row in rows] == ["before", *texts, "behind"]


def test_a_silent_service_says_so_on_stderr(opsctl: Opsctl, write: Write) -> None:
    answer = opsctl("logs", "report-generator", "--since", "0s")
    assert (answer.code, answer.out) == (0, "")
    assert "No log lines" in answer.err


def test_a_service_that_never_ran_has_written_nothing_yet(opsctl: Opsctl) -> None:
    answer = opsctl("logs", "report-request")
    assert (answer.code, answer.out) == (0, "")
    assert "report-request has written nothing yet" in answer.err
    assert opsctl("logs", "report-request", "--output", "json").data == []


def test_an_unknown_service_is_met_with_the_nearest_name(opsctl: Opsctl) -> None:
    answer = opsctl("logs", "report-generatr")
    assert answer.code == 4
    assert "Did you mean report-generator" in answer.err


def test_an_unreadable_time_is_a_usage_error_that_names_the_forms(opsctl: Opsctl) -> None:
    answer = opsctl("logs", "report-generator", "--since", "yesterday")
    assert answer.code == 2
    assert "15m, 2h, 3d" in answer.err


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[list[LogEvent]]], None]:
    """Let a follower have the given rounds, and the operator press Ctrl-C after the last."""

    def set_up(rounds: Iterator[list[LogEvent]]) -> None:
        def follow(_follower: object) -> Iterator[list[LogEvent]]:
            yield from rounds
            raise KeyboardInterrupt

        monkeypatch.setattr(log_events, "follow", follow)

    return set_up


def event(number: int, text: str) -> LogEvent:
    return LogEvent(str(number), 1_795_968_000_000 + number, "s", text)


def test_following_shows_every_round_and_ends_with_ctrl_c(opsctl: Opsctl, interrupted: Any) -> None:
    interrupted(iter([[event(1, "a"), event(2, "b")], [], [event(3, "c"), event(4, "d")]]))
    answer = opsctl("logs", "report-generator", "--follow", "--tail", "1")
    assert (answer.code, answer.err) == (0, "")
    assert shown(answer.out) == ["b", "c", "d"]


def test_followed_data_is_one_object_a_line(opsctl: Opsctl, interrupted: Any) -> None:
    interrupted(iter([[event(1, record("INFO", "a"))]]))
    out = opsctl("logs", "report-generator", "-f", "--output", "json").out
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["a"]


def test_followed_csv_has_its_header_once(opsctl: Opsctl, interrupted: Any) -> None:
    interrupted(iter([[event(1, "a")], [event(2, "b"), event(3, "c")]]))
    rows = opsctl("logs", "report-generator", "-f", "--output", "csv").out.splitlines()
    assert [row.split(",")[0] == "at" for row in rows] == [True, False, False, False]


NOW = dt.datetime(2026, 11, 29, 18, tzinfo=dt.UTC)


def line(message: str, at: dt.datetime = NOW) -> LogLine:
    return parse(LogEvent("1", int(at.timestamp() * 1000), "s", message))


ON, PIPE = Screen(2_000, 24, NOW), Screen()


def text_of(line: LogLine, on: Screen = ON) -> str:
    return "".join(text for text, _color in parts_of(line, on))


def test_the_time_is_short_on_a_terminal_and_has_its_date_when_it_is_another_days() -> None:
    assert text_of(line("x")) == "18:00:00          x"
    assert text_of(line("x", NOW - dt.timedelta(days=1))).startswith("2026-11-28 18:00:00 ")
    assert text_of(line("x"), PIPE).startswith("2026-11-29T18:00:00Z ")


def test_the_level_has_a_colour_and_nothing_else_has() -> None:
    assert [part for part in parts_of(line(record("ERROR", "x")), ON) if part[1]] == [("ERROR   ", "red")]
    assert not [part for part in parts_of(line("x"), ON) if part[1]]


def test_a_traceback_stands_below_its_line_wherever_it_was_written() -> None:
    trace = 'Traceback (most recent call last):\n  File "a.py"\nKeyError: 1'
    below = [f"    {part}" for part in trace.split("\n")]
    assert text_of(line(f"[ERROR] failed\n{trace}")).split("\n")[1:] == below
    as_field = line(record("ERROR", "failed", exception=trace, count=1))
    assert text_of(as_field).split("\n") == [
        "18:00:00 ERROR    failed count=1",
        "    exception:",
        *below,
    ]
    as_list = line(record("ERROR", "failed", stackTrace=["a\n", "b\n"]))
    assert text_of(as_list).split("\n")[1:] == ["    stackTrace:", "    a", "    b"]


@pytest.mark.parametrize("place", ["{}", '{{"message": "{}"}}', '{{"error": "{}"}}', '{{"{}": 1}}', "a\nb {}"])
def test_what_a_terminal_would_obey_never_reaches_it(opsctl: Opsctl, interrupted: Any, place: str) -> None:
    obeyed = [0, 7, 8, 0x1B, 0x7F, 0x85, 0x9B, 0x200F, 0x2028, 0x202E, 0x2066, 0xFEFF]
    written = [f"\\u{number:04x}" if '"' in place else chr(number) for number in obeyed]
    interrupted(iter([[event(number, place.format(text)) for number, text in enumerate(written)]]))
    out = opsctl("logs", "report-generator", "--follow").out
    assert len(out.splitlines()) >= len(obeyed)
    assert not [number for number in obeyed if chr(number) in out]


def test_a_very_long_line_is_cut_on_a_terminal_and_whole_in_a_pipe() -> None:
    long = line(record("INFO", "m" * 2**20, field="f" * 2**20))
    assert len(text_of(long)) < 3 * WIDEST
    assert text_of(long, PIPE).count("m") == 2**20


def show_log() -> None:
    trace = (
        'Traceback (most recent call last):\n  File "/var/task/opscore/queue_worker.py", line 83, in handle_one_letter'
    )
    error = "events/account=ember/date=2026-08-04/events.jsonl, line 30: not JSON"
    lines = [
        line(record("INFO", "started", account="ember"), ago(2 * 1_440)),
        line(record("ERROR", "failed for good", error=error, message_id=A, exception=trace), ago(4)),
        line("日本語 " * 20 + "。", ago(3)),
        line("\x1b]52;c;AA\x07 " + "x" * 120, ago(2)),
    ]
    emit_lines([(row_of(one), parts_of(one, screen())) for one in lines], Choices())


SHOWN = {"logs": show_log}


@pytest.mark.parametrize("size", SCREENS)
def test_the_screen_is_this_text_and_fits(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = written(SCREENS[size], show_log, capsys)
    assert out == expected("logs", size)
    assert not too_wide(out, SCREENS[size])


@pytest.mark.parametrize(
    "text", ["\x1b" * 70, "\u202e" * 70, "a\tb" * 40, "界" * 100], ids=["escapes", "overrides", "tabs", "wide"]
)
@pytest.mark.parametrize("message", ["{}", "first\n  {}"], ids=["line", "below"])
def test_what_is_longer_when_it_is_shown_fits_too(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    on, one = SCREENS["80"], line(message.format(text))
    out, _ = written(on, lambda: emit_lines([(row_of(one), parts_of(one, on))], Choices()), capsys)
    assert out.count("\n") > 1
    assert not too_wide(out, on)


def test_a_line_that_fits_keeps_its_blanks() -> None:
    assert text_of(line("a  b\n      c")) == "18:00:00          a  b\n          c"
