"""For every schedule of faults and for a kill at every step: none lost, few doubled, order kept."""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import RunState, read_state
from opscore.dead_letters.engine.schedule import Limits
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import Killed, MemoryStorage, World, duplicates, lost, sent_bodies

MESSAGES = 24


class KillAt:
    """Kills the process after so many steps; from then on nothing it tries has any effect."""

    def __init__(self, kill_at: int | None = None) -> None:
        self.steps = 0
        self.kill_at = kill_at

    def __call__(self, _operation: str, _phase: str) -> None:
        self.steps += 1
        if self.kill_at is not None and self.steps > self.kill_at:
            raise Killed


def run_until_killed(world: World, kill: Any, threads: int = 1, limits: Limits | None = None) -> Attempts:
    storage = MemoryStorage(kill)
    world.storage = storage
    engine = world.engine(threads=threads, journal=RunJournal(storage), limits=limits)
    world.sqs.hook = kill
    try:
        engine.run()
    except Killed:
        pass
    finally:
        world.sqs.hook = lambda _operation, _phase: None
    return engine._schedule.attempts


def resume(world: World, limits: Limits | None = None) -> RunState:
    state = read_state(world.storage.durable.splitlines())
    world.clock.sleep(1)
    world.replay(limits=limits or Limits(ordered=world.dead.fifo), resumed=True, attempts=state.attempts)
    return state


def is_ordered(world: World) -> bool:
    """Say whether every group arrived in order; a message may stand twice in a row."""
    by_group: dict[str | None, list[int]] = {}
    for message in world.work.log:
        by_group.setdefault(message.group, []).append(int(message.body.split()[1]))
    return all(numbers == sorted(numbers) for numbers in by_group.values())


def said_so(attempts: Attempts, world: World) -> bool:
    """Say whether every message that is at its destination twice is among those that may be."""
    counts = Counter(sent_bodies(world.work))
    names = {int(name.removeprefix("m")) - 1 for name in attempts.doubtful | attempts.in_doubt}
    return {body for body, count in counts.items() if count > 1} <= {f"body {number}" for number in names}


def steps_of_a_whole_run(fifo: bool) -> int:
    world, kill = World(fifo=fifo), KillAt()
    world.add_dead_letters(MESSAGES)
    run_until_killed(world, kill)
    return kill.steps


@pytest.mark.parametrize("fifo", [False, True])
def test_a_kill_at_any_step_and_a_resume_lose_nothing(fifo: bool) -> None:
    steps = steps_of_a_whole_run(fifo)
    assert steps > 30
    for kill_at in range(steps):
        world = World(fifo=fifo)
        bodies = world.add_dead_letters(MESSAGES)
        run_until_killed(world, KillAt(kill_at))
        attempts = resume(world).attempts
        assert said_so(attempts, world), kill_at
        doubt = attempts.doubtful
        assert not lost(bodies, world), kill_at
        assert world.dead.messages == [], kill_at
        assert duplicates(world.work) <= len(doubt) <= 10, kill_at
        assert not fifo or (is_ordered(world) and not duplicates(world.work)), kill_at


def test_a_kill_of_a_bounded_run_and_a_resume_move_exactly_so_many() -> None:
    for kill_at in range(40):
        world, limits = World(), Limits(maximum=13)
        bodies = world.add_dead_letters(MESSAGES)
        run_until_killed(world, KillAt(kill_at), limits=limits)
        resume(world, limits)
        assert not lost(bodies, world), kill_at
        assert len(set(sent_bodies(world.work))) == 13, kill_at
        assert len(world.dead.messages) == MESSAGES - 13, kill_at


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_in_the_middle_of_many_threads_and_a_resume_lose_nothing(seed: int) -> None:
    threads = 5
    world = World(seed=seed)
    bodies = world.add_dead_letters(120)
    run_until_killed(world, KillAt(20 + 23 * seed), threads)
    resume(world)
    assert not lost(bodies, world)
    assert world.dead.messages == []
    assert duplicates(world.work) <= 10 * threads


@dataclass
class Faults:
    """How likely each kind of fault is; hypothesis shrinks these to the one that matters."""

    seed: int
    throttled: float
    unanswered: float
    refused: float
    refused_for_good: float
    undeletable: float
    redelivered: float
    slow: float
    short_receives: bool
    kill_at: int | None

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.unanswered_sends = 0
        self.steps = 0

    def apply_to(self, world: World) -> None:
        sqs = world.sqs
        codes = ({"Code": "InternalError", "SenderFault": False}, {"Code": "Invalid", "SenderFault": True})
        sqs.refuse_send = lambda _entry: (
            codes[0] if self._happens(self.refused) else codes[1] if self._happens(self.refused_for_good) else None
        )
        sqs.refuse_delete = lambda _message: self._happens(self.undeletable)
        sqs.redeliver = lambda: self._happens(self.redelivered)
        sqs.deliver = lambda available: self.chance.randint(1, max(1, available)) if self.short_receives else available
        self._world = world

    def hook(self, operation: str, phase: str) -> None:
        self.steps += 1
        if self.kill_at is not None and self.steps > self.kill_at:
            raise Killed
        if operation == "GetQueueAttributes" or operation.startswith("journal"):
            return
        if phase == "before" and self._happens(self.throttled):
            raise error(operation, "ThrottlingException")
        if phase == "after" and self._happens(self.slow):
            self._world.clock.sleep(self.chance.choice([20, 70, 130]))
        if phase == "after" and self._happens(self.unanswered):
            self.unanswered_sends += operation == "SendMessageBatch"
            raise ReadTimeoutError(endpoint_url="https://sqs")

    def _happens(self, likelihood: float) -> bool:
        return self.chance.random() < likelihood


rare = st.sampled_from([0.0, 0.05, 0.2])
all_faults = st.builds(
    Faults,
    seed=st.integers(0, 10**6),
    throttled=rare,
    unanswered=rare,
    refused=rare,
    refused_for_good=st.sampled_from([0.0, 0.05]),
    undeletable=rare,
    redelivered=rare,
    slow=rare,
    short_receives=st.booleans(),
    kill_at=st.none() | st.integers(0, 200),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=all_faults, fifo=st.booleans())
def test_no_mixture_of_faults_loses_a_message(faults: Faults, fifo: bool) -> None:
    world = World(fifo=fifo, seed=faults.seed)
    bodies = world.add_dead_letters(40)
    faults.apply_to(world)
    try:
        attempts = run_until_killed(world, faults.hook)
        assert said_so(attempts, world)
    except (ReadTimeoutError, ClientError) as failed:  # A run may give up; it must not lose anything.
        assert "ReadTimeout" in repr(failed) or "Throttling" in repr(failed)
    assert not lost(bodies, world)
    sent_once = 10 * (faults.unanswered_sends + 1)
    assert duplicates(world.work) <= sent_once
    assert not fifo or is_ordered(world)
    assert said_so(resume(world).attempts, world)
    assert not lost(bodies, world)
    assert duplicates(world.work) <= sent_once + 10
    assert not fifo or is_ordered(world)


# The harness can fail: it sees what simpler loops lose.


def serial_loop(world: World) -> None:
    """Receive, send, delete what was received: the loop that everybody writes first."""
    sqs, source, target = world.sqs, world.dead.url, world.work.url
    while messages := sqs.receive_message(source, 10, VisibilityTimeout=30)["Messages"]:
        entries = [{"Id": str(n), "MessageBody": message["Body"]} for n, message in enumerate(messages)]
        sqs.send_message_batch(target, entries)
        handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        sqs.delete_message_batch(source, handles)


def move_and_ignore_failures(world: World) -> None:
    """Delete first what was received, then send, and take any answer for a success."""
    sqs, source, target = world.sqs, world.dead.url, world.work.url
    while messages := sqs.receive_message(source, 10, VisibilityTimeout=30)["Messages"]:
        handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        sqs.delete_message_batch(source, handles)
        sqs.send_message_batch(target, [{"Id": str(n), "MessageBody": m["Body"]} for n, m in enumerate(messages)])


def patient_loop(world: World, send: Callable[[list[dict[str, Any]]], None]) -> Attempts:
    """Do as the serial loop does, with another way to send that says nothing of doubts."""
    sqs, source = world.sqs, world.dead.url
    while messages := sqs.receive_message(source, 10, VisibilityTimeout=30)["Messages"]:
        send([{"Id": str(n), "MessageBody": message["Body"]} for n, message in enumerate(messages)])
        handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        sqs.delete_message_batch(source, handles)
    return Attempts()


@pytest.mark.parametrize("phase", ["before", "after"])
def test_the_harness_sees_blind_retries_send_twice_and_a_forgotten_error_lose(phase: str) -> None:
    def loses_every_answer_once(world: World) -> World:
        lost_answers = iter([False, True] * 100)

        def hook(operation: str, at: str) -> None:
            if operation == "SendMessageBatch" and at == phase and next(lost_answers):
                raise ReadTimeoutError(endpoint_url="https://sqs")

        world.sqs.hook = hook
        return world

    def retry_blindly(entries: list[dict[str, Any]]) -> None:
        try:
            retried.sqs.send_message_batch(retried.work.url, entries)
        except ReadTimeoutError:
            retry_blindly(entries)

    def forget(entries: list[dict[str, Any]]) -> None:
        with suppress(ReadTimeoutError):
            forgetful.sqs.send_message_batch(forgetful.work.url, entries)

    retried, forgetful = loses_every_answer_once(World()), loses_every_answer_once(World())
    retried.add_dead_letters(MESSAGES)
    bodies = forgetful.add_dead_letters(MESSAGES)
    assert said_so(patient_loop(retried, retry_blindly), retried) is (phase == "before")
    patient_loop(forgetful, forget)
    assert bool(lost(bodies, forgetful)) is (phase == "before")


def test_the_harness_sees_an_engine_that_forgets_a_lost_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Attempts, "_doubt", lambda _attempts, _message_id: None)
    world = World()
    world.add_dead_letters(MESSAGES)
    cut = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after" and next(cut, False):
            raise ReadTimeoutError(endpoint_url="https://sqs")

    assert not said_so(run_until_killed(world, hook), world)


def test_the_harness_sees_a_serial_loop_lose_what_the_target_refused() -> None:
    world = World()
    bodies = world.add_dead_letters(MESSAGES)
    world.sqs.refuse_send = lambda entry: (
        {"Code": "InternalError", "SenderFault": False} if entry["MessageBody"].endswith("3") else None
    )
    serial_loop(world)
    assert lost(bodies, world) == {"body 3", "body 13", "body 23"}


def test_the_harness_sees_a_kill_lose_what_was_deleted_before_it_was_sent() -> None:
    lossy_steps = 0
    for kill_at in range(20):
        world = World()
        bodies = world.add_dead_letters(MESSAGES)
        world.sqs.hook = KillAt(kill_at)
        with pytest.raises(Killed):
            move_and_ignore_failures(world)
        lossy_steps += bool(lost(bodies, world))
    assert lossy_steps > 0


def test_the_harness_sees_a_resume_without_a_journal_send_twice() -> None:
    world = World()
    world.add_dead_letters(MESSAGES)

    def kill_after_the_first_send(operation: str, _phase: str) -> None:
        if operation == "DeleteMessageBatch":
            raise Killed

    run_until_killed(world, kill_after_the_first_send)
    world.clock.sleep(130)
    world.replay()
    assert duplicates(world.work) == len(set(sent_bodies(world.work)) & {f"body {n}" for n in range(10)})
