from collections.abc import Callable
from typing import Any

import pytest

from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.replay.move_task import MoveTask
from opscore.dead_letters.tally import Tally
from opscore.errors import RefusedByAws
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import World


def engine(world: World, sleep: Callable[[float], None], **options: Any) -> MoveTask:
    client: Any = world.sqs
    options = {"destination_arn": None, "rate": None, **options}
    return MoveTask(client, describe(client, world.dead.url), sleep=sleep, **options)


def test_a_task_is_started_and_watched_to_its_end() -> None:
    world = World()
    world.add_dead_letters(30)
    seen: list[int] = []

    def progress(_seconds: float) -> None:
        task = world.sqs.tasks[0]
        task["ApproximateNumberOfMessagesMoved"] += 10
        task["Status"] = "COMPLETED" if task["ApproximateNumberOfMessagesMoved"] == 30 else "RUNNING"

    def report(tally: Tally) -> None:
        seen.append(tally.moved)

    assert engine(world, progress, report=report).run().moved == 30
    assert seen == [0, 10, 20]


def test_the_rate_and_the_destination_are_passed_on() -> None:
    world = World()

    def progress(_seconds: float) -> None:
        world.sqs.tasks[0]["Status"] = "COMPLETED"

    engine(world, progress, destination_arn="arn:x", rate=7.9).run()
    task = world.sqs.tasks[0]
    assert (task["DestinationArn"], task["MaxNumberOfMessagesPerSecond"]) == ("arn:x", 7)


def test_ctrl_c_cancels_the_task_and_says_what_was_moved() -> None:
    world = World()

    def interrupted(_seconds: float) -> None:
        world.sqs.tasks[0]["ApproximateNumberOfMessagesMoved"] = 4
        raise KeyboardInterrupt

    tally = engine(world, interrupted).run()
    assert (tally.moved, tally.interrupted) == (4, True)
    assert world.sqs.tasks[0]["Status"] == "CANCELLED"


def test_a_task_that_ends_while_it_is_cancelled_is_done() -> None:
    world = World()

    def ended(**_request: Any) -> Any:
        world.sqs.tasks[0]["Status"] = "COMPLETED"
        raise error("CancelMessageMoveTask", "ResourceNotFoundException")

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    world.sqs.cancel_message_move_task = ended  # type: ignore[method-assign, assignment]
    assert not engine(world, interrupted).run().interrupted


def test_a_failed_task_is_an_error_with_sqs_s_reason() -> None:
    world = World()

    def failing(_seconds: float) -> None:
        world.sqs.tasks[0] |= {"Status": "FAILED", "FailureReason": "AWS.SimpleQueueService.NonExistentQueue"}

    with pytest.raises(RefusedByAws, match="a queue that it moves to does not exist any more"):
        engine(world, failing).run()
