"""What was started on this machine is listed, each by a file of its own, until its folder is gone."""

import shutil
from pathlib import Path

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.record import recorded
from ops_cli.frame.folders import state_folder
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.emulator.registry import forget, look_around, owner_of, remember
from tests.ops_cli.clone.made_up import killed, started, stopped


@pytest.fixture(autouse=True)
def _all_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulators, "answers", lambda _emulator: True)


def noted(places: Places) -> Places:
    last = recorded(places)
    assert last is not None
    assert remember(places, last) == ""
    return places


def test_each_sandbox_is_listed_with_its_state(tmp_path: Path) -> None:
    noted(started(tmp_path / "a", port=4510))
    noted(killed(tmp_path / "b"))
    noted(started(tmp_path / "c")).process.unlink()
    rows = look_around(None)
    assert [(Path(row.folder).name, row.state, row.endpoint) for row in rows] == [
        ("a", "running", "http://127.0.0.1:4510"),
        ("b", "killed", None),
        ("c", "stopped", None),
    ]
    assert rows[0].since is not None
    assert owner_of(4510) == str(tmp_path / "a")


def test_the_one_here_is_listed_though_an_earlier_version_started_it(tmp_path: Path) -> None:
    [row] = look_around(stopped(tmp_path))
    assert (row.folder, row.state, row.here) == (str(tmp_path), "stopped", True)


def test_one_whose_folder_is_gone_is_shown_a_last_time(tmp_path: Path) -> None:
    noted(killed(tmp_path / "a"))
    shutil.rmtree(tmp_path / "a")
    assert [row.state for row in look_around(None)] == ["gone"]
    assert look_around(None) == []


def test_an_emulator_that_outlived_its_folder_stays_on_the_list(tmp_path: Path) -> None:
    noted(started(tmp_path / "a"))
    shutil.rmtree(tmp_path / "a")
    for _ in range(2):
        [row] = look_around(None)
        assert (row.state, row.pid is not None) == ("gone", True)


def test_a_destroyed_sandbox_is_forgotten(tmp_path: Path) -> None:
    forget(noted(started(tmp_path / "a")))
    assert look_around(None) == []


def test_a_damaged_file_is_passed_over(tmp_path: Path) -> None:
    noted(started(tmp_path / "a"))
    (state_folder() / "sandboxes/damaged.json").write_text("{")
    assert len(look_around(None)) == 1


def test_a_list_that_cannot_be_kept_is_told_and_stops_nothing(tmp_path: Path) -> None:
    state_folder().parent.mkdir(parents=True, exist_ok=True)
    state_folder().touch()
    last = recorded(started(tmp_path / "a"))
    assert last is not None
    assert "cannot be written" in remember(Places(tmp_path / "a"), last)
    assert look_around(None) == []
