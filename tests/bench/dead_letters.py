"""How fast dead letters are replayed, and in how much memory; against loops that people write, on a local stand-in.

The peers long-poll, which few tools do: with short polls they would be slower still (one row shows it). Set
OPSCTL_BENCH_FULL=1 to replay a whole million for the memory figure; otherwise most of them are taken over from the
journal of an earlier process, which costs the same memory and no time.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.replay.loops import Speed, coupled_workers, engine

CONNECTIONS = 16
SERIAL_GOAL = 15.0
TIMES = 3
MILLION = 1_000_000
REPLAYED = 40_000
MEGABYTES = 150


def run() -> list[dict[str, Any]]:
    """Measure speed at two latencies, under throttling and on few connections, then memory."""
    return [
        *_speed(0.020, 20_000),
        *_speed(0.080, 20_000),
        _share_of_the_ideal(0.020),
        _share_under_throttling(0.020, 100),
        _short_polls(),
        _replay_memory(),
        _analyse_memory(),
    ]


def _speed(latency: float, messages: int) -> list[dict[str, Any]]:
    """Compare with one serial loop, and with workers that do not know of each other, on botocore's client each."""
    at = f"at {latency * 1000:.0f} ms"
    ours = _best(lambda: engine(messages, latency))
    serial = _best(lambda: coupled_workers(round(4 / latency), latency, workers=1, wait_seconds=1))
    coupled = _best(lambda: coupled_workers(messages // 4, latency, workers=CONNECTIONS, wait_seconds=1))
    return [
        _faster(f"replay / serial loop, {at}, msg/s", ours, serial, SERIAL_GOAL),
        _faster(f"replay / {CONNECTIONS} uncoordinated workers, {at}, msg/s", ours, coupled, 1.3),
    ]


def _share_of_the_ideal(latency: float) -> dict[str, Any]:
    """Compare with the most that so many connections can do.

    Those are workers that always get ten messages and so make no call with less, use our own client, and write down
    nothing. What is missing is what it costs to have each batch on the disk before it goes and after it arrived.
    """
    pairs = [
        (
            engine(6_000, latency, workers=CONNECTIONS, maximum=CONNECTIONS),
            coupled_workers(6_000, latency, workers=CONNECTIONS, wait_seconds=1, lean=True),
        )
        for _ in range(TIMES)
    ]
    ours, full = max((same for same, _ in pairs), key=_rate), max((full for _, full in pairs), key=_rate)
    name = f"replay on {CONNECTIONS} connections / full batches on as many, at {latency * 1000:.0f} ms, msg/s"
    return _faster(name, ours, full, 0.85)


def _share_under_throttling(latency: float, calls_a_second: int) -> dict[str, Any]:
    """Compare with full batches at the permitted rate: three calls for ten messages."""
    ours = _best(lambda: engine(3_000, latency, calls_a_second=calls_a_second))
    permitted = Speed(10, 3 / calls_a_second)
    return _faster(f"replay at a throttle of {calls_a_second} calls/s / what that permits, msg/s", ours, permitted, 0.8)


def _short_polls() -> dict[str, Any]:
    latency = 0.020
    ours = _best(lambda: engine(8_000, latency, workers=CONNECTIONS, maximum=CONNECTIONS))
    coupled = _best(lambda: coupled_workers(3_000, latency, workers=CONNECTIONS, wait_seconds=0))
    name = f"replay / uncoordinated short-polling workers, {CONNECTIONS} connections each, at 20 ms, msg/s"
    return _faster(name, ours, coupled, 1.3)


def _best(measure: Callable[[], Speed]) -> Speed:
    """Return the best of a few runs: what else the machine does only makes a run slower."""
    return max((measure() for _ in range(TIMES)), key=_rate)


def _rate(speed: Speed) -> float:
    return speed.rate


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
