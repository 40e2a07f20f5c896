"""What fails is tried again soon, then ever later, whichever call it is; and what works again goes at full speed."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from opscore.dead_letters.engine.calls import Call, Delete, Look, Receive, Release, Renew, Send
from opscore.dead_letters.engine.engine import ClientEngine
from opscore.dead_letters.engine.pace import Backoff, PoolSize
from opscore.dead_letters.engine.schedule import Limits, Schedule
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import World

SECONDS = 40
"""For how long calls fail. Waits of 0.2, 0.4, 0.8 s and so on have room for so many tries and the first one:"""
TRIES = 9


class NoJitter(random.Random):
    """Chance that always makes the longest wait of it."""

    def random(self) -> float:
        return 1.0


def moving(world: World) -> ClientEngine:
    return world.engine()


def renewing(world: World) -> ClientEngine:
    """Return a run that leaves most and is so slow with the rest that it must renew its leases of several batches."""
    last = world.admission(selected=lambda letter: int(letter.body.split()[1]) >= 70)
    return world.engine(last, limits=Limits(rate=0.2))


def giving_back(world: World) -> ClientEngine:
    """Return a run that leaves everything, and so must show it to others again."""
    return world.engine(world.admission(selected=lambda _letter: False))


KINDS: list[tuple[type[Any], str, Callable[[World], ClientEngine], Callable[[Schedule], Backoff]]] = [
    (Receive, "ReceiveMessage", moving, lambda schedule: schedule.receiving.backoff),
    (Look, "GetQueueAttributes", moving, lambda schedule: schedule.receiving.backoff),
    (Send, "SendMessageBatch", moving, lambda schedule: schedule.dispatch.backoff),
    (Delete, "DeleteMessageBatch", moving, lambda schedule: schedule.deleting.backoff),
    (Renew, "ChangeMessageVisibilityBatch", renewing, lambda schedule: schedule._renewals),
    (Release, "ChangeMessageVisibilityBatch", giving_back, lambda schedule: schedule._releases),
]


@pytest.mark.parametrize(("kind", "operation", "prepared", "backoff"), KINDS, ids=[kind[0].__name__ for kind in KINDS])
@pytest.mark.parametrize("code", ["ThrottlingException", "InternalError"])
def test_every_kind_of_call_that_fails_is_made_ever_more_seldom(
    kind: type[Call],
    operation: str,
    prepared: Callable[[World], ClientEngine],
    backoff: Callable[[Schedule], Backoff],
    code: str,
) -> None:
    world = World()
    world.chance = NoJitter()
    world.add_dead_letters(100)
    engine = prepared(world)
    failures: list[float] = []
    left: set[int] = set()
    made = engine._dispatch

    def watched(call: Call) -> None:
        if isinstance(call, kind) and (not failures or world.clock.now < failures[0] + SECONDS):
            failures.append(world.clock.now)
            if len(failures) > 10 * TRIES:
                raise LookupError(f"{kind.__name__} is made again and again")
            raise error(operation, code)
        made(call)
        if failures and isinstance(call, kind):
            left.add(backoff(engine._schedule).failures)

    engine._dispatch = watched  # type: ignore[method-assign]
    engine.run()
    assert 2 <= len(failures) <= TRIES
    assert left == {0}
    assert all(message.visible_at <= world.clock.now for message in world.dead.messages)


def test_threads_above_the_size_of_the_pool_make_no_calls() -> None:
    world = World()
    world.add_dead_letters(300)
    engine = world.engine(threads=4)
    made, under_way, most = engine._dispatch, 0, 0
    all_there = threading.Barrier(4, timeout=5)
    first = threading.local()

    def watched(call: Call) -> None:
        nonlocal under_way, most
        if not hasattr(first, "call"):
            first.call = call
            all_there.wait()
            engine._pool_size = PoolSize(1, 1, world.clock.now)
            return made(call)
        with engine._changed:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.001)  # lets the other threads come that may
        try:
            return made(call)
        finally:
            with engine._changed:
                under_way -= 1

    engine._dispatch = watched  # type: ignore[method-assign]
    assert engine.run().moved == 300
    assert most == 1
