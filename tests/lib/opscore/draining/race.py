"""The same trace of terminations for every way to drain, and what came of it."""

import contextlib
import io
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from opscore.draining.policy import Policy
from tests.lib.opscore.draining.model_aws import READS, ModelAws, ModelHost, ModelTask
from tests.lib.opscore.draining.peers import Peer, run_peer, sample, sleeper
from tests.lib.opscore.draining.simulation import Simulation

CLUSTER_HOSTS = 1000
DRAINING_HOSTS = 500
TASKS_EACH = 10
LONGEST = 1800
WINDOW_SECONDS = 15


@dataclass(frozen=True)
class Outcome:
    """What one way did. `host_seconds` sums how long each host took; `peak` is reads/s in the busiest 15 seconds."""

    way: str
    tasks_killed: int
    released_early: int
    still_waiting: int
    reads: int
    calls: int
    host_seconds: float
    seconds: float
    peak: float

    @property
    def reads_per_host(self) -> float:
        """ECS read calls a second for each host that drains."""
        return self.reads / self.host_seconds


def trace(aws: ModelAws, seed: int = 1) -> list[ModelHost]:
    """Add a cluster and return the hosts that terminate at once.

    Ten tasks a host; a service stops them within a minute, and they take between 5 seconds and 5 minutes to end, as the
    deregistration delay of a load balancer has it. One host in fifty holds a task that takes 20 minutes.
    """
    chance = random.Random(seed)
    hosts = []
    for number in range(CLUSTER_HOSTS):
        tasks = [
            ModelTask(
                f"t{number}-{index}",
                f"service:web-{chance.randrange(40)}",
                moves_after=chance.uniform(5, 60),
                stop_seconds=chance.uniform(5, 300),
            )
            for index in range(TASKS_EACH)
        ]
        if number % 50 == 0:
            tasks[0].stop_seconds = 1200
        hosts.append(aws.add(ModelHost(f"i-{number}", tasks=tasks)))
    return chance.sample(hosts, DRAINING_HOSTS)


def ours(heartbeat: int = 900) -> Outcome:
    simulation = Simulation(Policy(heartbeat_timeout_seconds=heartbeat))
    hosts = trace(simulation.aws)
    for host in hosts:
        simulation.terminate(host)
    with contextlib.redirect_stdout(io.StringIO()):
        return _measured("opsctl", simulation.aws, hosts, lambda: simulation.run(LONGEST))


def theirs(name: str, peer: Peer, heartbeat: int = 900) -> Outcome:
    aws = ModelAws(heartbeat_timeout=heartbeat)
    hosts = trace(aws)
    for host in hosts:
        aws.terminate(host)
    return _measured(name, aws, hosts, lambda: run_peer(aws, peer, hosts, LONGEST))


def _measured(way: str, aws: ModelAws, hosts: list[ModelHost], run: Callable[[], None]) -> Outcome:
    ends: list[float] = []
    windows: Counter[int] = Counter()

    def note_reads(name: str) -> None:
        if name in READS:
            windows[int(aws.now // WINDOW_SECONDS)] += 1

    aws.terminated = lambda _host: ends.append(aws.now)
    aws.called = note_reads
    run()
    return Outcome(
        way=way,
        tasks_killed=sum(host.killed for host in hosts),
        released_early=sum(bool(host.killed) for host in hosts),
        still_waiting=sum(not host.gone for host in hosts),
        reads=aws.reads,
        calls=sum(count for name, count in aws.calls.items() if not name.startswith("db_")),
        host_seconds=sum(ends) + LONGEST * (len(hosts) - len(ends)),
        seconds=max(ends),
        peak=max(windows.values()) / WINDOW_SECONDS,
    )


def race() -> list[Outcome]:
    """Run all ways on the same trace: AWS's sample, a sleeping function, ours."""
    return [theirs("AWS's sample", sample), theirs("a sleeping function", sleeper), ours()]


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as a Markdown table."""
    titles = ("way to drain", "tasks killed", "hosts released early", "ECS reads", "reads/s and host", "busiest 15 s")
    rows = [titles, ("---",) * len(titles)]
    for found in outcomes:
        figures = f"{found.tasks_killed:,}", f"{found.released_early:,}", f"{found.reads:,}"
        rows.append((found.way, *figures, f"{found.reads_per_host:.3f}", f"{found.peak:,.1f} reads/s"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(table(race()) + "\n")
