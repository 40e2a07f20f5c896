import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.message import REPLAY_ATTRIBUTE
from opscore.dead_letters.replay.canary import INTERVAL_SECONDS
from opscore.dead_letters.replay.journals import Journals
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.rules import DeadLetterQueue, Records
from opscore.dead_letters.replay.runs import Runs
from opscore.dead_letters.replay.service import ReplayService
from opscore.errors import UsageProblem
from tests.lib.opscore.dead_letters.fake_logs import FakeLogs
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import Killed, World, sent_bodies


class Bench:
    """A service on the fake queues, with its records in a folder."""

    def __init__(
        self, folder: Path, *, environment: str = "test", world: World | None = None, functions: Any = None
    ) -> None:
        self.world, self.functions = world or World(), functions
        self.runs = Runs(folder / "replays")
        self.records = Records(Journals(self.runs, None, environment), folder / "counts.ndjson")
        self.environment = environment

    @functools.cached_property
    def service(self) -> ReplayService:
        clients: Any = SimpleNamespace(sqs=self.world.sqs, logs=FakeLogs(), functions=self.functions, sns=None, s3=None)
        names = DeadLetterQueue(self.world.dead.name, self.world.work.name, [], ["worker"])
        clock = self.world.clock
        pace = Pace(1, 1, clock=clock, sleep=clock.sleep)
        return ReplayService(clients, names, self.records, self.environment, find_queue=self.find, pace=pace)

    def find(self, name: str) -> QueueFacts:
        client: Any = self.world.sqs
        return describe(client, name)

    def replay(self, request: ReplayRequest) -> Any:
        plan = self.service.plan(request)
        return self.service.begin(plan, lambda _tally: None, lambda _verdict: None)

    def resume(self, run: str) -> Any:
        return self.service.resume(run, lambda _tally: None, lambda _verdict: None)


def test_the_rules_that_chose_in_the_plan_are_those_of_the_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(20)
    plan = bench.service.plan(ReplayRequest("work", filter="ends_with(body, '7')", engine="client"))
    looked_at: list[str] = []
    chosen = plan.admission.selected

    def selected(letter: Any) -> bool:
        looked_at.append(letter.body)
        return chosen(letter)

    object.__setattr__(plan.admission, "selected", selected)
    tally = bench.service.begin(plan, lambda _tally: None, lambda _verdict: None).tally
    assert (tally.moved, tally.skipped) == (2, 18)
    assert len(looked_at) == 20


def test_a_run_sends_to_the_queue_that_the_plan_was_shown_with(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    rescue = bench.world.sqs.create("rescue")
    bodies = bench.world.add_dead_letters(5)
    plan = bench.service.plan(ReplayRequest("work", to="rescue", engine="client"))
    assert plan.destinations == {"rescue": 5}
    bench.service.begin(plan, lambda _tally: None, lambda _verdict: None)
    assert sent_bodies(rescue) == bodies
    assert sent_bodies(bench.world.work) == []


def test_a_plan_writes_no_journal_and_a_run_writes_one_under_its_own_name(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(3)
    bench.service.plan(ReplayRequest("work", engine="client"))
    assert bench.runs.names() == []
    result = bench.replay(ReplayRequest("work", engine="client"))
    state = bench.runs.read(result.run)
    assert (state.moved, state.ended, state.header["environment"]) == (3, "done", "test")
    marks = {message.attributes[REPLAY_ATTRIBUTE]["StringValue"] for message in bench.world.work.log}
    assert marks == {f"{result.run}:1"}


def test_what_aws_refuses_is_in_the_journal_as_a_failed_run_and_can_be_resumed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bodies = bench.world.add_dead_letters(12)

    def deny(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "before":
            raise error(operation, "AccessDenied")

    bench.world.sqs.hook = deny
    with pytest.raises(Exception, match="AccessDenied"):
        bench.replay(ReplayRequest("work", engine="client"))
    bench.world.sqs.hook = lambda _operation, _phase: None
    (run,) = bench.runs.names()
    assert bench.runs.read(run).ended == "failed"
    later = Bench(tmp_path, world=bench.world)
    assert later.resume(run).tally.moved == 12
    assert sorted(sent_bodies(bench.world.work)) == sorted(bodies)


def interrupted_in_the_watch(bench: Bench, *, kill: bool) -> str:
    """Replay with canaries, and end the process while it watches the first five."""
    sleep = bench.world.clock.sleep

    def end(seconds: float) -> None:
        if seconds == INTERVAL_SECONDS:
            raise Killed if kill else KeyboardInterrupt
        sleep(seconds)

    bench.world.clock.sleep = end  # type: ignore[method-assign]
    try:
        bench.replay(ReplayRequest("work", engine="client", canary=5))
    except Killed:
        pass
    finally:
        bench.world.clock.sleep = sleep  # type: ignore[method-assign]
        sleep(3600)
    (run,) = bench.runs.names()
    return run


@pytest.mark.parametrize("kill", [False, True])
def test_a_resumed_run_watches_the_canaries_of_the_first_process_before_it_sends_the_rest(
    tmp_path: Path, kill: bool
) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(60)
    run = interrupted_in_the_watch(bench, kill=kill)
    assert len(bench.world.work.log) == 5
    for message in list(bench.world.work.messages):  # the consumer is not mended
        bench.world.sqs.move_to_dead_letters(bench.world.work, message, bench.world.dead)
    result = Bench(tmp_path, world=bench.world).resume(run)
    assert result.verdict.do == "stop"
    assert "5 of 5 failed again" in result.verdict.why
    assert [group.replayed for group in result.groups] == [5]
    assert len(bench.world.work.log) == 5
    assert bench.runs.read(run).ended == "stopped"


def test_a_resumed_run_whose_canaries_are_well_sends_the_rest_in_steps(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bodies = bench.world.add_dead_letters(60)
    run = interrupted_in_the_watch(bench, kill=False)
    bench.world.work.messages.clear()
    later = Bench(tmp_path, world=bench.world)
    sleep, watched = bench.world.clock.sleep, []

    def consume(seconds: float) -> None:
        if seconds == INTERVAL_SECONDS:
            watched.append(len(bench.world.work.log))
            bench.world.work.messages.clear()
        sleep(seconds)

    bench.world.clock.sleep = consume  # type: ignore[method-assign]
    result = later.resume(run)
    assert result.verdict.do == "go on"
    assert sorted({*watched}) == [5, 25, 60]
    assert sorted(sent_bodies(bench.world.work)) == sorted(bodies)


def test_a_run_whose_first_call_failed_leaves_no_journal(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(3)
    plan = bench.service.plan(ReplayRequest("work", engine="client"))

    def deny(operation: str, _phase: str) -> None:
        raise error(operation, "AccessDenied")

    bench.world.sqs.hook = deny
    with pytest.raises(Exception, match="AccessDenied"):
        bench.service.begin(plan, lambda _tally: None, lambda _verdict: None)
    assert bench.runs.names() == []


def test_a_run_is_not_resumed_in_another_environment(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.world.add_dead_letters(1)
    run = bench.replay(ReplayRequest("work", engine="client")).run
    with pytest.raises(UsageProblem, match="was begun in test, and this is prod"):
        Bench(tmp_path, environment="prod", world=bench.world).service.resume(
            run, lambda _tally: None, lambda _verdict: None
        )


def test_sqs_s_own_move_task_is_given_the_named_destination(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    rescue = bench.world.sqs.create("rescue")
    bench.world.add_dead_letters(4)
    plan = bench.service.plan(ReplayRequest("work", to="rescue", engine="native"))
    started: list[Any] = []

    def start(**request: Any) -> dict[str, str]:
        started.append(request)
        bench.world.sqs.tasks = [{"SourceArn": bench.world.dead.arn, "Status": "COMPLETED"}]
        return {"TaskHandle": "t"}

    bench.world.sqs.start_message_move_task = start  # type: ignore[method-assign,assignment]
    bench.service.begin(plan, lambda _tally: None, lambda _verdict: None)
    assert [request["DestinationArn"] for request in started] == [rescue.arn]
