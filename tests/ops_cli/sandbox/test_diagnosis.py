"""What stands in the place of a sandbox's own emulator is said, with what mends it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.record import recorded
from ops_cli.sandbox.diagnosis import diagnose
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.emulator import registry
from tests.ops_cli.clone.made_up import killed, started, stopped


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> dict[int, dict[str, Any]]:
    """Port -> who says to be there."""
    who: dict[int, dict[str, Any]] = {}

    def ask(port: int, *, seconds: float) -> dict[str, Any] | None:
        return who.get(port)

    monkeypatch.setattr(emulators, "ask_identity", ask)
    return who


Answering = dict[int, dict[str, Any]]


def test_an_emulator_of_ones_own_is_sound(tmp_path: Path, answering: Answering) -> None:
    answering[4510] = {"pid": os.getpid(), "state_id": "life-1"}
    found = diagnose(started(tmp_path, port=4510))
    assert (found.level, found.fix) == ("ok", "")
    assert str(tmp_path) in found.finding


def test_one_that_does_not_answer_is_told_from_one_that_is_dead(tmp_path: Path, answering: Answering) -> None:
    assert "does not answer at http://127.0.0.1:4510" in diagnose(started(tmp_path, port=4510)).finding
    assert "ended without being stopped" in diagnose(killed(tmp_path)).finding


@pytest.mark.parametrize("state", [started, killed, stopped])
def test_a_stranger_on_the_port_is_named(tmp_path: Path, answering: Answering, state: Any) -> None:
    other = started(tmp_path / "other", port=4510)
    last = recorded(other)
    assert last is not None
    registry.remember(other, last)
    answering[4510] = {"pid": 77, "state_id": "another life"}
    found = diagnose(state(tmp_path / "mine", port=4510))
    assert found.level == "bad"
    assert (
        f"another emulator answers at http://127.0.0.1:4510: process 77, the sandbox of {other.root}" in found.finding
    )
    assert "`opsctl sandbox up`" in found.fix


def test_a_stopped_one_is_started(tmp_path: Path, answering: Answering) -> None:
    assert diagnose(stopped(tmp_path)).finding == "stopped"


def test_a_copy_and_another_versions_are_known(tmp_path: Path, answering: Answering) -> None:
    started(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert f"a copy of {tmp_path}/one's" in diagnose(Places(tmp_path / "two")).finding
    stopped(tmp_path / "old").process.write_text('{"port": 4510}')
    assert "another version" in diagnose(Places(tmp_path / "old")).finding
