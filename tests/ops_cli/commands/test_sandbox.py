"""The commands of `opsctl sandbox`: exit codes and what is said, without starting anything."""

import json
from pathlib import Path

import pytest

from ops_cli.frame.environments import Environment, register
from ops_cli.main import run
from ops_cli.sandbox import project
from ops_cli.sandbox.exclusive import exclusively
from ops_cli.sandbox.project import Places


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    own = Places(tmp_path)
    monkeypatch.setattr(project, "find_places", lambda: own)
    return own


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


def test_made_up_accounts_are_written_to_a_sandbox_only(capsys: pytest.CaptureFixture[str]) -> None:
    register(Environment("sandbox", region="eu-west-1"))
    assert run(["sandbox", "seed", "--accounts", "7"]) == 2
    assert "sandbox is not on this machine" in capsys.readouterr().err
