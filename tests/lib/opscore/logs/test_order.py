from opscore.logs.line import LogLine
from opscore.logs.log_events import LogEvent
from opscore.logs.order import Requests, together
from opscore.logs.parsing import parse

A, B = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"


def lines(*said: tuple[str, str]) -> list[LogLine]:
    return [parse(LogEvent(str(number), number, stream, text)) for number, (stream, text) in enumerate(said)]


def test_a_printed_traceback_is_one_error_though_other_streams_come_between() -> None:
    printed = ["Traceback (most recent call last):", '  File "core.py", line 7, in run', "    run()", "KeyError: 'x'"]
    said = [(stream, text) for text in printed for stream in ("one", "two")]
    found = together(lines(*said, ("one", "Done: 3"), ("two", f"END RequestId: {A}")))
    assert [line.message for line in found[:2]] == ["\n".join(printed)] * 2
    assert [line.level for line in found] == ["ERROR", "ERROR", None, None]
    assert [line.message for line in found[2:]] == ["Done: 3", f"END RequestId: {A}"]


def test_the_exception_behind_an_exception_belongs_to_it() -> None:
    printed = [
        "Traceback (most recent call last):", "  File x", "KeyError: 'x'", "",
        "During handling of the above exception, another exception occurred:", "",
        "Traceback (most recent call last):", "  File y", "app.errors.Boom: no",
    ]  # fmt: skip
    assert [line.message for line in together(lines(*(("s", text) for text in printed)))] == ["\n".join(printed)]


def test_a_second_traceback_is_an_error_of_its_own() -> None:
    first = [f"[ERROR]\t2026-11-29T16:00:00.000Z\t{A}\twent wrong", "Traceback (most recent call last):", "  x", "E: 1"]
    second = ["Traceback (most recent call last):", "  y", "KeyError"]
    found = together(lines(*(("s", text) for text in [*first, *second])))
    assert [line.message.splitlines()[-1] for line in found] == ["E: 1", "KeyError"]


def test_the_runtimes_traceback_ends_with_its_last_frame() -> None:
    said = [("s", "[ERROR] KeyError: 'x'"), ("s", "Traceback (most recent call last):"), ("s", "  File x")]
    found = together(lines(*said, ("s", "Next")))
    assert [line.message for line in found] == ["KeyError: 'x'\nTraceback (most recent call last):\n  File x", "Next"]


def test_a_line_of_json_continues_nothing_and_is_continued_by_nothing() -> None:
    texts = ['{"level":"INFO","message":"a","n":1}', "  b", ' {"message":"c","n":1}']
    found = together(lines(*(("s", text) for text in texts)))
    assert [line.message for line in found] == ["a", "  b", "c"]


def test_a_log_of_nothing_but_indented_lines_does_not_become_one_endless_text() -> None:
    found = together(lines(*(("s", " " * 1000) for _ in range(50))))
    assert len(found) == 3
    assert sum(len(line.raw.replace("\n", "")) for line in found) == 50_000


def test_lines_between_start_and_end_belong_to_the_request_of_their_stream() -> None:
    said = [
        ("one", f"START RequestId: {A} Version: 1"), ("two", f"START RequestId: {B} Version: 1"),
        ("one", "a"), ("two", "b"), ("one", f"END RequestId: {A}"), ("one", "idle"), ("two", "c"),
    ]  # fmt: skip
    found = {line.message: line.request_id for line in Requests().attribute(lines(*said))}
    assert {name: found[name] for name in ("a", "b", "c", "idle")} == {"a": A, "b": B, "c": B, "idle": None}


def test_an_end_names_the_lines_of_a_request_that_began_before_the_first_line() -> None:
    said = [("s", "a"), ("other", "b"), ("s", f"END RequestId: {A}"), ("s", "c")]
    found = Requests().attribute(lines(*said, ("s", f"START RequestId: {B} Version: 1")))
    assert [line.request_id for line in found] == [A, None, A, None, B]


def test_the_request_of_a_stream_is_remembered_from_round_to_round() -> None:
    requests = Requests()
    requests.attribute(lines(("s", f"START RequestId: {A} Version: 1")))
    assert [line.request_id for line in requests.attribute(lines(("s", "a"), ("other", "b")))] == [A, None]
