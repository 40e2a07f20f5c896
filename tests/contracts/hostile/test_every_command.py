"""Every command has a case in this folder or a reason why not, and repeats a wrong option without effect."""

import json
from pathlib import Path

import click
import pytest

from tests.contracts.hostile.cases import DEAD_LETTERS, FLEETS, PLATFORM, REPORTS
from tests.contracts.hostile.showing import ARGUMENT, acting, shown
from tests.contracts.test_help import all_commands

EXEMPT = json.loads((Path(__file__).parent / "exempt.json").read_text(encoding="utf-8"))
LEAVES = {path.removeprefix("opsctl ") for path, command in all_commands() if not isinstance(command, click.Group)}


def test_every_command_has_a_case_or_a_reason_why_not() -> None:
    named = [*DEAD_LETTERS, *REPORTS, *PLATFORM, *FLEETS, *EXEMPT]
    assert sorted(named) == sorted(LEAVES)
    assert all(EXEMPT.values())


@pytest.mark.parametrize("path", sorted(LEAVES))
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_a_wrong_option_is_repeated_without_effect(path: str, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = shown(monkeypatch, [*path.split(), f"--{ARGUMENT}"], terminal=terminal)
    assert (answer.code, acting(answer.out + answer.err)) == (2, [])
    assert "Error:" in answer.err
