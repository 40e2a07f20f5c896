"""Two machines and one account: a run is begun here, continued there, and the first one cannot send any more."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.account_runs import AccountJournal, AccountRuns
from opscore.dead_letters.replay.journals import SILENT_SECONDS, Journals
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.rules import DeadLetterQueue, Records
from opscore.dead_letters.replay.runs import Runs
from opscore.dead_letters.replay.service import ReplayService
from opscore.errors import OpsError
from tests.lib.opscore.dead_letters.fake_logs import FakeLogs
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import Killed, MemoryStorage, World, duplicates, sent_bodies

BUCKET = "operations"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


class Machine:
    """A machine with its own folder and its own name for the environment, beside others that share the queues."""

    def __init__(self, folder: Path, world: World, s3: Any, name: str, environment: str = "prod") -> None:
        self.name, self.world = name, world
        self.warnings: list[str] = []
        self.runs = Runs(folder / name)
        account = AccountRuns(s3, BUCKET)
        self.journals = Journals(self.runs, account, environment, self.warnings.append)
        clients: Any = SimpleNamespace(sqs=world.sqs, logs=FakeLogs(), functions=None, sns=None, s3=None)
        queue = DeadLetterQueue(world.dead.name, world.work.name, [], [])
        records = Records(self.journals, folder / f"{name}.counts")
        pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep)
        self.service = ReplayService(clients, queue, records, environment, find_queue=self.find, pace=pace)

    def find(self, name: str) -> QueueFacts:
        client: Any = self.world.sqs
        return describe(client, name)

    def replay(self, **request: Any) -> Any:
        plan = self.service.plan(ReplayRequest("work", engine="client", **request))
        return self.service.begin(plan, lambda _tally: None, lambda _verdict: None)

    def resume(self, run: str) -> Any:
        return self.service.resume(run, lambda _tally: None, lambda _verdict: None)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Choose the machine that works now."""
    return lambda name: monkeypatch.setattr(socket, "gethostname", lambda: name)


def kill(machine: Machine, monkeypatch: pytest.MonkeyPatch, *, at_send: int, phase: str) -> None:
    """Replay until the process is killed, which writes no last line."""
    sends = 0

    def hook(operation: str, when: str) -> None:
        nonlocal sends
        if operation == "SendMessageBatch" and when == phase:
            sends += 1
            if sends == at_send:
                raise Killed

    machine.world.sqs.hook = hook
    with monkeypatch.context() as gone:
        gone.setattr(RunJournal, "end", lambda *_arguments: None)
        with pytest.raises(Killed):
            machine.replay()
    machine.world.sqs.hook = lambda _operation, _phase: None
    machine.world.clock.sleep(3600)


def silent_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AccountRuns, "seconds_since_written", lambda _self, _run: SILENT_SECONDS + 1.0)


@pytest.mark.parametrize("phase", ["before", "after"])
def test_another_machine_does_the_rest_of_a_killed_run(
    tmp_path: Path, s3: Any, at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    world = World()
    bodies = world.add_dead_letters(60)
    first = Machine(tmp_path, world, s3, "laptop")
    second = Machine(tmp_path, world, s3, "desk", environment="production")
    at("laptop")
    kill(first, monkeypatch, at_send=3, phase=phase)
    silent_for_long(monkeypatch)
    at("desk")
    (run,) = second.journals.names()
    assert second.runs.names() == []
    assert second.journals.summary(run).ended is None
    result = second.resume(run)
    assert sorted({*sent_bodies(world.work)}) == sorted(bodies)
    assert world.dead.messages == []
    assert duplicates(world.work) <= result.tally.possibly_twice
    assert result.tally.possibly_twice <= 20  # the batch that was sent, and the one before, whose answer had not gone
    state = second.journals.read(run)
    assert (state.ended, state.header["environment"]) == ("done", "production")
    at("laptop")
    assert first.journals.read(run).ended == "done"


def test_a_machine_whose_run_was_taken_over_sends_nothing_more(
    tmp_path: Path, s3: Any, at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    bodies = world.add_dead_letters(60)
    first, second = Machine(tmp_path, world, s3, "laptop"), Machine(tmp_path, world, s3, "desk")
    silent_for_long(monkeypatch)
    sends: list[str] = []

    def hook(operation: str, phase: str) -> None:
        if (operation, phase) == ("SendMessageBatch", "before"):
            sends.append(socket.gethostname())
            if len(sends) == 3:
                at("desk")
                world.clock.sleep(3600)
                second.resume(*second.journals.names())
                at("laptop")

    world.sqs.hook = hook
    at("laptop")
    with pytest.raises(OpsError, match="was taken over by desk/"):
        first.replay()
    assert sends.count("laptop") == 3
    assert sorted({*sent_bodies(world.work)}) == sorted(bodies)
    assert world.dead.messages == []


def test_a_run_that_is_at_work_on_another_machine_is_not_resumed(
    tmp_path: Path, s3: Any, at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.add_dead_letters(30)
    at("laptop")
    kill(Machine(tmp_path, world, s3, "laptop"), monkeypatch, at_send=1, phase="before")
    at("desk")
    second = Machine(tmp_path, world, s3, "desk")
    (run,) = second.journals.names()
    with pytest.raises(OpsError, match="is at work on laptop") as caught:
        second.resume(run)
    assert "silent for 150 seconds" in caught.value.hint


def test_no_body_and_no_attribute_is_kept_in_the_account(tmp_path: Path, s3: Any) -> None:
    world = World()
    world.sqs.put(world.dead, "a secret body", origin=world.work.arn, attributes={
        "token": {"DataType": "String", "StringValue": "a secret value"}
    })  # fmt: skip
    run = Machine(tmp_path, world, s3, "laptop").replay().run
    kept = b"".join(part.lines for part in AccountRuns(s3, BUCKET).parts(run))
    assert b"intent" in kept
    assert b"secret" not in kept


def refusing(code: str) -> Callable[..., Any]:
    def refuse(**_request: Any) -> Any:
        raise error("PutObject", code)

    return refuse


@pytest.mark.parametrize("broken", ["put_object", "list"])
@pytest.mark.parametrize(
    "failure", [error("X", "AccessDenied"), error("X", "NoSuchBucket"), ReadTimeoutError(endpoint_url="x")]
)
def test_without_the_account_a_run_is_kept_here_and_that_is_said(
    tmp_path: Path, s3: Any, monkeypatch: pytest.MonkeyPatch, broken: str, failure: Exception
) -> None:
    def refuse(*_arguments: Any, **_request: Any) -> Any:
        raise failure

    if broken == "list":
        monkeypatch.setattr(AccountRuns, "_numbers", refuse)
    else:
        monkeypatch.setattr(s3, "put_object", refuse)
    world = World()
    bodies = world.add_dead_letters(30)
    machine = Machine(tmp_path, world, s3, "laptop")
    run = machine.replay().run
    assert sorted(sent_bodies(world.work)) == sorted(bodies)
    assert machine.runs.read(run).ended == "done"
    (warning,) = machine.warnings
    assert "the account's journals cannot be used" in warning


def test_a_bucket_that_fails_in_mid_run_stops_the_sends(
    tmp_path: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.add_dead_letters(60)
    put, puts = s3.put_object, 0

    def failing(**request: Any) -> Any:
        nonlocal puts
        puts += 1
        if puts > 3:
            raise error("PutObject", "AccessDenied")
        return put(**request)

    monkeypatch.setattr(s3, "put_object", failing)
    machine = Machine(tmp_path, world, s3, "laptop")
    with pytest.raises(ClientError, match="AccessDenied"):
        machine.replay()
    assert len(world.work.log) == 20  # the two batches whose intents are in the account


def test_a_part_whose_answer_was_lost_is_known_as_ours(s3: Any) -> None:
    journal = AccountJournal(s3, BUCKET, "run", "laptop/1", 0)
    put = s3.put_object

    def lost(**request: Any) -> Any:
        s3.put_object = put
        put(**request)
        put(**request)  # botocore tries again

    s3.put_object = lost
    assert journal.put([{"run": "run"}]) == 0
    assert journal.put([{"intent": []}]) == 1
    with pytest.raises(OpsError, match="taken over by laptop/1"):
        AccountJournal(s3, BUCKET, "run", "desk/1", 1).put([{"resumed": "desk/1"}])


def test_the_parts_of_a_process_are_not_fetched_by_its_own_machine(tmp_path: Path, s3: Any) -> None:
    world = World()
    world.add_dead_letters(30)
    machine = Machine(tmp_path, world, s3, "laptop")
    run = machine.replay().run
    before = machine.journals.path(run).read_bytes()
    s3.get_object = refusing("AccessDenied")
    assert machine.journals.read(run).moved == 30
    assert machine.warnings == []
    assert machine.journals.path(run).read_bytes() == before


def test_the_time_of_the_last_part_is_told_by_the_bucket_s_own_clock(s3: Any) -> None:
    AccountJournal(s3, BUCKET, "run", "laptop/1", 0).put([{"run": "run"}])
    assert 0 <= AccountRuns(s3, BUCKET).seconds_since_written("run") < 3600


def test_the_copy_of_a_line_goes_before_the_next_send() -> None:
    parts: list[list[str]] = []
    copy = SimpleNamespace(put=lambda lines: parts.append([next(iter(line)) for line in lines]))
    journal = RunJournal(MemoryStorage(), holder="laptop/1", copy=copy)
    journal.begin("run", {})
    journal.deleted(["m1"])
    assert parts == [["run"]]
    journal.intend("work", [])
    assert parts == [["run"], ["deleted", "intent"]]


def test_what_another_machine_has_replayed_counts_here_without_its_mark_and_without_its_body(
    tmp_path: Path, s3: Any, at: Callable[[str], None]
) -> None:
    world = World()
    bodies = world.add_dead_letters(30)
    at("laptop")
    Machine(tmp_path, world, s3, "laptop").replay()
    world.clock.sleep(60)
    for body in bodies:  # the consumer knows bodies only
        world.sqs.put(world.dead, body, age=1, origin=world.work.arn)
    at("desk")
    second = Machine(tmp_path, world, s3, "desk")
    tally = second.replay(maximum_replays=1).tally
    assert (tally.moved, tally.quarantined) == (0, 30)
    kept = (s3.get_object(Bucket=BUCKET, Key=found["Key"]) for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"])
    assert not any(b"body 7" in part["Body"].read() for part in kept)
