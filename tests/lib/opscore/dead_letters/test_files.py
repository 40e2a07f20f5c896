import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.files import FileDestination, Import, create_private, write_rest
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import from_line, to_line, to_record
from opscore.dead_letters.sending.destinations import SqsDestination
from opscore.errors import OpsError
from tests.lib.opscore.dead_letters.fake_sqs import Queue, error
from tests.lib.opscore.dead_letters.replaying import World, sent_bodies

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.one_of(
    st.builds(lambda text: {"DataType": "String.x", "StringValue": text}, texts),
    st.builds(lambda data: {"DataType": "Binary", "BinaryValue": data}, st.binary()),
)


@given(
    body=texts, attributes=st.dictionaries(texts, values, max_size=4), system=st.dictionaries(texts, texts, max_size=3)
)
def test_a_message_comes_back_from_its_line_exactly(body: str, attributes: Any, system: Any) -> None:
    letter = DeadLetter("m1", "", body, attributes, system)
    line = to_line(to_record(letter))
    assert line.count(b"\n") == 1
    assert from_line(line) == letter


@pytest.mark.parametrize("line", [b"7", b"{}", b'{"message_id": "m", "body": 7}', b"not JSON", b'{"message_id": 1}'])
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        from_line(line)


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
