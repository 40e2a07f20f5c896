"""How fast dead letters are replayed, and in how much memory; against loops that people write, on a local stand-in.

The peers long-poll, which few tools do: with short polls they would be slower still (one row shows it). Set
OPSCTL_BENCH_FULL=1 to replay a whole million for the memory figure; otherwise most of them are taken over from the
journal of an earlier process, which costs the same memory and no time.
"""

import os
import subprocess
import sys
import time
from typing import Any

from tests.bench.replay.loops import Speed, coupled_workers, engine

CONNECTIONS = 16
MILLION = 1_000_000
REPLAYED = 40_000
MEGABYTES = 150


def run() -> list[dict[str, Any]]:
    """Measure speed at two latencies, then memory."""
    rows: list[dict[str, Any]] = []
    for latency, messages in ((0.020, 30_000), (0.080, 30_000)):
        rows += _speed(latency, messages)
    return [*rows, _short_polls(), _replay_memory(), _analyse_memory()]


def _speed(latency: float, messages: int) -> list[dict[str, Any]]:
    at = f"at {latency * 1000:.0f} ms"
    ours = engine(messages, latency)
    same = engine(messages // 2, latency, workers=CONNECTIONS, maximum=CONNECTIONS)
    serial = coupled_workers(round(4 / latency), latency, workers=1, wait_seconds=1)
    coupled = coupled_workers(messages // 3, latency, workers=CONNECTIONS, wait_seconds=1)
    full = coupled_workers(messages // 2, latency, workers=CONNECTIONS, wait_seconds=1, lean=True)
    return [
        _faster(f"replay / serial loop, {at}, msg/s", ours, serial, 15.0),
        _faster(f"replay / {CONNECTIONS} uncoordinated workers, {at}, msg/s", ours, coupled, 1.3),
        # Workers that always get ten messages make no call with less, and these use our own client and keep no
        # journal: the most that so many connections can do.
        _faster(f"replay on {CONNECTIONS} connections / full batches on as many, {at}, msg/s", same, full, 0.85),
    ]


def _short_polls() -> dict[str, Any]:
    latency = 0.020
    ours = engine(10_000, latency, workers=CONNECTIONS, maximum=CONNECTIONS)
    coupled = coupled_workers(5_000, latency, workers=CONNECTIONS, wait_seconds=0)
    name = f"replay / uncoordinated short-polling workers, {CONNECTIONS} connections each, at 20 ms, msg/s"
    return _faster(name, ours, coupled, 1.3)


def _faster(metric: str, ours: Speed, peer: Speed, goal: float) -> dict[str, Any]:
    ratio = ours.rate / peer.rate
    return {
        "metric": metric,
        "ours": round(ours.rate),
        "peer": round(peer.rate),
        "ratio": round(ratio, 2),
        "goal": f"at least {goal}",
        "met": ratio >= goal,
    }


def _replay_memory() -> dict[str, Any]:
    replayed = MILLION if os.environ.get("OPSCTL_BENCH_FULL") else REPLAYED
    used, seconds = _peak("replay", replayed, MILLION - replayed)
    note = f"{replayed:,} replayed in {seconds:.0f} s, {MILLION - replayed:,} taken over from the journal"
    return _under(f"peak memory of replaying {MILLION:,} dead letters ({note}), MB", used, MEGABYTES)


def _analyse_memory() -> dict[str, Any]:
    (small, _), (large, seconds) = _peak("analyse", 10_000), _peak("analyse", 100_000)
    row = _under(f"peak memory of analysing 100,000 messages once ({seconds:.0f} s) / 10,000, MB", large, 1.25 * small)
    return row | {"peer": round(small), "ratio": round(large / small, 2), "goal": "at most 1.25"}


def _under(metric: str, used: float, most: float) -> dict[str, Any]:
    ratio = round(used / most, 2)
    return {
        "metric": metric,
        "ours": round(used),
        "peer": most,
        "ratio": ratio,
        "goal": "at most 1",
        "met": used <= most,
    }


def _peak(*job: object) -> tuple[float, float]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "tests.bench.replay.memory", *map(str, job)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(answer.stdout), time.perf_counter() - began
