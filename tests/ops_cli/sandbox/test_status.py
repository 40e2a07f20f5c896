"""`sandbox status` tells what is, and changes nothing."""

import os
from pathlib import Path

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.process import Process, identify
from ops_cli.clone.record import Emulator, folder_of, write_record
from ops_cli.sandbox.applied import Applied, write_applied
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.status import look
from ops_cli.sandbox.terraform.deployment import deployment_at, fingerprint


@pytest.fixture
def clone(tmp_path: Path) -> Places:
    places = Places(tmp_path)
    places.folder.mkdir()
    (tmp_path / "terraform").mkdir()
    (tmp_path / "terraform/platform.tf").touch()
    (tmp_path / "build/sandbox").mkdir(parents=True)
    (tmp_path / "build/sandbox/manifest.json").write_text("{}")
    places.port.write_text("4510\n")
    return places


def record(places: Places, process: Process) -> None:
    write_record(places, Emulator(process, 4510, "life-1", "1.5.33", 1000.0, folder_of(places)))


def test_before_the_first_start_nothing_runs(tmp_path: Path) -> None:
    status = look(Places(tmp_path))
    assert (status.state, status.pid, status.applied) == ("stopped", None, "never")
    assert not (tmp_path / ".sandbox").exists()


def test_a_process_that_ended_by_itself_was_killed(clone: Places) -> None:
    record(clone, Process(os.getpid(), "an earlier beginning"))
    assert (look(clone).state, look(clone).pid) == ("killed", None)
    assert clone.process.exists(), "looking changes nothing"


def test_running_is_told_from_not_answering(clone: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    record(clone, identify(os.getpid()))
    monkeypatch.setattr(emulators, "answers", lambda _emulator: True)
    status = look(clone)
    assert (status.state, status.pid, status.endpoint) == ("running", os.getpid(), "http://127.0.0.1:4510")
    assert status.since is not None
    assert status.since.isoformat() == "1970-01-01T00:16:40+00:00"
    monkeypatch.setattr(emulators, "answers", lambda _emulator: False)
    assert look(clone).state == "not answering"


def test_what_was_applied_is_current_until_something_changes(clone: Places) -> None:
    deployment = deployment_at(clone, 4510)
    write_applied(clone, Applied(fingerprint(deployment), "life-1", "s", 2000.0))
    assert look(clone).applied == "current"
    (clone.root / "terraform/platform.tf").write_text("# changed\n")
    assert look(clone).applied == "outdated"
    deployment.manifest.unlink()
    assert look(clone).applied == "outdated"
