"""Processes are known by identity, not by number."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ops_cli.clone import process
from ops_cli.clone.process import Process, identify

SLEEPS = "print('ready', flush=True); import time; time.sleep(60)"


def start(code: str) -> "subprocess.Popen[str]":
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


@pytest.fixture
def child() -> Iterator["subprocess.Popen[str]"]:
    child = start(SLEEPS)
    yield child
    child.kill()
    child.wait()


def test_a_running_process_is_known_again(child: "subprocess.Popen[str]") -> None:
    assert identify(child.pid) == identify(child.pid)
    assert identify(child.pid).is_running()


def test_a_number_that_is_used_again_is_another_process(child: "subprocess.Popen[str]") -> None:
    earlier = Process(child.pid, "an earlier beginning")
    assert not earlier.is_running()
    assert earlier.stop(grace_seconds=0.1)
    assert child.poll() is None, "only the process that was meant may be stopped"


def test_a_process_that_never_was_does_not_run() -> None:
    assert not Process(2**22 + 1, "").is_running()
    assert not identify(2**22 + 1).is_running()


def test_a_zombie_does_not_run(child: "subprocess.Popen[str]") -> None:
    known = identify(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not known.is_running()


def test_stopping_waits_for_the_end(child: "subprocess.Popen[str]") -> None:
    known = identify(child.pid)
    assert known.stop(grace_seconds=10)
    assert not known.is_running()


def test_a_process_that_does_not_listen_is_killed_and_that_is_told() -> None:
    child = start(f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}")
    known = identify(child.pid)
    assert not known.stop(grace_seconds=0.1)
    assert not known.is_running()


def test_without_proc_the_beginning_comes_from_ps(child: "subprocess.Popen[str]") -> None:
    assert process._beginning_from_ps(child.pid)
    assert process._beginning_from_ps(child.pid) == process._beginning_from_ps(child.pid)
    assert not process._beginning_from_ps(2**22 + 1)
