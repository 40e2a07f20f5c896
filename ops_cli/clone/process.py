"""Processes by identity: a process id together with when that process began, because ids are used again."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process that ran at some time: its id, and a word for its beginning that no later process shares."""

    pid: int
    began: str

    def is_running(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return bool(self.began) and beginning_of(self.pid) == self.began

    def stop(self, *, grace_seconds: float) -> bool:
        """Ask with SIGTERM and wait; after `grace_seconds` SIGKILL. Return whether SIGTERM was enough."""
        for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5.0)):
            if not self._signal_and_wait(number, seconds):
                continue
            return number == signal.SIGTERM
        return False

    def _signal_and_wait(self, number: signal.Signals, seconds: float) -> bool:
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
        deadline = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            _reap(self.pid)
            time.sleep(0.02)
        return True


def identify(pid: int) -> Process:
    """Return the identity of the process that has this id now."""
    return Process(pid, beginning_of(pid))


def beginning_of(pid: int) -> str:
    """Return a word for when process `pid` began, empty when none runs under that id."""
    return _beginning_from_proc(pid) if (_PROC / "self" / "stat").exists() else _beginning_from_ps(pid)


def _beginning_from_proc(pid: int) -> str:
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    # The name in parentheses may hold anything; state is the first field after it, start time the twentieth (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else f"{boot}/{fields[19]}"


def _beginning_from_ps(pid: int) -> str:
    import subprocess  # every command asks for a process, and most machines have /proc

    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C", **os.environ})
    state, _, began = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else began.strip()


def _reap(pid: int) -> None:
    """Collect `pid` if it is a child of ours, so that it does not stay as a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
