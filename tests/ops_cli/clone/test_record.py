"""The record of an emulator says whose it is and whether it still runs."""

import shutil
from pathlib import Path

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.record import any_record, recorded, running
from tests.ops_cli.clone.made_up import killed, started, stopped


def test_a_record_is_read_as_written(tmp_path: Path) -> None:
    places = started(tmp_path, port=4510)
    found = running(places)
    assert found is not None
    assert (found.port, found.endpoint, found.folder) == (4510, "http://127.0.0.1:4510", str(places.folder))


def test_what_is_stopped_has_no_record_and_what_was_killed_does_not_run(tmp_path: Path) -> None:
    assert recorded(stopped(tmp_path / "stopped")) is None
    places = killed(tmp_path / "killed")
    assert recorded(places) is not None
    assert running(places) is None


def test_the_record_in_a_copy_is_that_of_the_other_folder(tmp_path: Path) -> None:
    started(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    copy = Places(tmp_path / "two")
    assert any_record(copy) is not None
    assert recorded(copy) is None
    assert running(copy) is None


def test_a_link_to_the_clone_is_the_same_clone(tmp_path: Path) -> None:
    started(tmp_path / "one")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert running(Places(tmp_path / "link")) is not None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"process": 1}', '{"process": {"pid": 1, "began": "x"}, "port": 1}'])
def test_what_another_version_wrote_is_no_record(tmp_path: Path, text: str) -> None:
    places = stopped(tmp_path)
    places.process.write_text(text)
    assert any_record(places) is None
