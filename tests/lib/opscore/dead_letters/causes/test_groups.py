import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.causes.groups import MAXIMUM_GROUPS, Grouping, classify
from opscore.dead_letters.causes.signatures import shape, signature
from opscore.dead_letters.message import DeadLetter, moment
from opscore.logs.log_events import LogEvent

ORIGIN = "arn:aws:sqs:eu-west-1:111122223333:work"


def letter(number: int, body: str, sent_ms: int = 0) -> DeadLetter:
    return DeadLetter(f"m{number}", "h", body, {}, {"DeadLetterQueueSourceArn": ORIGIN, "SentTimestamp": str(sent_ms)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "events/account=acme/date=2026-10-03/e.jsonl, line 17: not JSON",
            "events/account=<value>/date=<value>/e.jsonl, line <n>: not JSON",
        ),
        ("Timeout after 30.5 s calling https://x.example/z?q=1", "Timeout after <n> s calling <url>"),
        ("no item r_0123456789abcdef01234567", "no item <id>"),
        ("order 100000000000", "order <n>"),
        ("5f1c0a76-3b1e-4b6c-8a6f-0c1d2e3f4a5b is gone", "<id> is gone"),
        ("not allowed: arn:aws:s3:::bucket/key", "not allowed: <arn>"),
        ("a@b.example wrote 'hello you'", "<email> wrote <text>"),
        ("'account'", "'account'"),
        ("KeyError: 'account'", "KeyError: 'account'"),
        ('shop.errors.NoSuchKeyError: "account"', 'shop.errors.NoSuchKeyError: "account"'),
        ("KeyError: 'account' in line 7", "KeyError: <text> in line <n>"),
        ("NoSuchAccount: 'acme'", "NoSuchAccount: <text>"),
        ("don't divide by zero", "don't divide by zero"),
    ],
)
def test_a_signature_leaves_out_the_particulars(text: str, expected: str) -> None:
    assert signature(text) == expected


@given(st.integers(), st.uuids(), st.datetimes())
def test_texts_that_differ_in_particulars_only_are_one_signature(number: int, name: object, time: object) -> None:
    assert signature(f"order {number} of {name} at {time}") == signature("order 7 of " + str(name) + f" at {time}")


@given(st.text())
def test_a_signature_is_bounded_and_in_one_line(text: str) -> None:
    assert len(signature(text * 50)) <= 300
    assert "\n" not in signature(text)


def test_a_shape_knows_keys_and_types_and_no_values() -> None:
    one = {"account": "acme", "n": 1, "tags": ["a"], "deep": {"x": None, "ok": True}}
    two = {"n": 2, "account": "other", "tags": ["b", "c"], "deep": {"ok": False, "x": None}}
    assert shape(one) == shape(two) == "{account: text, deep: {ok: boolean, x: null}, n: number, tags: [text]}"
    assert shape({**one, "more": 1}) != shape(one)


def test_an_object_that_is_a_table_is_one_shape_whatever_it_holds() -> None:
    assert shape({f"item-{n}": n for n in range(3)}) == shape({f"item-{n}": n for n in range(500)})


def test_groups_are_counted_by_cause_with_first_last_and_a_sample() -> None:
    lines = [
        json.dumps({"level": "ERROR", "message_id": f"m{n}", "error": f"line {n}: not JSON" if n < 3 else "no account"})
        for n in range(5)
    ]
    index = CauseIndex.of(LogEvent(str(n), n, "s", line) for n, line in enumerate(lines))
    grouping = Grouping(index)
    for number in range(5):
        grouping.add(letter(number, json.dumps({"account": f"a{number}"}), sent_ms=number * 1000))
    first, second = grouping.result()
    assert (first.cause, first.count, first.origin, first.envelope) == ("line <n>: not JSON", 3, "work", "plain")
    assert (first.first, first.last) == (moment(0), moment(2_000))
    assert first.differs_by is None
    assert (first.sample_id, second.count) == ("m0", 2)
    assert first.id == classify(letter(2, '{"account": "z"}'), index).id


def group_all(*letters: tuple[str, str | None, str]) -> dict[str, str | None]:
    """Group letters, each of a body, an error and its origin; return by body what its group differs by."""
    lines = [
        LogEvent(str(n), n, "s", json.dumps({"level": "ERROR", "message_id": f"m{n}", "error": error}))
        for n, (_, error, _) in enumerate(letters)
        if error
    ]
    grouping = Grouping(CauseIndex.of(lines))
    for number, (body, _, origin) in enumerate(letters):
        system = {"DeadLetterQueueSourceArn": f"arn:aws:sqs:eu-west-1:1:{origin}"}
        grouping.add(replace(letter(number, body), system=system))
    return {group.sample_body: group.differs_by for group in grouping.result()}


def test_groups_of_one_cause_say_what_they_differ_by() -> None:
    assert group_all(('{"a": 1, "b": 1}', "no", "q"), ('{"a": 1}', "no", "q")) == {
        '{"a": 1, "b": 1}': "with b: number",
        '{"a": 1}': "without b: number",
    }
    assert group_all(("x", "no", "one"), ("y", "no", "two")) == {
        "x": "from one; with text x",
        "y": "from two; with text y",
    }
    assert group_all(('{"a": 1}', None, "q"), ('{"a": "x"}', None, "q")) == {
        '{"a": 1}': "with a: number",
        '{"a": "x"}': "with a: text",
    }


def test_causes_that_begin_alike_are_told_apart_by_their_ends() -> None:
    begin = "the file of usage events cannot be read: "
    assert group_all(("1", begin + "not JSON", "q"), ("2", begin + "empty", "q")) == {"1": "… not JSON", "2": "… empty"}
    assert group_all(("1", "not JSON", "q"), ("2", "not there", "q")) == {"1": None, "2": None}


def test_a_crash_is_shown_as_a_guess_and_does_not_rename_the_group() -> None:
    crash = LogEvent("e", 5000, "s", "2027-01-15T08:00:00Z Task timed out after 30.00 seconds")
    grouping, without = Grouping(CauseIndex.of([crash])), Grouping(CauseIndex())
    for group in (grouping, without):
        group.add(letter(1, "{}", sent_ms=4000))
    (guessed,), (unknown,) = grouping.result(), without.result()
    assert (guessed.cause or "").startswith("perhaps ")
    assert unknown.cause is None
    assert guessed.id == unknown.id


def test_the_number_of_groups_is_bounded() -> None:
    grouping = Grouping(CauseIndex())
    words = [f"{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}" for a in range(26) for b in range(26) for c in range(2)]
    for number, word in enumerate(words):
        grouping.add(letter(number, word))
    groups = grouping.result()
    assert len(groups) == MAXIMUM_GROUPS + 1
    assert sum(group.count for group in groups) == len(words)
