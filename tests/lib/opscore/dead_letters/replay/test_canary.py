import json
from typing import Any

import pytest

from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.causes.groups import classify
from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.replay.canaries import Canaries, Canary, by_group
from opscore.dead_letters.replay.canary import CanaryResult, CanaryRun, Observation, judge, steps
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.run import ClientRun
from opscore.logs.log_events import LogEvent
from tests.lib.opscore.dead_letters.replaying import World

CANARIES = [Canary(f"n{number}", "g1" if number % 2 else "g2") for number in range(10)]


@pytest.mark.parametrize(
    ("failed", "backlog", "seconds", "do"),
    [
        (0, 4, 10.0, "wait"),
        (0, 0, 1.0, "wait"),
        (0, 0, 6.0, "go on"),
        (2, 0, 6.0, "go on"),
        (3, 0, 6.0, "stop"),
        (3, 9, 0.0, "stop"),
        (0, 4, 200.0, "stop"),
        (0, -3, 6.0, "go on"),
    ],
)
def test_the_verdict(failed: int, backlog: int, seconds: float, do: str) -> None:
    errors = {canary.new_id: "Boom" for canary in CANARIES[:failed]}
    assert judge(Observation(CANARIES, errors, backlog, seconds)).do == do


def test_each_group_has_its_own_verdict_and_the_worst_comes_first() -> None:
    groups = by_group(CANARIES, {canary.new_id: "Boom" for canary in CANARIES if canary.group == "g2"})
    assert [(group.group, group.verdict) for group in groups] == [("g2", "not mended"), ("g1", "mended")]


@pytest.mark.parametrize(
    ("first", "maximum", "expected"),
    [(5, None, [5, 25, 105, 425, None]), (5, 30, [5, 25, 30]), (5, 5, [5]), (9, 3, [3])],
)
def test_steps_grow_until_there_is_nothing_more_to_learn(first: int, maximum: int | None, expected: list[Any]) -> None:
    assert list(steps(first, maximum)) == expected


def run(world: World, consumer: Any, first: int = 5) -> CanaryResult:
    """Run the loop beside a consumer, which works whenever the loop sleeps and writes the log."""
    client: Any = world.sqs
    canaries = Canaries(lambda letter: classify(letter, CauseIndex()).id, lambda _fact: None)
    work = describe(client, world.work.url)
    lines: list[LogEvent] = []
    dead = describe(client, world.dead.url)
    pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep)
    process = ClientRun(
        client,
        dead,
        ReplayRequest("work"),
        world.admission(),
        RunJournal(world.storage),
        pace=pace,
        on_arrival=canaries.on_arrival,
    )

    def sleep(seconds: float) -> None:
        consumer(world, lines)
        world.clock.sleep(seconds)

    loop = CanaryRun(
        client, dead, [work], process, canaries, lambda _since: CauseIndex.of(lines), clock=world.clock, sleep=sleep
    )
    return loop.work(first, None)


def healthy(world: World, _lines: list[LogEvent]) -> None:
    world.work.messages.clear()


def rejecting_numbers(world: World, lines: list[LogEvent]) -> None:
    """Take everything; fail, in the log, on what has a number for a body."""
    for message in world.work.messages:
        if message.body.isdigit():
            line = json.dumps({"level": "ERROR", "message_id": message.id, "error": "still broken"})
            lines.append(LogEvent("e", 0, "s", line))
    world.work.messages.clear()


def bouncing(world: World, _lines: list[LogEvent]) -> None:
    for message in list(world.work.messages):
        world.sqs.move_to_dead_letters(world.work, message, world.dead)


def test_canaries_that_are_well_are_followed_by_all_the_others() -> None:
    world = World()
    world.add_dead_letters(200)
    found = run(world, healthy)
    assert found.tally.moved == 200
    assert found.verdict is not None
    assert found.verdict.do == "go on"
    assert {group.verdict for group in found.groups} == {"mended"}


def test_errors_in_the_consumer_s_log_stop_the_replay_after_the_canaries() -> None:
    world = World()
    for number in range(50):
        world.sqs.put(world.dead, str(number) if number % 2 else '{"a": 1}', origin=world.work.arn)
    found = run(world, rejecting_numbers, first=10)
    assert found.tally.moved == 10
    assert found.verdict is not None
    assert found.verdict.do == "stop"
    assert "still broken" in found.verdict.why
    assert sorted(group.verdict for group in found.groups) == ["mended", "not mended"]
    assert len(world.dead.messages) == 40


def test_messages_that_come_back_stop_the_replay() -> None:
    world = World()
    world.add_dead_letters(50)
    found = run(world, bouncing)
    assert found.tally.moved == 5
    assert found.verdict is not None
    assert "came back" in found.verdict.why
    assert len(world.dead.messages) == 50


def test_a_consumer_that_does_not_run_stops_the_replay() -> None:
    world = World()
    world.add_dead_letters(50)
    found = run(world, lambda _world, _lines: None)
    assert found.tally.moved == 5
    assert found.verdict is not None
    assert "does the consumer run" in found.verdict.why


def resending(world: World, _lines: list[LogEvent]) -> None:
    """Fail on all, and put among the dead letters what a consumer that knows bodies only puts there."""
    for message in list(world.work.messages):
        world.work.messages.remove(message)
        world.sqs.put(world.dead, message.body, age=0)


@pytest.mark.parametrize("consumer", [bouncing, resending])
@pytest.mark.parametrize("others", [95, 450])
def test_what_comes_back_behind_many_others_stops_the_replay(consumer: Any, others: int) -> None:
    world = World()
    world.add_dead_letters(others + 5)
    found = run(world, consumer)
    assert (found.tally.moved, len(world.dead.messages)) == (5, others + 5)
    assert found.verdict is not None
    assert found.verdict.why == "5 of 5 failed again, one of them with: it came back to the dead-letter queue"
    assert [(group.replayed, group.failed, group.verdict) for group in found.groups] == [(5, 5, "not mended")]


def test_what_the_queue_s_count_does_not_show_yet_is_found_before_more_is_sent() -> None:
    world = World()
    world.add_dead_letters(300)
    real = world.sqs.get_queue_attributes

    def late(QueueUrl: str, **more: Any) -> dict[str, Any]:  # noqa: N803
        answer = real(QueueUrl=QueueUrl, **more)
        if QueueUrl == world.dead.url:
            answer["Attributes"]["ApproximateNumberOfMessages"] = str(295)
        return answer

    world.sqs.get_queue_attributes = late  # type: ignore[method-assign]
    found = run(world, resending)
    assert found.tally.moved == 5
    assert found.verdict is not None
    assert found.verdict.why.startswith("5 of 5 failed again")


def test_letters_that_hold_the_same_as_a_canary_and_were_there_before_are_no_returns() -> None:
    world = World()
    for _ in range(300):
        world.sqs.put(world.dead, "tick", origin=world.work.arn)
    found = run(world, healthy)
    assert found.tally.moved == 300
    assert {group.verdict for group in found.groups} == {"mended"}


def test_one_of_two_groups_that_comes_back_is_told_with_its_numbers() -> None:
    world = World()
    for number in range(60):
        world.sqs.put(world.dead, str(number) if number % 2 else f'{{"a": {number}}}', origin=world.work.arn)

    def half(world: World, _lines: list[LogEvent]) -> None:
        for message in list(world.work.messages):
            world.work.messages.remove(message)
            if message.body.isdigit():
                world.sqs.put(world.dead, message.body, age=0)

    found = run(world, half, first=10)
    assert found.tally.moved == 10
    assert [(group.replayed, group.failed, group.verdict) for group in found.groups] == [
        (5, 5, "not mended"),
        (5, 0, "mended"),
    ]


def test_a_fifo_queue_that_grows_again_stops_the_replay_though_it_shows_ten_of_a_group() -> None:
    world = World(fifo=True)
    world.add_dead_letters(60, groups=1)
    found = run(world, bouncing)
    assert found.tally.moved == 5
    assert found.verdict is not None
    assert found.verdict.why.startswith("5 of 5 failed again")
    assert {group.verdict for group in found.groups} == {"unknown"}
