"""Deletes that came when the lease had ended: SQS may say yes and not do them, so only the end of the run tells."""

import pytest

from opscore.dead_letters.engine.engine import ClientEngine
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import read_state
from tests.lib.opscore.dead_letters.fake_sqs import Message
from tests.lib.opscore.dead_letters.replaying import MemoryStorage, World, sent_bodies


class Late:
    """Ten dead letters whose send takes longer than their lease; `taken` by another reader meanwhile, or not."""

    def __init__(self, *, taken: bool) -> None:
        self.world, self.storage = World(), MemoryStorage()
        self.world.add_dead_letters(10)
        self.engine: ClientEngine = self.world.engine(journal=RunJournal(self.storage))
        self.deletes = 0
        self._taken = taken
        self.world.sqs.hook = self.hook

    def hook(self, operation: str, phase: str) -> None:
        sqs, dead = self.world.sqs, self.world.dead
        if operation == "SendMessageBatch" and phase == "after" and not self.deletes:
            self.world.clock.sleep(130)
            if self._taken:
                sqs.receive_message(dead.url, 10, VisibilityTimeout=5)
        if operation == "DeleteMessageBatch" and phase == "after":
            self.deletes += 1
            self.after_delete()

    def after_delete(self) -> None:
        """Do what a test wants."""

    @property
    def open(self) -> int:
        """How many messages arrived and are not known to be deleted, as the journal has it."""
        return read_state(self.storage.written.splitlines()).open


def test_late_deletes_that_were_done_are_counted_at_the_end_of_the_run() -> None:
    late = Late(taken=False)
    tally = late.engine.run()
    assert (tally.moved, tally.undeleted, late.deletes) == (10, 0, 1)
    assert late.world.dead.messages == []
    assert late.engine._schedule.attempts.arrived.deleted == 10
    assert late.open == 0


def test_late_deletes_that_were_not_done_are_done_again() -> None:
    late = Late(taken=True)
    assert late.engine.run().moved == 10
    assert late.deletes == 2
    assert late.world.dead.messages == []
    assert len(sent_bodies(late.world.work)) == 10
    assert late.open == 0


def test_a_run_that_is_interrupted_does_not_know_whether_late_deletes_were_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = Late(taken=True)
    monkeypatch.setattr(late, "after_delete", late.engine.interrupt)
    assert late.engine.run().interrupted
    assert len(late.world.dead.messages) == late.open == 10


def test_what_came_back_after_a_late_delete_and_could_not_be_deleted_is_known_to_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = Late(taken=True)

    def refused(_message: Message) -> bool:
        return True

    monkeypatch.setattr(late, "after_delete", lambda: setattr(late.world.sqs, "refuse_delete", refused))
    assert late.engine.run().undeleted == 10
    assert len(late.world.dead.messages) == late.open == 10
