"""A Terraform that outlived its `sandbox up` is found by the lock it holds, and waited for."""

import subprocess
import sys
from pathlib import Path

import pytest

from ops_cli.sandbox.terraform import lock as terraform_lock
from ops_cli.sandbox.terraform.lock import holder, wait_for_holder
from opscore.errors import OpsError

LIKE_TERRAFORM = """
import fcntl, sys
with open(sys.argv[1], "r+b") as state:
    fcntl.lockf(state, fcntl.LOCK_EX)
    print("ready", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    (folder / "terraform.tfstate").write_text("{}")
    command = [sys.executable, "-c", LIKE_TERRAFORM, str(folder / "terraform.tfstate")]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def test_nobody_holds_a_state_that_is_not_there_or_free(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    (tmp_path / "terraform.tfstate").write_text("{}")
    assert holder(tmp_path) is None


def test_the_holder_is_named_and_waited_for(tmp_path: Path) -> None:
    child, said = hold(tmp_path), list[str]()

    def sleep(_seconds: float) -> None:
        child.communicate()

    assert holder(tmp_path) == child.pid
    wait_for_holder(tmp_path, said.append, sleep=sleep)
    assert len(said) == 1
    assert f"an interrupted run (process {child.pid}) is still at work" in said[0]
    assert holder(tmp_path) is None


def test_a_killed_holder_holds_nothing_and_its_note_is_cleared_away(tmp_path: Path) -> None:
    child = hold(tmp_path)
    note = tmp_path / ".terraform.tfstate.lock.info"
    note.write_text("{}")
    child.kill()
    child.communicate()
    wait_for_holder(tmp_path, pytest.fail)
    assert not note.exists()


def test_waiting_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = hold(tmp_path)
    monkeypatch.setattr(terraform_lock, "LONGEST_WAIT_SECONDS", 0.0)
    try:
        with pytest.raises(OpsError, match=rf"process {child.pid}\) does not end"):
            wait_for_holder(tmp_path, lambda _line: None)
    finally:
        child.communicate()
