import errno
import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import example, given
from hypothesis import strategies as st

from opscore.dead_letters.files import (
    FileDestination,
    Import,
    create_private,
    export_lines,
    export_to,
    purge_into,
    reserve_rest,
    write_rest,
)
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import from_line, to_line, to_record
from opscore.dead_letters.sending.destinations import SqsDestination
from opscore.errors import OpsError
from tests.lib.opscore.dead_letters.fake_sqs import Queue, error
from tests.lib.opscore.dead_letters.replaying import World, sent_bodies

texts = st.text(st.characters(exclude_categories=[])).map(
    lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # two halves are a pair
)
values = st.one_of(
    st.builds(lambda text: {"DataType": "String.x", "StringValue": text}, texts),
    st.builds(lambda data: {"DataType": "Binary", "BinaryValue": data}, st.binary()),
)


@given(
    body=texts, attributes=st.dictionaries(texts, values, max_size=4), system=st.dictionaries(texts, texts, max_size=3)
)
@example(
    body="cut \ud83d", attributes={"\udc00": {"DataType": "String", "StringValue": "\ud83d"}}, system={"\ud83d": ""}
)
def test_a_message_comes_back_from_its_line_exactly(body: str, attributes: Any, system: Any) -> None:
    letter = DeadLetter("m1", "", body, attributes, system)
    line = to_line(to_record(letter))
    assert line.count(b"\n") == 1
    assert from_line(line) == letter


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"7", "no JSON object"),
        (b"{}", "'message_id' is no text"),
        (b'{"message_id": "m", "body": 7}', "'body' is no text"),
        (b'{"message_id": 1}', "'message_id' is no text"),
        (b"not JSON", "no JSON"),
        (b'{"message_id": "m", "body": "x", "body": "y"}', "two keys 'body'"),
        (b"[" * 5000 + b"]" * 5000, "nested"),
        (b'{"message_id": "m", "body": ' + b"9" * 5000 + b"}", "'body' is no text"),
        (b'{"message_id": "m", "body": NaN}', "NaN is no number"),
        (b'{"message_id": "m", "body": "\xff"}', "not UTF-8: its byte 30 is 0xff"),
        ('{"message_id": "m", "body": "x"}'.encode("utf-16"), "not UTF-8"),
        (b'{"message_id": "m", "body": "x", "attributes": []}', "'attributes' is no object"),
        (b'{"message_id": "m", "body": "x", "attributes": {"a": "text"}}', "attribute 'a' is no object"),
        (b'{"message_id": "m", "body": "x", "attributes": {"a": {"StringValue": "x"}}}', "'a' has no DataType"),
        (b'{"message_id": "m", "body": "x", "attributes": {"a": {"DataType": 7}}}', "'DataType' is no text"),
        (
            b'{"message_id": "m", "body": "x", "attributes": {"a": {"DataType": "Binary", "BinaryValue": "?"}}}',
            "'a' is not base64",
        ),
        (b'{"message_id": "m", "body": "x", "system": null}', "'system' is no object"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(line: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_line(line)


def test_a_line_may_have_a_byte_order_mark_and_a_carriage_return() -> None:
    line = b'\xef\xbb\xbf{"message_id": "m", "body": "\\ufeffx\\r\\n"}\r\n'
    assert from_line(line).body == "\ufeffx\r\n"


def test_an_export_is_private_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.ndjson"
    create_private(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(OpsError, match="exists already"):
        create_private(path)


def importer(world: World, target: Queue | None = None) -> Import:
    client: Any = world.sqs
    return Import(
        SqsDestination(client, describe(client, (target or world.work).url)), threads=1, sleep=world.clock.sleep
    )


def lines(count: int, **fields: Any) -> list[bytes]:
    return [to_line({"message_id": f"m{n}", "body": f"body {n}", **fields}) for n in range(count)]


def test_a_file_is_sent_with_all_attributes() -> None:
    world = World()
    record = {"attributes": {"b": {"DataType": "Binary", "BinaryValue": "AP8="}}, "system": {"MessageGroupId": "t"}}
    result = importer(world).run(lines(25, **record))
    assert (len(result.done), result.failed) == (25, {})
    assert world.work.log[0].attributes == {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    assert world.work.log[0].group == "t"
    assert len(sent_bodies(world.work)) == 25


def test_bad_lines_are_reported_by_number_and_the_others_sent(tmp_path: Path) -> None:
    world = World()
    text = [*lines(2), b"\n", b"oops\n", *lines(1)]
    work = importer(world)
    result = work.run(text)
    assert list(result.failed) == [4]
    assert len(sent_bodies(world.work)) == 3
    rest = write_rest(tmp_path / "rest", text, result.done)
    assert rest is not None
    assert rest.read_bytes() == b"oops\n"


def test_what_the_queue_refuses_is_reported_and_what_may_pass_is_tried_again() -> None:
    world = World()
    throttled = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "before" and next(throttled, False):
            raise error(operation, "ThrottlingException")

    work = importer(world)
    world.sqs.hook = hook
    world.sqs.refuse_send = lambda entry: (
        {"Code": "Invalid", "SenderFault": True} if entry["MessageBody"] == "body 4" else None
    )
    result = work.run(lines(12))
    assert list(result.failed) == [5]
    assert len(sent_bodies(world.work)) == 11


def test_a_fifo_import_keeps_the_order_and_stops_a_group_that_failed() -> None:
    world = World(fifo=True)
    text = [
        to_line({"message_id": f"m{n}", "body": f"{n}", "system": {"MessageGroupId": f"g{n % 2}"}}) for n in range(10)
    ]
    world.sqs.refuse_send = lambda entry: (
        {"Code": "Invalid", "SenderFault": True} if entry["MessageBody"] == "4" else None
    )
    result = importer(world).run(text)
    assert [body for body in sent_bodies(world.work) if int(body) % 2] == ["1", "3", "5", "7", "9"]
    assert [body for body in sent_bodies(world.work) if not int(body) % 2] == ["0", "2"]
    assert sorted(result.failed) == [5, 7, 9]


def test_a_purge_deletes_only_what_is_in_the_file(tmp_path: Path) -> None:
    world = World()
    bodies = world.add_dead_letters(30)
    path = tmp_path / "purged.ndjson"
    with create_private(path) as file:
        destination = FileDestination(file, "file")
        world.replay(world.admission(route=lambda _letter: destination))
    assert sorted(json.loads(line)["body"] for line in path.read_bytes().splitlines()) == sorted(bodies)
    assert world.dead.messages == []


def test_a_full_disk_is_found_before_anything_is_received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.add_dead_letters(3)
    path = tmp_path / "out.ndjson"
    fill_the_disk(monkeypatch, after=0)
    client: Any = world.sqs
    for work in (export_to, purge_into):
        with pytest.raises(OSError, match="No space left") as caught:
            work(client, describe(client, world.dead.url), path)
        assert caught.value.filename == str(path)
    assert not path.exists()
    assert not {"ReceiveMessage", "DeleteMessageBatch"} & {*world.sqs.calls}


def test_a_disk_that_becomes_full_during_an_export_leaves_no_half_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.add_dead_letters(3)
    path = tmp_path / "out.ndjson"
    fill_the_disk(monkeypatch, after=2)
    client: Any = world.sqs
    with pytest.raises(OSError, match="No space left") as caught:
        export_to(client, describe(client, world.dead.url), path)
    assert caught.value.filename == str(path)
    assert not path.exists()
    assert len(client.receive_message(world.dead.url, 10, 0)["Messages"]) == 3


def test_a_disk_that_becomes_full_during_a_purge_keeps_every_message_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    bodies = world.add_dead_letters(30)
    path = tmp_path / "out.ndjson"
    with create_private(path) as file:
        destination = FileDestination(file, f"file:{path}")
        fill_the_disk(monkeypatch, after=2)
        with pytest.raises(OSError, match="No space left") as caught:
            world.replay(world.admission(route=lambda _letter: destination))
    assert caught.value.filename == str(path)
    saved = [from_line(line).body for line in path.read_bytes().splitlines()]
    assert len(saved) == 20
    assert sorted({*saved, *world.dead.bodies}) == sorted(bodies)


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
    """Let the disk be full after so many syncs."""
    real, left = os.fsync, itertools.count(after, -1)

    def fsync(file: int) -> None:
        if next(left) <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)


def test_the_rest_is_reserved_beside_the_file_and_over_no_other_one(tmp_path: Path) -> None:
    path = tmp_path / "dead.ndjson"
    names = [reserve_rest(path) for _ in range(3)]
    assert [name.name for name in names] == ["dead.ndjson.rest", "dead.ndjson.rest.2", "dead.ndjson.rest.3"]
    assert write_rest(names[1], [b"a\n", b"b\n"], {1}) == names[1]
    assert names[1].read_bytes() == b"b\n"
    assert names[1].stat().st_mode & 0o777 == 0o600
    assert write_rest(names[0], [b"a\n"], {1}) is None
    assert sorted(tmp_path.iterdir()) == names[1:]
    (tmp_path / "dead.ndjson.rest").symlink_to("nowhere")
    assert reserve_rest(path).name == "dead.ndjson.rest.4"


def test_a_message_for_which_sqs_refuses_the_whole_batch_is_found_and_the_others_sent() -> None:
    world = World()

    real = world.sqs.send_message_batch

    def strict(**request: Any) -> Any:
        if any(entry["MessageBody"] == "body 4" for entry in request["Entries"]):
            raise error("SendMessageBatch", "InvalidMessageContents", "no such character")
        return real(**request)

    world.sqs.send_message_batch = strict  # type: ignore[method-assign, assignment]
    result = importer(world).run(lines(12))
    assert result.failed == {5: "InvalidMessageContents: no such character"}
    assert len(sent_bodies(world.work)) == 11


def test_what_is_not_about_one_message_ends_an_import() -> None:
    world = World()
    world.sqs.hook = refuse
    work = importer(world)
    with pytest.raises(Exception, match="AccessDenied"):
        work.run(lines(3))
    assert (work.result.done, work.result.failed) == (set(), {})


def refuse(operation: str, phase: str) -> None:
    if (operation, phase) == ("SendMessageBatch", "before"):
        raise error(operation, "AccessDenied")


bodies = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.sampled_from(
    ["42924e28", "1e999", "007", '"x"', '{"a":1,"a":2}', "[" * 5000, '{"n":1.10}', "\ufeffx", "a\r\nb", "\x85\u2028"]
)


@given(bodies=st.lists(bodies, max_size=20))
def test_what_is_exported_and_imported_is_the_same_byte_for_byte_or_said_to_be_unsendable(bodies: list[str]) -> None:
    world = World()
    for body in bodies:
        world.sqs.put(world.dead, body)
    client: Any = world.sqs
    exported: list[bytes] = []
    count = export_lines(client, describe(client, world.dead.url), lambda record: exported.append(to_line(record)))
    assert count == len(bodies) == len(world.dead.messages)
    result = importer(world).run(exported)
    unsendable = [body for body in bodies if FORBIDDEN.search(body)]
    assert sorted(sent_bodies(world.work) + unsendable) == sorted(bodies)
    assert len(result.failed) == len(unsendable)


FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""


@pytest.mark.parametrize("fifo", [False, True])
def test_an_import_says_what_may_be_there_twice_whatever_the_second_try_says(fifo: bool) -> None:
    world = World(fifo=fifo)
    lost = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after" and next(lost, False):
            world.sqs.refuse_send = lambda entry: (
                {"Code": "Invalid", "SenderFault": True} if entry["MessageBody"] == "body 1" else None
            )
            raise ReadTimeoutError(endpoint_url="sqs")

    work = importer(world)
    world.sqs.hook = hook
    group = {"system": {"MessageGroupId": "g"}} if fifo else {}
    text = [to_line({"message_id": f"m{number}", "body": f"body {number}", **group}) for number in range(2)]
    result = work.run(text)
    # A second send to a FIFO queue is known by its deduplication id, and the next of the group waits for it.
    assert result.doubtful == (set() if fifo else {1, 2})
    assert (list(result.failed), result.done) == ([2], {1})
