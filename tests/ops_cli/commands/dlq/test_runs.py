import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

from ops_cli.commands.dlq.stack_queues import runs
from tests.ops_cli.commands.dead_letter_stack import DeadLetterStack, build, opsctl, past


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
    assert (row["state"], row["undeleted"]) == ("killed, or still running", 1)
    result = opsctl("dlq", "resume", run, "--yes", "--output", "json")
    assert result.exit_code == 0, result.stderr
    assert stack.bodies(stack.work) == []
    assert stack.bodies(stack.dead) == [dead]


def test_a_finished_run_is_not_resumed_and_an_unknown_one_has_neighbours(stack: DeadLetterStack) -> None:
    stack.put("one")
    run = replay()
    assert opsctl("dlq", "resume", run, "--yes").exit_code == 2
    unknown = opsctl("dlq", "resume", run[:-1], "--yes")
    assert unknown.exit_code == 4
    assert run in unknown.stderr


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
