from pathlib import Path
from typing import Any

from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import read_state
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.message import REPLAY_ATTRIBUTE
from opscore.dead_letters.replay.journals import Journals
from opscore.dead_letters.replay.runs import Runs
from opscore.dead_letters.replay.undo import Replayed, Undone, UndoPlan, undo
from tests.lib.opscore.dead_letters.replaying import MemoryStorage, World


def replayed_world(tmp_path: Path, count: int = 20) -> tuple[World, Replayed]:
    world, storage = World(), MemoryStorage()
    world.add_dead_letters(count)
    world.replay(journal=RunJournal(storage))
    path = tmp_path / "run.ndjson"
    path.write_bytes(storage.durable)
    return world, Replayed(path, read_state(storage.durable.splitlines()))


def take_back(world: World, replayed: Replayed, tmp_path: Path, *, copies: bool = False) -> Undone:
    client: Any = world.sqs
    pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep)
    work = describe(client, world.work.url)
    plan = UndoPlan("run", describe(client, world.dead.url), [work], replayed)
    return undo(client, Journals(Runs(tmp_path), None, "test"), plan, copies=copies, pace=pace)


def test_what_still_waits_is_moved_back_and_its_replay_is_not_counted(tmp_path: Path) -> None:
    world, replayed = replayed_world(tmp_path)
    undone = take_back(world, replayed, tmp_path)
    assert (undone.replayed, undone.moved_back, undone.taken) == (20, 20, 0)
    assert len(world.dead.messages) == 20
    assert world.work.messages == []
    assert world.dead.messages[0].attributes[REPLAY_ATTRIBUTE]["StringValue"] == "undo:0"


def test_messages_of_others_stay_where_they_are(tmp_path: Path) -> None:
    world, replayed = replayed_world(tmp_path)
    world.sqs.put(world.work, "somebody else's")
    take_back(world, replayed, tmp_path)
    assert world.work.bodies == ["somebody else's"]
    assert world.work.messages[0].visible_at <= world.clock.now


def test_what_the_consumer_took_is_unknown_and_what_failed_again_is_back_already(tmp_path: Path) -> None:
    world, replayed = replayed_world(tmp_path)
    for message in world.work.messages[:5]:
        world.sqs.move_to_dead_letters(world.work, message, world.dead)
    del world.work.messages[:7]
    undone = take_back(world, replayed, tmp_path)
    assert undone == Undone(replayed=20, moved_back=8, back_already=5, taken=7)
    assert len(world.dead.messages) == 13


def test_copies_bring_back_what_is_unknown_and_nothing_else(tmp_path: Path) -> None:
    world, replayed = replayed_world(tmp_path)
    taken = [message.body for message in world.work.messages[:7]]
    del world.work.messages[:7]
    undone = take_back(world, replayed, tmp_path, copies=True)
    assert (undone.moved_back, undone.taken, undone.copied) == (13, 7, 7)
    assert len(world.dead.messages) == 20
    assert {message.body for message in world.dead.log} >= set(taken)
