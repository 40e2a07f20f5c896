import json
import threading
from pathlib import Path
from typing import Any

import pytest

from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import FileStorage, RunJournal
from opscore.dead_letters.engine.run_state import read_state
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.run import ClientRun
from opscore.dead_letters.replay.runs import Runs
from opscore.dead_letters.sending.destinations import Confirmation, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing, prepare
from opscore.errors import OpsError
from tests.lib.opscore.dead_letters.replaying import MemoryStorage, World, sent_bodies

HEADER = {"engine": "client", "request": {"queue": "work"}, "source": {"name": "work-dead-letter"}}


def outgoing(message_id: str) -> Any:
    return prepare(DeadLetter(message_id, "h", "body", {}, {}), run="r", replays=1)


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "replays" / "run.ndjson"
    with FileStorage(path) as storage:
        RunJournal(storage).begin("run", {})
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_intent_is_durable_before_the_send_and_the_proof_before_the_delete() -> None:
    world = World()
    world.add_dead_letters(10)
    storage = MemoryStorage()
    seen: dict[str, dict[str, Any]] = {}

    def hook(operation: str, phase: str) -> None:
        if phase == "before" and operation in ("SendMessageBatch", "DeleteMessageBatch"):
            state = read_state(storage.durable.splitlines())
            seen[operation] = {"in doubt": len(state.in_doubt), "arrived": len(state.arrived)}

    engine = world.engine(journal=RunJournal(storage))
    world.sqs.hook = hook
    engine.run()
    assert seen == {
        "SendMessageBatch": {"in doubt": 10, "arrived": 0},
        "DeleteMessageBatch": {"in doubt": 0, "arrived": 10},
    }


def test_the_proof_is_durable_before_anybody_is_told_of_the_arrival() -> None:
    world = World()
    world.add_dead_letters(10)
    storage = MemoryStorage()
    unproven: list[str] = []
    told: list[str] = []

    def on_arrival(message: Outgoing, proof: Confirmation) -> None:
        told.append(proof.message_id)
        if not read_state(storage.durable.splitlines()).arrived.proof(message.letter.message_id):
            unproven.append(proof.message_id)

    world.engine(journal=RunJournal(storage), on_arrival=on_arrival).run()
    assert len(set(told)) == len(told) == 10
    assert unproven == []


def test_a_journal_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    # Half of a run: a batch of four of which one was refused and one is in doubt, one delete, no end.
    letters: Any = [
        {"message_id": name, "body": "b", "attributes": {}, "system": {}} for name in ("m1", "m2", "m3", "m4")
    ]
    header = {"run": "20261124-0934-3f9a", "version": 1, "engine": "client", "bound_ms": 1_800_000_000_000, "count": 4}
    header |= {"request": {"queue": "work", "canary": 5}, "source": {"name": "d", "arn": "a"}, "environment": "test"}
    sent = {"sent": {"m1": "n1", "m2": "n2"}, "refused": {"m3": "Invalid: no"}}
    lines = [header, {"intent": letters, "to": "work"}, sent, {"deleted": ["m1"]}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "20261124-0934-3f9a.ndjson").write_text(text, encoding="utf-8")
    state = Runs(tmp_path).read("20261124-0934-3f9a")
    assert ReplayRequest.of(state.header["request"]) == ReplayRequest("work", canary=5)
    assert (state.moved, state.open, state.in_doubt, state.ended) == (2, 1, {"m4"}, None)


def test_threads_share_their_syncs() -> None:
    syncs = 0
    gate = threading.Event()

    class SlowStorage(MemoryStorage):
        def sync(self) -> None:
            nonlocal syncs
            syncs += 1
            gate.wait(5)
            super().sync()

    storage = SlowStorage()
    journal = RunJournal(storage)
    threads = [threading.Thread(target=journal.intend, args=("q", [outgoing(f"m{n}")])) for n in range(8)]
    for thread in threads:
        thread.start()
    while journal._written < 8:
        threading.Event().wait(0.001)
    gate.set()
    for thread in threads:
        thread.join()
    assert len(read_state(storage.durable.splitlines()).in_doubt) == 8
    assert syncs < 8


def test_half_a_line_is_skipped_and_the_next_process_begins_a_new_one() -> None:
    storage = MemoryStorage()
    journal = RunJournal(storage)
    journal.begin("r", {"source": {}})
    journal.intend("q", [outgoing("m1"), outgoing("m2"), outgoing("m3")])
    storage.durable += b'{"sent": {"m1": "n'
    again = RunJournal(storage)
    again.resume()
    again.sent(Outcome({"m2": Confirmation("m2", "n2")}, {"m3": Refusal("Invalid", "no", final=True)}))
    again.deleted(["m2"])
    again.end("done", {"moved": 1})
    state = read_state(storage.durable.splitlines())
    assert state.in_doubt == {"m1"}
    assert state.arrived.proof("m2")
    assert not state.arrived.proof("m1")
    assert (state.open, state.ended) == (0, "done")


def test_a_file_has_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run1.ndjson"
    with FileStorage(path) as first, FileStorage(path) as second:
        first.write(b"{}\n")
        with pytest.raises(OpsError, match="run1 is at work in another process"):
            second.write(b"{}\n")


def test_no_file_is_there_before_the_first_line(tmp_path: Path) -> None:
    with FileStorage(tmp_path / "run.ndjson"):
        assert Runs(tmp_path).names() == []


def test_a_run_of_several_steps_counts_all_and_sends_each_once() -> None:
    world = World()
    bodies = world.add_dead_letters(35)
    client: Any = world.sqs
    pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep)
    storage = MemoryStorage()
    request = ReplayRequest("work")
    run = ClientRun(
        client, describe(client, world.dead.url), request, world.admission(), RunJournal(storage), pace=pace
    )
    run.begin({"environment": "test"})
    assert [run.work(5).moved, run.work(25).moved, run.work(None).moved] == [5, 25, 35]
    assert sorted(sent_bodies(world.work)) == sorted(bodies)
    header = json.loads(storage.durable.splitlines()[0])
    assert ReplayRequest.of(header["request"]) == request


def test_a_second_step_does_not_read_the_whole_queue_for_what_the_first_has_deleted() -> None:
    world = World()
    world.add_dead_letters(200)
    client: Any = world.sqs
    pace = Pace(1, 1, clock=world.clock, sleep=world.clock.sleep)
    source, journal = describe(client, world.dead.url), RunJournal(MemoryStorage())
    run = ClientRun(client, source, ReplayRequest("work"), world.admission(), journal, pace=pace)
    assert [run.work(5).moved, run.work(10).moved] == [5, 10]
    assert sum(message.receives == 0 for message in world.dead.messages) >= 150
