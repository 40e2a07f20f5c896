"""The commands of `opsctl sandbox`: exit codes and what is said, without starting anything."""

import json
from pathlib import Path

import pytest

from ops_cli.clone import places as clones
from ops_cli.clone.places import Places
from ops_cli.clone.record import recorded
from ops_cli.frame.environments import Environment, register
from ops_cli.main import run
from ops_cli.sandbox.emulator import registry
from ops_cli.sandbox.exclusive import exclusively
from tests.ops_cli.clone.made_up import killed, made_clone, stopped


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Work in a clone of one's own, with a program that lies in none."""
    monkeypatch.setattr(clones, "own_clone", lambda: None)
    monkeypatch.chdir(made_clone(tmp_path / "clone"))
    return Places(tmp_path / "clone")


def test_status_is_data(capsys: pytest.CaptureFixture[str], places: Places) -> None:
    assert run(["sandbox", "status", "--output", "json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["state"], status["pid"], status["folder"]) == ("stopped", None, str(places.folder))


@pytest.mark.parametrize("command", [["up"], ["down"], ["down", "--destroy", "--yes"], ["reset", "--yes"]])
def test_while_one_command_changes_the_sandbox_another_is_turned_away(
    command: list[str], capsys: pytest.CaptureFixture[str], places: Places
) -> None:
    with exclusively(places.lock, "opsctl sandbox up"):
        assert run(["sandbox", *command]) == 1
    assert "`opsctl sandbox up` is running already" in capsys.readouterr().err


def test_the_sandbox_of_another_clone_is_not_in_the_way(
    capsys: pytest.CaptureFixture[str], places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made_clone(tmp_path / "other"))
    with exclusively(places.lock, "opsctl sandbox up"):
        assert run(["sandbox", "down"]) == 0
        assert run(["--env", f"sandbox:{places.root}", "sandbox", "down"]) == 1
    assert "is running already" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["reset"], ["down", "--destroy"]])
def test_what_throws_data_away_is_not_done_unasked(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", *command]) == 2
    assert "--yes" in capsys.readouterr().err


def test_stopping_what_does_not_run_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "down"]) == 0
    assert "No emulator was running." in capsys.readouterr().err


def test_the_log_before_the_first_start_is_not_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "logs"]) == 4
    assert "opsctl sandbox up" in capsys.readouterr().err


def test_the_log_is_shown(capsys: pytest.CaptureFixture[str], places: Places) -> None:
    places.folder.mkdir()
    places.log.write_text("one\ntwo\n")
    assert run(["sandbox", "logs", "--lines", "1"]) == 0
    assert capsys.readouterr().out == "two\n"


def test_made_up_accounts_go_into_the_sandbox_whatever_else_is_said(
    capsys: pytest.CaptureFixture[str], places: Places
) -> None:
    register(Environment("prod", region="eu-west-1"))
    assert run(["--env", "prod", "sandbox", "seed", "--accounts", "7"]) == 4
    assert f"The sandbox of {places.root} is not running" in capsys.readouterr().err


def test_the_list_shows_every_sandbox_and_which_is_meant_here(
    capsys: pytest.CaptureFixture[str], places: Places, tmp_path: Path
) -> None:
    stopped(places.root)
    other = killed(tmp_path / "other")
    last = recorded(other)
    assert last is not None
    registry.remember(other, last)
    assert run(["sandbox", "list", "--output", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["folder"], row["state"], row["here"]) for row in rows] == [
        (str(places.root), "stopped", True),
        (str(other.root), "killed", False),
    ]


def test_a_folder_that_cannot_be_written_is_told(capsys: pytest.CaptureFixture[str], places: Places) -> None:
    places.folder.touch()
    assert run(["sandbox", "down"]) == 1
    assert f"cannot keep anything in {places.folder}" in capsys.readouterr().err


def test_a_sandbox_whose_clone_is_gone_can_be_stopped_but_not_started(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stopped(tmp_path / "bare").root)
    assert run(["sandbox", "up"]) == 1
    assert "is no clone of the project" in capsys.readouterr().err
    assert run(["sandbox", "down"]) == 0


def test_outside_of_a_clone_one_is_told_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["sandbox", "up"]) == 1
    assert "needs a clone of the project" in capsys.readouterr().err
