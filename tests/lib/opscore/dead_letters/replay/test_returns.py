"""What comes back while a run is going is not sent again by it, whoever sent it back and in whatever form."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opscore.dead_letters.replay.request import ReplayRequest
from opscore.queues.dead_letter_copy import dead_letter
from opscore.queues.worker import Message, PermanentError
from tests.lib.opscore.dead_letters import fake_sqs
from tests.lib.opscore.dead_letters.replay.test_service import Bench
from tests.lib.opscore.dead_letters.replaying import Killed, World, sent_bodies

Consumer = Callable[[World, fake_sqs.Message], None]


def own_worker(world: World, message: fake_sqs.Message) -> None:
    """Move a message as this platform's workers do: a new message, with all that the old one had."""
    system = {"MessageGroupId": message.group} if message.group else {}
    moved = Message(message.id, message.handle, message.body, 1, message.attributes, system)
    copy = dead_letter(moved, PermanentError("bad_message", "There is no such format."))
    resend(world, message, copy.get("MessageAttributes", {}))


def foreign_worker(world: World, message: fake_sqs.Message) -> None:
    """Move a message as a consumer does that knows bodies only."""
    resend(world, message, {})


def redrive(world: World, message: fake_sqs.Message) -> None:
    """Move a message as SQS does after too many receives."""
    world.sqs.move_to_dead_letters(world.work, message, world.dead)


def resend(world: World, message: fake_sqs.Message, attributes: dict[str, Any]) -> None:
    world.work.messages.remove(message)
    world.sqs.put(world.dead, message.body, age=0, attributes=attributes, group=message.group)


def consume(world: World, *consumers: Consumer, chance: random.Random | None = None) -> None:
    """Let consumers fail on all that arrives: at once, or at random moments of the run."""

    def hook(operation: str, phase: str) -> None:
        if phase == "after" and operation != "GetQueueAttributes":
            for message in list(world.work.messages):
                if not chance or chance.random() < 0.3:
                    (chance.choice(consumers) if chance else consumers[0])(world, message)

    world.sqs.hook = hook


ALL = pytest.mark.parametrize("consumer", [own_worker, foreign_worker, redrive])


@ALL
@pytest.mark.parametrize("fifo", [False, True])
def test_500_bad_requests_are_sent_once_each_and_all_of_them_came_back(
    tmp_path: Path, consumer: Consumer, fifo: bool
) -> None:
    bench = Bench(tmp_path, world=World(fifo=fifo))
    bodies = bench.world.add_dead_letters(500, groups=100)
    consume(bench.world, consumer)
    tally = bench.replay(ReplayRequest("work", engine="client")).tally
    assert sorted(sent_bodies(bench.world.work)) == sorted(bodies)
    assert (tally.moved, tally.failed) == (500, 0)
    if not fifo:
        assert tally.bounced == 500


@ALL
def test_equal_bodies_that_died_a_moment_before_the_run_are_all_sent_once(tmp_path: Path, consumer: Consumer) -> None:
    bench = Bench(tmp_path)
    for _ in range(300):
        bench.world.sqs.put(bench.world.dead, "no request", age=0)
    consume(bench.world, consumer)
    tally = bench.replay(ReplayRequest("work", engine="client")).tally
    assert (tally.moved, tally.bounced) == (300, 300)
    assert len(bench.world.work.log) == 300


@ALL
def test_a_filter_that_fits_ten_moves_ten(tmp_path: Path, consumer: Consumer) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(500)
    consume(bench.world, consumer)
    tally = bench.replay(ReplayRequest("work", filter="starts_with(body, 'body 48') && body != 'body 48'")).tally
    assert (tally.moved, len(bench.world.work.log), tally.bounced) == (10, 10, 10)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), kinds=st.integers(1, 60), age=st.sampled_from([0, 0.4, 9]))
def test_a_run_never_sends_more_than_was_there_before_it(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, kinds: int, age: float
) -> None:
    chance = random.Random(seed)
    bench = Bench(tmp_path_factory.mktemp("run"), world=World(seed=seed))
    bench.world.clock.sleep(chance.random())
    bodies = [f"body {chance.randrange(kinds)}" for _ in range(count)]
    for body in bodies:
        bench.world.sqs.put(bench.world.dead, body, age=age)
    consume(bench.world, own_worker, foreign_worker, redrive, chance=chance)
    tally = bench.replay(ReplayRequest("work", engine="client")).tally
    assert Counter(sent_bodies(bench.world.work)) == Counter(bodies)
    assert tally.moved == count
    assert tally.bounced <= len(bench.world.dead.messages)


@ALL
def test_what_was_replayed_once_is_not_replayed_again_when_once_is_enough(tmp_path: Path, consumer: Consumer) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(500)
    consume(bench.world, consumer)
    request = ReplayRequest("work", maximum_replays=1)
    assert bench.replay(request).tally.moved == 500
    bench.world.clock.sleep(60)
    later = Bench(tmp_path, world=bench.world)
    bench.world.sqs.put(bench.world.dead, "a new one", age=5)
    second = later.replay(request).tally
    assert (second.moved, second.quarantined) == (1, 500)
    assert second.reasons == {"replayed 1 time already": 500}
    bench.world.clock.sleep(60)
    again = Bench(tmp_path, world=bench.world).replay(ReplayRequest("work", maximum_replays=2)).tally
    assert (again.moved, len(bench.world.work.log)) == (501, 1002)


def test_of_equal_letters_only_as_many_count_as_replayed_as_were_sent(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(3):
        bench.world.sqs.put(bench.world.dead, "tick", age=60)
    consume(bench.world, foreign_worker)
    bench.replay(ReplayRequest("work"))
    bench.world.sqs.hook = lambda _operation, _phase: None
    bench.world.clock.sleep(60)
    for _ in range(4):
        bench.world.sqs.put(bench.world.dead, "tick", age=1)
    tally = Bench(tmp_path, world=bench.world).replay(ReplayRequest("work", maximum_replays=1)).tally
    assert (tally.moved, tally.quarantined) == (4, 3)


def test_a_letter_that_is_older_than_the_run_which_sent_the_same_was_not_sent_by_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for _ in range(2):
        bench.world.sqs.put(bench.world.dead, "tick", age=60)
    bench.replay(ReplayRequest("work", maximum=1))
    bench.world.clock.sleep(60)
    tally = Bench(tmp_path, world=bench.world).replay(ReplayRequest("work", maximum_replays=1)).tally
    assert (tally.moved, tally.quarantined) == (1, 0)


class FailingFunction:
    """A function that fails on every event: Lambda gives each up as a dead letter, in one form or the other."""

    def __init__(self, world: World, *, as_record: bool) -> None:
        self.world, self.as_record = world, as_record
        self.events: list[str] = []

    def get_function_configuration(self, **_request: Any) -> dict[str, Any]:
        return {"DeadLetterConfig": {"TargetArn": self.world.dead.arn}}

    def invoke(self, Payload: bytes, **_request: Any) -> dict[str, Any]:  # noqa: N803
        self.events.append(Payload.decode())
        self.give_up(json.loads(Payload), age=0)
        return {"StatusCode": 202, "ResponseMetadata": {"RequestId": f"r{len(self.events)}"}}

    def give_up(self, event: Any, age: float) -> None:
        if self.as_record:
            body = {"requestContext": {"functionArn": "worker"}, "requestPayload": event, "responsePayload": None}
            self.world.sqs.put(self.world.dead, json.dumps(body), age=age)
        else:
            code = {"DataType": "Number", "StringValue": "200"}
            attributes = {"RequestID": {"DataType": "String", "StringValue": "r"}, "ErrorCode": code}
            self.world.sqs.put(self.world.dead, json.dumps(event, indent=1), age=age, attributes=attributes)


@pytest.mark.parametrize("as_record", [False, True])
def test_what_a_function_fails_on_again_is_sent_once_a_run_and_counted_by_the_journals(
    tmp_path: Path, as_record: bool
) -> None:
    world = World()
    function = FailingFunction(world, as_record=as_record)
    for number in range(60):
        function.give_up({"order": number, "price": 1.5}, age=60)
    bench = Bench(tmp_path, world=world, functions=function)
    tally = bench.replay(ReplayRequest("work")).tally
    assert (tally.moved, tally.bounced, len(function.events)) == (60, 60, 60)
    world.clock.sleep(60)
    function.as_record = not as_record
    function.give_up({"order": 60}, age=5)
    again = Bench(tmp_path, world=world, functions=function).replay(ReplayRequest("work", maximum_replays=1)).tally
    assert (again.moved, again.quarantined) == (1, 60)
    assert [json.loads(event) for event in function.events[60:]] == [{"order": 60}]


@ALL
@pytest.mark.parametrize("at", [3, 40, 90])
def test_a_resumed_run_leaves_what_came_back_from_the_process_that_began_it(
    tmp_path: Path, consumer: Consumer, at: int
) -> None:
    bench = Bench(tmp_path)
    bodies = bench.world.add_dead_letters(200)
    consume(bench.world, consumer)
    fail, calls = bench.world.sqs.hook, 0

    def kill(operation: str, phase: str) -> None:
        nonlocal calls
        fail(operation, phase)
        calls += operation == "DeleteMessageBatch" and phase == "before"
        if calls == at // 10 + 1:
            raise Killed

    bench.world.sqs.hook = kill
    with pytest.raises(Killed):
        bench.replay(ReplayRequest("work"))
    bench.world.sqs.hook = fail
    bench.world.clock.sleep(3600)
    tally = Bench(tmp_path, world=bench.world).resume(*bench.runs.names()).tally
    assert (tally.moved, tally.bounced) == (200, 200)
    assert sorted(sent_bodies(bench.world.work)) == sorted(bodies)


@pytest.mark.parametrize("change", [("work-dead-letter", "other-dead-letter"), ('"digest"', '"d"')])
def test_the_journals_of_other_queues_and_of_earlier_versions_count_nothing(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    bench = Bench(tmp_path)
    bench.world.sqs.put(bench.world.dead, "tick", age=60)
    consume(bench.world, foreign_worker)
    path = bench.runs.path(bench.replay(ReplayRequest("work")).run)
    path.write_text(path.read_text().replace(*change))
    path.with_name("20000101-000000-dead.ndjson").write_text("no journal\n")
    bench.world.clock.sleep(60)
    tally = Bench(tmp_path, world=bench.world).replay(ReplayRequest("work", maximum_replays=1)).tally
    assert (tally.moved, tally.quarantined) == (1, 0)
