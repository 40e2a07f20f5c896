from typing import Any

import pytest

from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.move_task import Support, support
from opscore.dead_letters.replay.plan import NATIVE_FROM, ReplayPlan, choose_engine, plan_replay
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.errors import OpsError, UsageProblem
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import World

NATIVE = Support(known=True)


def facts(**more: Any) -> QueueFacts:
    plain: dict[str, Any] = {
        "name": "dead",
        "url": "u",
        "arn": "arn:aws:sqs:eu-west-1:111122223333:dead",
        "fifo": False,
        "visible": NATIVE_FROM,
        "in_flight": 0,
        "delayed": 0,
        "retention_seconds": 1_209_600,
        "maximum_bytes": 1_048_576,
        "dead_letter_arn": None,
        "maximum_receives": None,
        "asked_ms": 0,
    }
    return QueueFacts(**plain | more)


def plan(world: World, request: ReplayRequest | None = None, to: QueueFacts | None = None, **rules: Any) -> ReplayPlan:
    client: Any = world.sqs
    source = describe(client, world.dead.url)
    sources = [describe(client, world.work.url)]
    request = request or ReplayRequest("work")
    return plan_replay(client, request, source, sources, world.admission(**rules), support(client, source), to)


@pytest.mark.parametrize(
    ("options", "source", "known", "engine"),
    [
        ({}, {}, True, "client"),
        ({}, {"visible": 1}, True, "client"),
        ({}, {}, False, "client"),
        ({"filter": "body"}, {}, True, "client"),
        ({"engine": "client"}, {}, True, "client"),
        ({"engine": "native"}, {"visible": 1}, True, "native"),
        ({"engine": "native", "rate": 500}, {}, True, "native"),
    ],
)
def test_the_engine(options: Any, source: Any, known: bool, engine: str) -> None:
    request = ReplayRequest("q", **options)
    assert choose_engine(request, facts(**source), [facts()], Support(known))[0] == engine


def test_the_other_way_is_named_only_where_it_helps_and_works() -> None:
    def why(options: Any, **source: Any) -> str:
        return choose_engine(ReplayRequest("q", **options), facts(**source), [facts()], NATIVE)[1]

    assert "--engine native" in why({})
    assert "--engine native" not in why({}, visible=NATIVE_FROM - 1)
    assert "--filter" in why({"filter": "body"})
    assert "--max-replays" in why({"maximum_replays": 3})
    assert "1 to 500" in why({"rate": 501})
    assert "1 to 500" in why({"rate": 0.5})


@pytest.mark.parametrize(
    ("sources", "known", "options"), [([], True, {}), ([facts()], False, {}), ([facts()], True, {"rate": 501})]
)
def test_native_is_refused_where_it_cannot_work(sources: Any, known: bool, options: Any) -> None:
    with pytest.raises(UsageProblem, match="move task"):
        choose_engine(ReplayRequest("q", engine="native", **options), facts(), sources, Support(known))


def test_native_is_refused_when_a_consumer_put_some_of_the_messages_there_itself() -> None:
    world = World()
    world.add_dead_letters(5)
    world.sqs.put(world.dead, "buried by its consumer")
    with pytest.raises(UsageProblem, match="1 of 6 looked at were put there by a consumer"):
        plan(world, ReplayRequest("work", engine="native"))
    assert plan(world).why_engine.startswith("1 of 6 looked at")
    client: Any = world.sqs
    rescue = describe(client, world.sqs.create("rescue").url)
    assert plan(world, ReplayRequest("work", engine="native", to="rescue"), to=rescue).engine == "native"


@pytest.mark.parametrize("status", ["RUNNING", "CANCELLING"])
def test_a_running_move_task_is_not_joined_by_a_second_mover(status: str) -> None:
    world = World()
    world.add_dead_letters(3)
    world.sqs.tasks = [{"SourceArn": world.dead.arn, "Status": status, "ApproximateNumberOfMessagesMoved": 1}]
    with pytest.raises(OpsError, match="1 of"):
        plan(world)
    assert "ReceiveMessage" not in world.sqs.calls


def test_a_finished_move_task_is_no_obstacle() -> None:
    world = World()
    world.add_dead_letters(1)
    world.sqs.tasks = [{"SourceArn": world.dead.arn, "Status": "COMPLETED"}]
    assert plan(world).count == 1


def test_an_endpoint_without_move_tasks_is_recognised() -> None:
    world = World()

    def hook(operation: str, _phase: str) -> None:
        if operation == "ListMessageMoveTasks":
            raise error(operation, "AWS.SimpleQueueService.UnsupportedOperation")

    world.sqs.hook = hook
    assert plan(world).engine == "client"


def test_planning_leaves_every_message_visible() -> None:
    world = World()
    world.add_dead_letters(50)
    made = plan(world)
    assert made.count == 50
    assert made.destinations == {"work": 30}
    assert all(message.visible_at <= world.clock.now for message in world.dead.messages)


def test_the_number_is_scaled_by_what_a_filter_leaves_of_the_sample() -> None:
    world = World()
    world.add_dead_letters(100)
    made = plan(world, selected=lambda letter: int(letter.body.split()[1]) % 2 == 0)
    assert made.count == 50
    assert made.left == {"skipped": 15}


def test_a_fifo_queue_cannot_be_filtered() -> None:
    with pytest.raises(UsageProblem, match="FIFO"):
        plan(World(fifo=True), ReplayRequest("work", filter="body"))


def test_a_queue_is_not_replayed_into_itself_or_into_the_other_kind() -> None:
    world = World()
    client: Any = world.sqs
    with pytest.raises(UsageProblem, match="itself"):
        plan(world, to=describe(client, world.dead.url))
    with pytest.raises(UsageProblem, match="standard queue"):
        plan(world, to=describe(client, world.sqs.create("x.fifo").url))


def test_the_plan_warns_when_messages_expire_before_their_turn() -> None:
    world = World()
    world.dead.retention = 4000
    for _ in range(20):
        world.sqs.put(world.dead, "x", age=3990)
    slow = plan(world, ReplayRequest("work", rate=1))
    assert slow.expires_seconds is not None
    assert slow.expires_seconds <= 11
    assert any("expire" in warning for warning in slow.warnings)


def test_the_plan_warns_of_a_dead_letter_queue_that_has_one_of_its_own() -> None:
    world = World()
    world.dead.dead_letter = world.sqs.create("last").arn
    world.add_dead_letters(1)
    assert any("counts as a receive" in warning for warning in plan(world).warnings)
