"""A run in steps and over processes: one count for all of them, and an end that says how to go on."""

from collections.abc import Callable
from typing import Any

import botocore.exceptions as boto
import pytest

from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import RunState, read_state
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.run import ClientRun, EndedEarly
from opscore.errors import ExitCode
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import RUN, World, duplicates

URL = "https://sqs.eu-west-1.amazonaws.com"


def client_run(world: World, earlier: RunState | None = None, **request: Any) -> ClientRun:
    client: Any = world.sqs
    pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep, chance=world.chance.random, give_up_seconds=30)
    source = describe(client, world.dead.url)
    journal = RunJournal(world.storage)
    return ClientRun(
        client, source, ReplayRequest("work", **request), world.admission(), journal, pace=pace, earlier=earlier
    )


def lose_first_answers(world: World, count: int) -> None:
    cut = iter([True] * count)

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after" and next(cut, False):
            raise boto.ReadTimeoutError(endpoint_url=URL)

    world.sqs.hook = hook


def test_a_doubt_of_the_first_step_is_told_after_the_last() -> None:
    world = World()
    world.add_dead_letters(40)
    run = client_run(world)
    lose_first_answers(world, 1)
    assert run.work(5).possibly_twice == 5
    last = run.work(None)
    assert (last.moved, last.possibly_twice) == (40, 5)
    assert duplicates(world.work) == 5


def test_what_each_step_leaves_counts_once() -> None:
    world = World()
    world.add_dead_letters(40)
    world.sqs.refuse_send = lambda entry: (
        {"Code": "Invalid", "SenderFault": True} if entry["MessageBody"] in ("body 1", "body 2") else None
    )
    run = client_run(world)
    assert [run.work(5).failed, run.work(10).failed, run.work(None).failed] == [2, 2, 2]


def test_a_tally_that_was_returned_does_not_change_any_more() -> None:
    world = World()
    world.add_dead_letters(20)
    run = client_run(world)
    first = run.work(5)
    run.work(None)
    assert first.moved == 5


def test_a_resumed_run_counts_what_moved_and_what_was_in_doubt_before() -> None:
    world = World()
    world.add_dead_letters(40)
    run = client_run(world)
    lose_first_answers(world, 1)
    run.work(10)
    state = read_state(world.storage.written.splitlines())
    tally = client_run(world, earlier=state).work(None)
    assert (tally.moved, tally.possibly_twice) == (40, 10)


def test_copies_are_made_in_steps_without_looking_for_what_is_never_deleted() -> None:
    world = World()
    world.add_dead_letters(100)
    run = client_run(world, keep=True)
    assert [run.work(10).moved, run.work(20).moved] == [10, 20]


@pytest.mark.parametrize(
    ("trouble", "said", "hint"),
    [
        (boto.EndpointConnectionError(endpoint_url=URL), "nothing succeeded for 30 s", "When AWS can be reached again"),
        (error("ReceiveMessage", "ExpiredToken", "The security token is expired."), "ExpiredToken", "aws sso login"),
        (boto.UnauthorizedSSOTokenError(), "SSO", "aws sso login"),
        (
            RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
            "expired",
            "aws sso login",
        ),
        (error("ReceiveMessage", "AccessDenied", "not for you"), "AccessDenied: not for you", "When that is mended"),
    ],
)
def test_what_ends_a_run_names_it_and_how_to_go_on(trouble: Exception, said: str, hint: str) -> None:
    world = World()
    world.add_dead_letters(60)
    run = client_run(world)
    run.work(20)

    def hook(operation: str, phase: str) -> None:
        if phase == "before" and operation == "ReceiveMessage":
            raise trouble

    world.sqs.hook = hook
    with pytest.raises(EndedEarly) as caught:
        run.work(None)
    assert f"{RUN} ended early, with 20 moved: " in caught.value.message
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert f"`opsctl dlq resume {RUN}` does the rest" in caught.value.hint
    assert (caught.value.exit_code, caught.value.tally.moved, caught.value.tally.failed) == (ExitCode.REFUSED, 20, 0)
    assert caught.value.__cause__ is trouble


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), LookupError("a fault of ours")])
def test_what_is_not_of_aws_is_passed_on_as_it_is(fault: Exception) -> None:
    world = World()
    world.add_dead_letters(20)

    def broken(_message: object, _proof: object) -> None:
        raise fault

    run = client_run(world)
    run._on_arrival = broken
    with pytest.raises(type(fault)) as caught:
        run.work(None)
    assert caught.value is fault
    state = read_state(world.storage.written.splitlines())
    assert len(state.arrived) == len(world.work.log) == state.arrived.deleted


def full_disk(after: int) -> Callable[[str, str], None]:
    written = iter(range(10**6))

    def hook(operation: str, _phase: str) -> None:
        if operation == "journal write" and next(written) >= after:
            raise OSError(28, "No space left on device")

    return hook


@pytest.mark.parametrize("lines", range(6))
def test_a_full_disk_ends_the_run_and_what_the_journal_cannot_say_is_in_doubt(lines: int) -> None:
    world = World()
    world.add_dead_letters(30)
    run = client_run(world)
    world.storage._hook = full_disk(lines)
    with pytest.raises(OSError, match="No space left"):
        run.work(None)
    state = read_state(world.storage.written.splitlines())
    told = len(state.arrived) + len(state.in_doubt)
    assert told >= len(world.work.log) == len({message.body for message in world.work.log})
