"""Odd bodies, attributes and log lines through every command of dead letters: each costs one message at most.

The texts are data, in odd.json: a text, or parts of one, each with how often it comes.
"""

import base64
import csv
import io
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws

from ops_cli.frame.output.formats import serialised
from ops_cli.frame.output.plain import to_plain
from opscore import exact_json
from opscore.dead_letters.looking import queue
from opscore.dead_letters.message import DeadLetter
from tests.contracts.hostile.showing import Shown, acting, shown
from tests.contracts.hostile.test_pseudo_terminal import on_terminal
from tests.moto_threads import share_queues
from tests.ops_cli.commands.dead_letter_stack import DeadLetterStack, build, past

share_queues()

ODD = json.loads((Path(__file__).parent / "odd.json").read_text(encoding="utf-8"))
FORMS = ("table", "json", "yaml", "csv", "ndjson")
EDIT = "merge(@, {set: `2.50`})"


def whole(text: Any) -> str:
    """Return a text of the data in full."""
    return text if isinstance(text, str) else "".join(part * times for part, times in text)


BODIES = {name: whole(body) for name, body in ODD["bodies"].items()}


def attributes_of(odd: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for name, attribute in odd.items():
        made[name] = {"DataType": attribute["DataType"]}
        if "BinaryValue" in attribute:
            made[name]["BinaryValue"] = base64.b64decode(attribute["BinaryValue"])
        else:
            made[name]["StringValue"] = whole(attribute["StringValue"])
    return made


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DeadLetterStack]:
    """Put every odd message and log line into a small stack."""
    past(monkeypatch)
    monkeypatch.setattr(queue, "WAIT_SECONDS", 0)
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        made = build(monkeypatch)
        ids = made.put(*BODIES.values())
        for attributes in ODD["attributes"].values():
            ids += made.put("{}", MessageAttributes=attributes_of(attributes))
        now = int(time.time() * 1000) - 1000
        for at, line in enumerate(ODD["log_lines"].values()):
            made.log(whole(line).replace("{}", ids[at]), now)
        yield made


COUNT = len(BODIES) + len(ODD["attributes"])


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, terminal: bool = False, code: int = 0) -> Shown:
    line = ["--env", "test", *arguments]
    answer = on_terminal(monkeypatch, line) if terminal else shown(monkeypatch, line, terminal=False)
    assert "fault in opsctl" not in answer.out + answer.err, answer.out + answer.err
    assert answer.code == code, answer.out[-2000:] + answer.err[-2000:]
    assert acting(answer.err) == []
    if terminal or "csv" not in arguments:  # CSV has no escapes, and a pipe gets the texts as they are
        assert acting(answer.out) == []
    return answer


csv.field_size_limit(2**24)


def data(answer: Shown, form: str) -> list[Any]:
    """Return what a reader of the form reads."""
    if form == "json":
        return list(json.loads(answer.out, parse_int=str))  # Python makes no number of 100,000 digits
    if form == "yaml":
        return list(yaml.load(answer.out, Loader=yaml.BaseLoader))  # noqa: S506  It makes nothing but texts.
    if form == "csv":
        return list(csv.DictReader(io.StringIO(answer.out, newline="")))
    return [json.loads(line, parse_int=str) for line in answer.out.splitlines()]


@given(
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from([body for body in BODIES.values() if len(body) < 20_000])
)
@example("{}")
def test_any_text_is_shown_as_it_is_and_any_json_with_its_digits(body: str) -> None:
    letter = DeadLetter("m", "h", body, {}, {})
    shown_body = to_plain(letter.document())["body"]
    assert exact_json.read(serialised(shown_body, "json")) == letter.content() == shown_body
    if isinstance(shown_body, str):
        assert shown_body == body
        assert yaml.safe_load(serialised([{"body": body}], "yaml")) == [{"body": body}]
        assert next(csv.DictReader(io.StringIO(serialised([{"body": body}], "csv"), newline="")))["body"] == body


def test_odd_messages_are_all_shown(stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {text for text in BODIES.values() if DeadLetter("m", "", text, {}, {}).content() == text}
    for form in FORMS:
        answer = run(monkeypatch, "dlq", "show", "requests", "--limit", "1000", "--output", form)
        assert "12345678901234567890.123" in answer.out
        assert "1.10" in answer.out
        if form == "table":
            assert len(answer.out.splitlines()) == 2 + COUNT  # a heading and a rule
            continue
        rows = data(answer, form)
        found = {row["body"] for row in rows if isinstance(row.get("body"), str)}
        assert (len(rows), texts - found) == (COUNT, set())
        run(monkeypatch, "dlq", "show", "requests", "--limit", "1000", "--output", form, terminal=True)
    assert stack.visible(stack.dead) == COUNT


def test_odd_messages_are_all_analysed(stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for form in FORMS:
        answer = run(monkeypatch, "dlq", "analyse", "requests", "--output", form)
        if form != "table":
            assert sum(int(row["count"]) for row in data(answer, form)) == COUNT
        run(monkeypatch, "dlq", "analyse", "requests", "--output", form, terminal=True)
    assert stack.visible(stack.dead) == COUNT


def test_odd_messages_go_through_a_file_byte_for_byte(stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "dlq", "export", "requests", "out.ndjson")
    piped = run(monkeypatch, "dlq", "export", "requests", "-").out
    lines = Path("out.ndjson").read_text(encoding="utf-8").split("\n")[:-1]
    assert {*map(record_of, lines)} == {*map(record_of, piped.splitlines())}
    run(monkeypatch, "dlq", "import", "requests", "out.ndjson", "--yes")
    assert Counter(stack.bodies(stack.work)) == Counter([*BODIES.values(), *["{}"] * len(ODD["attributes"])])


def record_of(line: str) -> str:
    """Return what an exported line says but for what each look changes."""
    record = json.loads(line)
    return json.dumps([record["message_id"], record["body"], record["attributes"]], sort_keys=True)


def test_the_plan_of_a_replay_holds_odd_messages(stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch) -> None:
    selection = ["--filter", "!(contains(to_string(body), 'nothing of the kind'))", "--edit", EDIT]
    for options in ([], selection):
        line = ["replay-dlq", "requests", "--to", "t-requests", *options, "--dry-run", "--output"]
        for form in FORMS:
            run(monkeypatch, *line, form)
            run(monkeypatch, *line, form, terminal=True)
    assert stack.visible(stack.dead) == COUNT


def test_a_replay_takes_what_its_filter_chooses_of_odd_messages(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    expression = "body.n > `1` || contains(body.t, 'caf')"
    answer = run(monkeypatch, "replay-dlq", "requests", "--filter", expression, "--yes", "--output", "json")
    tally = json.loads(answer.out)
    chosen = [
        "spelled numbers", "many digits in an object", "many digits after the point", "an exponent of many digits",
        "escapes", "the largest JSON",
    ]  # fmt: skip
    assert stack.bodies(stack.work) == sorted(BODIES[name] for name in chosen)
    assert (tally["moved"], tally["skipped"], tally["failed"]) == (len(chosen), COUNT - len(chosen), 0)
    assert all(why.startswith("--filter does not apply: contains() takes") for why in tally["reasons"])


def test_a_replay_edits_what_is_an_object_and_leaves_the_others_with_the_reason(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["replay-dlq", "requests", "--to", "t-requests", "--edit", EDIT, "--yes", "--output", "json"]
    tally = json.loads(run(monkeypatch, *line, code=3).out)
    edited = stack.bodies(stack.work)
    assert BODIES["spelled numbers"].removesuffix("}") + ',"set":2.50}' in edited
    assert BODIES["escapes"].removesuffix("}") + ',"set":2.50}' in edited
    assert BODIES["nested as deeply as is read"].removesuffix("}") + ',"set":2.50}' in edited
    assert all(body.endswith('"set":2.50}') for body in edited)
    assert tally["moved"] == len(edited) == COUNT - tally["failed"]
    assert any("two keys 'a'" in why for why in tally["reasons"])
    assert {BODIES["brackets"], BODIES["two equal keys inside"], "1e999", "007"} <= {*stack.bodies(stack.dead)}


def test_a_replay_of_odd_messages_moves_them_and_is_taken_back(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["replay-dlq", "requests", "--to", "t-requests", "--max-replays", "3", "--yes", "--output", "json"]
    tally = json.loads(run(monkeypatch, *line, code=3).out)
    gone = {BODIES[name] for name in ("a pointer to no bucket", "a pointer to what is no name")}
    assert (tally["moved"], tally["failed"]) == (COUNT - len(gone), len(gone)), tally["reasons"]
    assert stack.visible(stack.work) == tally["moved"]
    for form in FORMS:
        run(monkeypatch, "dlq", "history", "--output", form)
        run(monkeypatch, "dlq", "history", tally["run"], "--output", form, terminal=True)
    undone = json.loads(run(monkeypatch, "dlq", "undo", tally["run"], "--yes", "--output", "json").out)
    assert undone["moved_back"] == tally["moved"]
    assert Counter(stack.bodies(stack.dead)) == Counter([*BODIES.values(), *["{}"] * len(ODD["attributes"])])


def test_a_purge_of_odd_messages_keeps_them_in_its_file(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "dlq", "purge", "requests", "--export", "out.ndjson", "--yes")
    saved = [json.loads(line)["body"] for line in Path("out.ndjson").read_bytes().split(b"\n")[:-1]]
    assert Counter(saved) == Counter([*BODIES.values(), *["{}"] * len(ODD["attributes"])])
    assert stack.bodies(stack.dead) == []
    run(monkeypatch, "dlq", "import", "requests", "out.ndjson", "--dead-letters", "--yes")
    assert Counter(stack.bodies(stack.dead)) == Counter([*BODIES.values(), *["{}"] * len(ODD["attributes"])])


def test_an_unknown_group_of_odd_messages_is_not_found(stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "replay-dlq", "requests", "--group", "g000000", "--yes", code=4)
    assert stack.visible(stack.dead) == COUNT


def test_odd_lines_are_a_log(stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch) -> None:
    del stack
    for form in FORMS:
        for terminal in (True, False):
            run(monkeypatch, "logs", "generator", "--since", "1h", "--output", form, terminal=terminal)
