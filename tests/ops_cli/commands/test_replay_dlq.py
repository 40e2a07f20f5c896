import importlib
import json
from collections.abc import Iterator

import pytest
from moto import mock_aws

from opscore.dead_letters import native_engine
from tests.ops_cli.commands.dead_letter_stack import DEAD, DeadLetterStack, build, opsctl


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadLetterStack]:
    with mock_aws():
        yield build(monkeypatch)


@pytest.fixture(autouse=True)
def _no_move_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moto answer for an endpoint without move tasks; it has none and raises NotImplementedError."""
    monkeypatch.setattr(native_engine, "support", lambda _sqs, _source: native_engine.Support(known=False))


@pytest.fixture(autouse=True)
def _an_hour_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the messages of a test be older than the run that replays them."""
    models = importlib.import_module("moto.sqs.models")
    now = models.unix_time_millis
    monkeypatch.setattr(models, "unix_time_millis", lambda *args: now(*args) - 3_600_000)


@pytest.mark.parametrize("name", ["requests", "t-requests", DEAD])
def test_the_queue_is_named_by_role_work_queue_or_dead_letter_queue(stack: DeadLetterStack, name: str) -> None:
    stack.put("one", "two")
    result = opsctl("replay-dlq", name, "--yes")
    assert result.exit_code == 0, result.output
    assert stack.bodies(stack.work) == ["one", "two"]
    assert stack.visible(stack.dead) == 0


def test_the_plan_is_shown_first_and_a_dry_run_changes_nothing(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    result = opsctl("replay-dlq", "requests", "--dry-run")
    assert result.exit_code == 0
    assert "t-requests-dead-letter: 2 visible" in result.stderr
    assert "Changes made: none." in result.stderr
    assert stack.visible(stack.dead) == 2
    assert stack.bodies(stack.work) == []


def test_without_a_terminal_and_without_yes_nothing_is_changed(stack: DeadLetterStack) -> None:
    stack.put("one")
    result = opsctl("replay-dlq", "requests")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert stack.visible(stack.dead) == 1


def test_max_bounds_the_replay(stack: DeadLetterStack) -> None:
    stack.put(*(str(number) for number in range(25)))
    result = opsctl("replay-dlq", "requests", "--max", "13", "--yes", "--output", "json")
    assert json.loads(result.stdout)["moved"] == 13
    assert len(stack.bodies(stack.work)) == 13
    assert stack.visible(stack.dead) == 12


def test_what_the_target_refuses_stays_and_the_exit_code_is_3(stack: DeadLetterStack) -> None:
    stack.sqs.set_queue_attributes(QueueUrl=stack.work, Attributes={"MaximumMessageSize": "1024"})
    stack.put("small", "large" * 1000)
    result = opsctl("replay-dlq", "requests", "--yes")
    assert result.exit_code == 3
    assert "TooLarge" in result.stderr
    assert stack.bodies(stack.work) == ["small"]
    assert stack.visible(stack.dead) == 1


def test_an_unknown_queue_exits_with_4(stack: DeadLetterStack) -> None:
    assert opsctl("replay-dlq", "nothing-like-it").exit_code == 4
