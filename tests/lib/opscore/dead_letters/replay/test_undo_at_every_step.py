"""An undo that is interrupted or killed at any call, and repeated: nothing is lost, or doubled in silence."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import read_state
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.replay.undo import Replayed, Undo, Undone, UndoPlan
from tests.lib.opscore.dead_letters.fake_sqs import Message
from tests.lib.opscore.dead_letters.replaying import Killed, MemoryStorage, World

COUNT = 14


def replayed_of(path: Path) -> Replayed:
    return Replayed(path, read_state(path.read_bytes().splitlines()))


class Scene:
    """A replayed world in which some messages failed again, some were taken, and strangers wait among the others."""

    def __init__(self, folder: Path, *, fifo: bool, bounced: int, taken: int, strangers: int) -> None:
        self.world = World(fifo=fifo)
        self.bodies = self.world.add_dead_letters(COUNT)
        journal = MemoryStorage()
        self.world.replay(journal=RunJournal(journal))
        self.path = folder / "run.ndjson"
        self.path.write_bytes(journal.durable)
        work, dead, sqs = self.world.work, self.world.dead, self.world.sqs
        for message in work.messages[:bounced]:
            sqs.move_to_dead_letters(work, message, dead)
        self.taken = {message.body for message in work.messages[:taken]}
        del work.messages[:taken]
        for number in range(strangers):
            group = "g0" if fifo else None
            sqs.put(work, f"stranger {number}", group=group)
        for number in range(strangers):  # they stand before the run's messages
            work.messages.insert(number, work.messages.pop())

    def take_back(self, *, copies: bool, stop_at: int = 0, stop: type[BaseException] = Killed) -> Undone | None:
        """Undo; at the call number `stop_at` the process is killed or interrupted. None when it ended by that."""
        calls = 0

        def hook(_operation: str, _phase: str) -> None:
            nonlocal calls
            calls += 1
            if calls == stop_at:
                raise stop

        world = self.world
        client: Any = world.sqs
        work = describe(client, world.work.url)
        plan = UndoPlan("run", describe(client, world.dead.url), [work], replayed_of(self.path))
        armed = False
        storage = MemoryStorage(lambda operation, phase: hook(operation, phase) if armed else None)
        undo = Undo(client, plan, RunJournal(storage), Pace(1, 1, clock=world.clock, sleep=world.clock.sleep))
        armed, world.sqs.hook = True, hook
        try:
            return undo.run(copies=copies)
        except Killed:
            return None
        finally:
            world.sqs.hook = lambda _operation, _phase: None
            self.path.write_bytes(self.path.read_bytes() + storage.durable)
            world.clock.sleep(3600)  # what a dead process held is visible again

    def back(self) -> Counter[str]:
        """The run's messages in the dead-letter queue, by their bodies."""
        return Counter(message.body for message in self.world.dead.messages if message.body in self.bodies)

    def waiting(self) -> set[str]:
        return {message.body for message in self.world.work.messages}


def adds_up(undone: Undone) -> bool:
    fates = (undone.back_before, undone.moved_back, undone.waiting, undone.back_already, undone.taken, undone.not_found)
    return sum(fates) == undone.replayed == COUNT and min(fates) >= 0 and undone.copied <= undone.taken


SCENES = {
    "fifo": st.booleans(),
    "bounced": st.integers(0, 6),
    "taken": st.integers(0, 6),
    "strangers": st.integers(0, 2),
}
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@QUICK
@given(stop_at=st.integers(1, 90), stop=st.sampled_from([Killed, KeyboardInterrupt]), copies=st.booleans(), **SCENES)
def test_nothing_is_lost_or_doubled_in_silence(
    tmp_path: Path, stop_at: int, stop: type[BaseException], copies: bool, **scene: Any
) -> None:
    here = Scene(tmp_path, **scene)
    first = here.take_back(copies=copies, stop_at=stop_at, stop=stop)
    last = here.take_back(copies=copies)
    assert last is not None
    told = last.possibly_twice + (first.possibly_twice if first else 0)
    doubled = sum(count - 1 for count in here.back().values())
    assert doubled <= told
    assert {*here.bodies} <= {*here.back()} | here.waiting() | here.taken
    for undone in (first, last):
        assert undone is None or adds_up(undone)
    if not scene["strangers"]:
        assert here.taken.isdisjoint(here.back()) or copies
        assert not last.waiting


@QUICK
@given(**SCENES)
def test_an_undo_with_copies_after_one_without_copies_only_what_was_taken(tmp_path: Path, **scene: Any) -> None:
    here = Scene(tmp_path, **scene)
    here.take_back(copies=False)
    after = here.take_back(copies=True)
    again = here.take_back(copies=True)
    assert after is not None
    assert again is not None
    assert max(here.back().values(), default=1) == 1
    assert after.copied in (0, after.taken)
    assert again.copied == 0
    if after.copied:
        assert again.back_before + again.back_already == COUNT


def test_thirty_of_one_group_that_came_back_are_not_copied_as_only_ten_can_be_seen(tmp_path: Path) -> None:
    world, storage = World(fifo=True), MemoryStorage()
    world.add_dead_letters(30, groups=1)
    world.replay(journal=RunJournal(storage))
    path = tmp_path / "run.ndjson"
    path.write_bytes(storage.durable)
    for message in list(world.work.messages):
        world.sqs.move_to_dead_letters(world.work, message, world.dead)
    client: Any = world.sqs
    work = describe(client, world.work.url)
    plan = UndoPlan("run", describe(client, world.dead.url), [work], replayed_of(path))
    pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep)
    undone = Undo(client, plan, RunJournal(MemoryStorage()), pace).run(copies=True)
    assert (undone.back_already, undone.not_found, undone.copied) == (10, 20, 0)
    assert "20 messages of work-dead-letter.fifo not seen" in undone.why[0]
    assert len(world.dead.messages) == 30


@pytest.mark.parametrize("fifo", [False, True])
def test_a_message_hidden_by_its_consumer_is_not_taken_for_gone(tmp_path: Path, fifo: bool) -> None:
    here = Scene(tmp_path, fifo=fifo, bounced=0, taken=3, strangers=0)
    held: Message = here.world.work.messages[0]
    held.visible_at = here.world.clock.now + 40_000
    undone = here.take_back(copies=True)
    assert undone is not None
    assert undone.copied == 0
    assert undone.not_found == 4 if not fifo else undone.not_found >= 4
    assert "hidden by another reader" in undone.why[0]
