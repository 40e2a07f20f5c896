"""One command at a time changes the sandbox."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops_cli.sandbox.exclusive import exclusively
from opscore.errors import ExitCode, OpsError

HOLDS = """
import sys, time
from pathlib import Path
from ops_cli.sandbox.exclusive import exclusively
with exclusively(Path(sys.argv[1]), "opsctl sandbox up"):
    print("ready", flush=True)
    time.sleep(60)
"""


def hold(lock: Path) -> "subprocess.Popen[str]":
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder


def test_the_second_command_is_told_who_is_at_it_and_what_to_do(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "lock"
    holder = hold(lock)
    who = rf"`opsctl sandbox up` is running already: process {holder.pid}, since"
    try:
        with pytest.raises(OpsError, match=who) as told, exclusively(lock, "opsctl sandbox down"):
            pytest.fail("two at once")
        assert told.value.exit_code == ExitCode.FAILED
        assert f"kill {holder.pid}" in told.value.hint
    finally:
        holder.kill()
        holder.wait()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = hold(lock)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with exclusively(lock, "opsctl sandbox up"):
        assert str(os.getpid()) in lock.read_text()


def test_a_failed_command_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusively(tmp_path / "lock", "opsctl sandbox up"):
        raise ZeroDivisionError
    with exclusively(tmp_path / "lock", "opsctl sandbox up"):
        pass
