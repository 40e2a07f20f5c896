import json
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import click
import pytest
from moto import mock_aws

from ops_cli.commands.dlq.runs import history, resume, undo
from ops_cli.commands.dlq.stack_queues import runs
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment
from tests.ops_cli.commands.dead_letter_stack import OPERATIONS, DeadLetterStack, build, opsctl, past


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadLetterStack]:
    past(monkeypatch)
    with mock_aws():
        yield build(monkeypatch)


def replay(*arguments: str) -> str:
    result = opsctl("replay-dlq", "requests", "--yes", "--output", "json", *arguments)
    return str(json.loads(result.stdout)["run"])


def test_the_history_tells_of_each_run_newest_first(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    run = replay()
    (row,) = json.loads(opsctl("dlq", "history", "--output", "json").stdout)
    assert (row["run"], row["state"], row["moved"], row["undeleted"], row["in_doubt"]) == (run, "done", 2, 0, 0)
    assert row["request"]["queue"] == "requests"


def test_a_run_that_was_killed_is_resumed_without_sending_twice(stack: DeadLetterStack) -> None:
    stack.put("arrived already", "not yet")
    run = replay("--max", "1")
    (sent,) = stack.bodies(stack.work)
    journal = runs().path(run)
    lines = journal.read_bytes().splitlines(keepends=True)
    # As a kill between the send and the delete leaves it: the message is still there, and no end was written.
    journal.write_bytes(b"".join(line for line in lines if not line.startswith((b'{"deleted', b'{"end'))))
    (dead,) = stack.bodies(stack.dead)
    original = json.loads(next(line for line in lines if b'"intent"' in line))["intent"][0]["message_id"]
    assert dead != sent

    stack.put_with_id(original, sent)
    stack.put(dead)
    (row,) = json.loads(opsctl("dlq", "history", "--output", "json").stdout)
    assert (row["state"], row["undeleted"]) == ("unfinished", 1)
    result = opsctl("dlq", "resume", run, "--yes", "--output", "json")
    assert result.exit_code == 0, result.stderr
    assert stack.bodies(stack.work) == []
    assert stack.bodies(stack.dead) == [dead]


def test_a_finished_run_is_not_resumed_and_an_unknown_one_has_neighbours(stack: DeadLetterStack) -> None:
    stack.put("one")
    run = replay()
    assert opsctl("dlq", "resume", run, "--yes").exit_code == 2
    unknown = opsctl("dlq", "resume", run[:-1] + "x", "--yes")
    assert unknown.exit_code == 4
    assert run in unknown.stderr


def test_the_beginning_of_a_run_is_enough_and_an_ambiguous_one_names_the_runs(stack: DeadLetterStack) -> None:
    stack.put("one")
    run = replay()
    (row,) = [json.loads(opsctl("dlq", "history", run[:-2], "--output", "json").stdout)]
    assert (row["run"], row["moved"]) == (run, 1)
    other = f"{run[:8]}-999999-ffff"
    runs().path(other).write_bytes(runs().path(run).read_bytes())
    for command in (["history"], ["resume", "--yes"], ["undo", "--yes"]):
        ambiguous = opsctl("dlq", *command, run[:8])
        assert ambiguous.exit_code == 2
        assert run in ambiguous.stderr
        assert other in ambiguous.stderr
    done = opsctl("dlq", "resume", run[:-1], "--yes")
    assert (done.exit_code, f"{run} is done" in done.stderr) == (2, True)
    assert opsctl("dlq", "undo", run[:-1], "--yes").exit_code == 0
    assert stack.bodies(stack.dead) == ["one"]


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Sit at another machine: another name, another home."""
    monkeypatch.setattr(socket, "gethostname", lambda: folder.name)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))


def test_a_run_is_seen_and_taken_back_from_another_machine(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack.put("one", "two")
    run = replay()
    elsewhere(monkeypatch, tmp_path / "desk")
    (row,) = json.loads(opsctl("dlq", "history", "--output", "json").stdout)
    assert (row["run"], row["state"], row["moved"]) == (run, "done", 2)
    assert not (tmp_path / "desk").exists()
    result = opsctl("dlq", "undo", run, "--yes", "--output", "json")
    assert (result.exit_code, json.loads(result.stdout)["moved_back"]) == (0, 2), result.stderr
    assert stack.bodies(stack.dead) == ["one", "two"]
    again = opsctl("dlq", "undo", run, "--copies", "--yes", "--output", "json")
    assert json.loads(again.stdout)["copied"] == 0


def test_without_the_bucket_the_replays_of_this_machine_are_listed_and_that_is_said(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = boto3.resource("s3", region_name="eu-west-1").Bucket(OPERATIONS)
    s3.delete()
    stack.put("one")
    result = opsctl("replay-dlq", "requests", "--yes", "--output", "json")
    assert result.exit_code == 0
    assert "Only this machine can continue the replays that it begins" in result.stderr
    assert "NoSuchBucket" in result.stderr
    listed = opsctl("dlq", "history", "--output", "json")
    assert [row["run"] for row in json.loads(listed.stdout)] == [json.loads(result.stdout)["run"]]


def test_a_run_completes(stack: DeadLetterStack) -> None:
    stack.put("one")
    run = replay()
    for command in (history, resume, undo):
        completion = next(param for param in command.params if param.name == "run")
        found = completion.shell_complete(click.Context(command), run[:4])
        assert [item.value for item in found] == [run]


def test_a_file_that_is_no_journal_never_costs_the_others(stack: DeadLetterStack) -> None:
    stack.put("one")
    run = replay()
    runs().path("29991231-000000-0000").write_bytes(b"")
    result = opsctl("dlq", "history", "--output", "json")
    assert [(row["run"], row["state"]) for row in json.loads(result.stdout)] == [
        ("29991231-000000-0000", "no journal"),
        (run, "done"),
    ]


def sandbox_of(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands work on the sandbox of a clone, which is the stack of the test."""
    place = Environment("sandbox", region="eu-west-1", stack="/opsctl/test/stack", clone=folder)
    monkeypatch.setattr(Ops, "environment", place)


def test_a_run_of_another_clones_sandbox_is_refused_by_its_name(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put("one")
    sandbox_of("/home/ada/one", monkeypatch)
    run = replay()
    sandbox_of("/home/ada/two", monkeypatch)
    for command in ("resume", "undo"):
        refused = opsctl("dlq", command, run, "--yes")
        assert refused.exit_code == 2
        assert f"{run} was begun in sandbox:/home/ada/one, and this is sandbox:/home/ada/two." in refused.stderr
        assert "Say --env sandbox:/home/ada/one." in refused.stderr
    journal = runs().path(run)
    journal.write_bytes(journal.read_bytes().replace(b'"sandbox:/home/ada/one"', b'"sandbox"'))
    assert opsctl("dlq", "undo", run, "--yes").exit_code == 0


def test_an_undo_moves_back_what_still_waits(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    run = replay()
    result = opsctl("dlq", "undo", run, "--yes", "--output", "json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["moved_back"] == 2
    assert stack.bodies(stack.dead) == ["one", "two"]


def test_an_undo_of_what_was_taken_says_so_and_copies_on_request(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    run = replay()
    stack.sqs.purge_queue(QueueUrl=stack.work)
    result = opsctl("dlq", "undo", run, "--yes")
    assert result.exit_code == 3
    assert "--copies" in result.stderr
    assert opsctl("dlq", "undo", run, "--copies", "--yes").exit_code == 0
    assert stack.bodies(stack.dead) == ["one", "two"]


def test_a_run_of_another_environment_is_refused(stack: DeadLetterStack) -> None:
    stack.put("one")
    run = replay()
    journal = runs().path(run)
    journal.write_bytes(journal.read_bytes().replace(b'"environment":"test"', b'"environment":"prod"'))
    result = opsctl("dlq", "undo", run, "--yes")
    assert result.exit_code == 2
    assert "prod" in result.stderr
