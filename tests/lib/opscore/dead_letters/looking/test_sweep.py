from collections import Counter
from typing import Any

import pytest

from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.looking.sweep import Sweep
from opscore.dead_letters.message import DeadLetter
from tests.lib.opscore.dead_letters.replaying import World


def facts(world: World) -> tuple[Any, Any]:
    client: Any = world.sqs
    return client, describe(client, world.dead.url)


def everything_is_visible(world: World) -> bool:
    return all(message.visible_at <= world.clock.now for message in world.dead.messages)


@pytest.mark.parametrize("threads", [1, 4])
def test_every_message_is_visited_once_and_given_back(threads: int) -> None:
    world = World()
    bodies = world.add_dead_letters(137)
    seen: Counter[str] = Counter()

    def visit(letter: DeadLetter) -> None:
        seen[letter.body] += 1

    assert Sweep(*facts(world), visit, threads=threads).run() == 137
    assert seen == Counter(bodies)
    assert everything_is_visible(world)


def test_a_message_that_is_delivered_twice_is_visited_once_and_given_back_all_the_same() -> None:
    world = World()
    world.add_dead_letters(40)
    again = iter([False, True] * 50)
    world.sqs.redeliver = lambda: next(again, False)
    seen: list[str] = []
    Sweep(*facts(world), lambda letter: seen.append(letter.body), threads=1).run()
    assert len(seen) == len(set(seen)) == 40
    assert everything_is_visible(world)


def test_an_interrupt_gives_everything_back() -> None:
    world = World()
    world.add_dead_letters(40)

    def visit(letter: DeadLetter) -> None:
        if letter.body == "body 25":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Sweep(*facts(world), visit, threads=1).run()
    assert everything_is_visible(world)


def test_the_maximum_is_kept() -> None:
    world = World()
    world.add_dead_letters(40)
    assert Sweep(*facts(world), lambda _letter: None, maximum=15, threads=1).run() == 15
    assert everything_is_visible(world)


def test_a_large_queue_is_hidden_for_as_long_as_its_reading_may_take() -> None:
    world = World()
    world.add_dead_letters(2000)
    hidden: list[float] = []
    Sweep(
        *facts(world),
        lambda letter: hidden.append(world.dead.messages[0].visible_at - world.clock.now),
        threads=1,
    ).run()
    assert max(hidden) > 120


def test_a_peek_is_bounded_and_gives_back_what_it_took() -> None:
    world = World()
    world.add_dead_letters(50)
    assert len(peek(*facts(world), limit=23)) == 23
    assert everything_is_visible(world)


def test_an_interrupted_peek_gives_back_what_it_took() -> None:
    world = World()
    world.add_dead_letters(50)
    arguments = facts(world)

    def hook(operation: str, phase: str) -> None:
        if operation == "ReceiveMessage" and phase == "before" and world.sqs.calls.count(operation) == 3:
            raise KeyboardInterrupt

    world.sqs.hook = hook
    with pytest.raises(KeyboardInterrupt):
        peek(*arguments, limit=50)
    assert everything_is_visible(world)


def test_a_peek_at_a_few_messages_does_not_wait_for_more() -> None:
    world = World()
    world.add_dead_letters(3)
    assert len(peek(*facts(world), limit=10)) == 3
    assert world.sqs.calls.count("ReceiveMessage") == 1
