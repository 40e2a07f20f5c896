import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.message import REPLAY_ATTRIBUTE, DeadLetter
from opscore.dead_letters.replay.replay_counts import ReplayCounts
from opscore.dead_letters.sending.outgoing import Unsendable, deduplication_id, prepare, size
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import RUN, World, sent_bodies

ATTRIBUTES: dict[str, Any] = {
    "text": {"DataType": "String", "StringValue": "å ÿ 🙂"},
    "number": {"DataType": "Number", "StringValue": "1.50"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff\x7f"},
    "custom": {"DataType": "String.json", "StringValue": "{}"},
    "custom bytes": {"DataType": "Binary.gzip", "BinaryValue": b"\x1f\x8b"},
}


def letter(body: str = "x", **fields: Any) -> DeadLetter:
    return DeadLetter("m1", "h", body, fields.pop("attributes", {}), fields.pop("system", {}))


def test_every_attribute_the_trace_and_the_group_of_a_standard_queue_survive() -> None:
    world = World()
    world.sqs.put(world.dead, "x", attributes=ATTRIBUTES, trace="Root=1-5759e988", group="tenant-7")
    assert world.replay().moved == 1
    (sent,) = world.work.log
    assert {name: sent.attributes[name] for name in ATTRIBUTES} == ATTRIBUTES
    assert sent.attributes[REPLAY_ATTRIBUTE]["StringValue"] == f"{RUN}:1"
    assert set(sent.attributes) == {*ATTRIBUTES, REPLAY_ATTRIBUTE}
    assert (sent.trace, sent.group) == ("Root=1-5759e988", "tenant-7")


def test_a_fifo_replay_has_an_id_of_its_own_and_keeps_the_group() -> None:
    world = World(fifo=True)
    original = world.sqs.put(world.dead, "x", group="g", dedup="what the producer chose")
    world.replay()
    (sent,) = world.work.log
    assert (sent.group, sent.dedup) == ("g", f"opsctl:{original.id}")


def test_equal_bodies_are_not_taken_for_one_message_by_a_fifo_queue() -> None:
    world = World(fifo=True)
    for _ in range(2):
        world.sqs.put(world.dead, "same", group="g")
    world.replay()
    assert sent_bodies(world.work) == ["same", "same"]


def test_a_second_replay_counts_on() -> None:
    world = World()
    mark = {"DataType": "String", "StringValue": "an-earlier-run:2"}
    world.sqs.put(world.dead, "x", attributes={REPLAY_ATTRIBUTE: mark})
    world.replay()
    assert world.work.log[0].attributes[REPLAY_ATTRIBUTE]["StringValue"] == f"{RUN}:3"


def test_what_was_replayed_too_often_is_left_in_quarantine() -> None:
    world = World()
    mark = {"DataType": "String", "StringValue": "an-earlier-run:3"}
    world.sqs.put(world.dead, "often", attributes={REPLAY_ATTRIBUTE: mark})
    world.sqs.put(world.dead, "never")
    tally = world.replay(world.admission(maximum_replays=3))
    assert (tally.moved, tally.quarantined) == (1, 1)
    assert world.dead.bodies == ["often"]
    assert not tally.is_whole


def test_the_eleventh_attribute_is_not_added_and_the_count_is_kept_in_a_file(tmp_path: Any) -> None:
    world = World()
    ten = {f"a{n}": {"DataType": "String", "StringValue": "v"} for n in range(10)}
    world.sqs.put(world.dead, "full", attributes=ten)
    path = tmp_path / "counts.ndjson"
    counts = ReplayCounts(path, RUN)
    assert replay_counted(world, counts).moved == 1
    assert set(world.work.log[0].attributes) == set(ten)
    assert path.stat().st_mode & 0o777 == 0o600

    world.sqs.move_to_dead_letters(world.work, world.work.messages[0], world.dead)
    assert replay_counted(world, counts, bound_ms=world.clock.ms + 10**6).bounced == 1
    later = ReplayCounts(path, "run2")
    again = replay_counted(world, later, run="run2", maximum_replays=1, bound_ms=world.clock.ms + 10**6)
    assert again.quarantined == 1


@pytest.mark.parametrize("maximum", [1_048_576, 2048])
@pytest.mark.parametrize("spare", [0, 1, 40, 200])
def test_a_message_of_the_maximum_size_is_sent_without_the_mark_and_counted_in_the_file(
    maximum: int, spare: int, tmp_path: Path
) -> None:
    world = World()
    world.work.maximum_bytes = maximum
    body = "x" * (maximum - spare - size("", {"b": ATTRIBUTES["bytes"]}))
    world.sqs.put(world.dead, body, attributes={"b": ATTRIBUTES["bytes"]})
    counts = ReplayCounts(tmp_path / "counts.ndjson", RUN)
    assert replay_counted(world, counts).moved == 1
    (sent,) = world.work.log
    has_room = spare >= size("", {REPLAY_ATTRIBUTE: {"DataType": "String", "StringValue": f"{RUN}:1"}})
    assert (sent.body, set(sent.attributes)) == (body, {"b", REPLAY_ATTRIBUTE} if has_room else {"b"})
    assert sent.attributes["b"] == ATTRIBUTES["bytes"]

    world.sqs.move_to_dead_letters(world.work, world.work.messages[0], world.dead)
    later = ReplayCounts(tmp_path / "counts.ndjson", "run2")
    again = replay_counted(world, later, run="run2", maximum_replays=1, bound_ms=world.clock.ms + 10**6)
    assert again.quarantined == 1


def test_a_mark_that_would_grow_past_the_limit_is_left_out() -> None:
    world = World()
    mark = {"DataType": "String", "StringValue": f"{RUN[:-1]}:9"}
    world.work.maximum_bytes = size("x", {REPLAY_ATTRIBUTE: mark})
    world.sqs.put(world.dead, "x", attributes={REPLAY_ATTRIBUTE: mark})
    assert world.replay().moved == 1
    assert world.work.log[0].attributes == {}


def test_a_message_that_is_too_large_without_its_mark_is_refused_as_before() -> None:
    world = World()
    world.work.maximum_bytes = 2048
    world.sqs.put(world.dead, "x" * 2049)
    assert next(iter(world.replay().reasons)).startswith("TooLarge: ")


BAD_ATTRIBUTES: dict[str, Any] = {
    "no DataType": {"a": {"StringValue": "x"}},
    "holds U+D83D": {"a\ud83d": {"DataType": "String", "StringValue": "x"}},
    "holds U+0000": {"a": {"DataType": "String", "StringValue": "\x00"}},
    "needs one value": {"a": {"DataType": "String", "StringValue": ""}},
    "it has 11 attributes": {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)},
}


@pytest.mark.parametrize("why", BAD_ATTRIBUTES)
def test_attributes_that_sqs_does_not_take_cost_only_their_message(why: str) -> None:
    world = World()
    world.sqs.put(world.dead, "odd", attributes=BAD_ATTRIBUTES[why])
    world.sqs.put(world.dead, "good")
    tally = world.replay()
    assert (tally.moved, tally.failed, sent_bodies(world.work)) == (1, 1, ["good"])
    assert why in next(iter(tally.reasons))


@pytest.mark.parametrize("name", ["", "a b", "ä", "\ud83d", "x" * 122])
def test_an_imported_id_that_is_no_deduplication_id_gives_one(name: str) -> None:
    found = deduplication_id(DeadLetter(name, "h", "x", {}, {}))
    assert re.fullmatch(r"opsctl:[0-9a-f]{64}", found)
    assert found == deduplication_id(DeadLetter(name, "other", "y", {}, {}))


def replay_counted(world: World, counts: ReplayCounts, **rules: Any) -> Any:
    return world.replay(world.admission(history=counts.history, **rules), on_arrival=counts.on_arrival)


def test_batches_stay_under_the_limit_in_bytes() -> None:
    world = World()
    for number in range(12):
        world.sqs.put(world.dead, f"{number}" + "x" * 200_000)
    assert world.replay().moved == 12
    assert world.sqs.calls.count("SendMessageBatch") == 3


def test_attributes_count_to_the_size_by_name_type_and_value() -> None:
    assert size("å", {"ab": {"DataType": "Binary", "BinaryValue": b"123"}}) == 2 + 2 + 6 + 3


def test_an_endpoint_with_a_smaller_limit_gets_smaller_batches() -> None:
    world = World()
    for number in range(10):
        world.sqs.put(world.dead, f"{number}" + "x" * 50_000)
    real = world.sqs.send_message_batch

    def old(**request: Any) -> Any:
        if sum(len(entry["MessageBody"]) for entry in request["Entries"]) > 262_144:
            raise error("SendMessageBatch", "AWS.SimpleQueueService.BatchRequestTooLong")
        return real(**request)

    world.sqs.send_message_batch = old  # type: ignore[method-assign, assignment]
    assert world.replay().moved == 10


def test_a_message_over_the_target_s_own_limit_is_not_sent() -> None:
    world = World()
    world.work.maximum_bytes = 2048
    world.sqs.put(world.dead, "x" * 2049)
    tally = world.replay()
    assert tally.failed == 1
    assert "SendMessageBatch" not in world.sqs.calls
    assert next(iter(tally.reasons)).startswith("TooLarge: ")


@pytest.mark.parametrize("bad", ["\x00", "\x1f", "\ufffe", "\ud800"])
def test_characters_that_sqs_does_not_take_are_found_before_the_send(bad: str) -> None:
    with pytest.raises(Unsendable, match=r"U\+"):
        prepare(letter(), run=RUN, replays=1, body=f"a{bad}b")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1))
def test_ordinary_text_is_sent_as_it_is(body: str) -> None:
    assert prepare(letter(body), run=RUN, replays=1).body == body


def test_a_message_without_a_group_cannot_go_to_a_fifo_queue() -> None:
    world = World(fifo=True)
    world.sqs.put(world.dead, "x")
    assert next(iter(world.replay().reasons)).startswith("NoMessageGroup")


def test_a_failed_message_holds_back_its_group_and_only_that() -> None:
    world = World(fifo=True)
    for number in range(12):
        world.sqs.put(world.dead, f"{number}", group=f"g{number % 2}")
    world.sqs.refuse_send = lambda entry: (
        {"Code": "Invalid", "SenderFault": True} if entry["MessageBody"] == "4" else None
    )
    tally = world.replay()
    by_group = [[int(m.body) for m in world.work.log if m.group == group] for group in ("g0", "g1")]
    assert by_group == [[0, 2], [1, 3, 5, 7, 9, 11]]
    assert world.dead.bodies == ["4", "6", "8", "10"]
    assert not tally.is_whole


def test_a_fifo_run_is_not_slower_than_one_message_of_each_group_a_call() -> None:
    world = World(fifo=True)
    for number in range(100):
        world.sqs.put(world.dead, f"{number}", group=f"g{number % 20}")
    world.replay(limits=Limits(ordered=True))
    assert world.sqs.calls.count("SendMessageBatch") <= 15
