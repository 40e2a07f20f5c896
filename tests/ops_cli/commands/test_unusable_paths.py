"""A path that cannot be used is a sentence with the path, and no message is lost for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.ops_cli.commands.dead_letter_stack import DeadLetterStack, build, opsctl, past


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadLetterStack]:
    past(monkeypatch)
    with mock_aws():
        yield build(monkeypatch)


UNUSABLE = ("/proc/x", "/dev/null/x", "/no/such/folder/x", "/tmp/" + "x" * 300)


@pytest.mark.parametrize("command", ["export requests", "purge requests -y --export"])
def test_an_export_to_an_unusable_path(stack: DeadLetterStack, command: str) -> None:
    stack.put("one")
    for path in UNUSABLE:
        result = opsctl("dlq", *command.split(), path)
        assert result.exit_code == 1
        *_, error, step = result.stderr.splitlines()
        assert error.startswith(f"Error: {path}: ")
        assert step.startswith("  → ")
        assert "fault in opsctl" not in step
    assert stack.bodies(stack.dead) == ["one"]


@pytest.mark.parametrize("variable", ["XDG_STATE_HOME", "HOME"])
def test_a_replay_whose_journal_cannot_be_written_sends_nothing(
    stack: DeadLetterStack, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack.put("one")
    file = tmp_path / "file"
    file.touch()
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv(variable, str(file))
    result = opsctl("replay-dlq", "requests", "-y")
    assert result.exit_code == 1
    *_, error, step = result.stderr.splitlines()
    assert error.startswith(f"Error: {file}")
    assert "XDG_STATE_HOME" in step
    assert stack.bodies(stack.dead) == ["one"]
    assert stack.bodies(stack.work) == []
