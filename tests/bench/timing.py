"""Time whole processes in turn, A B A B, so that a drifting machine hits both alike."""

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any


def cpu_seconds(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Run `command` once and return the processor time, user and system, of it and its children."""
    process = subprocess.Popen(
        command, env=dict(environment or os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exits with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def compare(
    metric: str,
    ours: Sequence[str],
    peer: Sequence[str],
    goal: float,
    *,
    runs: int = 9,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a bench row: median processor seconds of both, and the median of the ratios pair by pair."""
    for command in (ours, peer):
        cpu_seconds(command, environment)
    pairs = [(cpu_seconds(ours, environment), cpu_seconds(peer, environment)) for _ in range(runs)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    return {
        "metric": metric,
        "ours": round(statistics.median(mine for mine, _ in pairs), 4),
        "peer": round(statistics.median(other for _, other in pairs), 4),
        "ratio": round(ratio, 3),
        "goal": f"<= {goal}",
        "met": ratio <= goal,
    }
