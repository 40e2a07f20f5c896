"""Everything that may happen to a host in any order, with crashes, late and repeated messages and clocks that jump."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opscore.draining.policy import AtDeadline, Policy, Standalone
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Undo
from tests.lib.opscore.draining.model_aws import Killed, ModelAws, ModelHost, ModelTask
from tests.lib.opscore.draining.simulation import EPOCH, MemoryDrains, Simulation, order

HEARTBEAT = 450
LATEST = 700


@dataclass(frozen=True)
class Step:
    """At some second something happens to the host of that number; its messages arrive after the delays."""

    at: float
    what: str
    host: int
    delays: tuple[float, ...] = (1.0,)


WHAT = ("terminate", "spot notice", "order", "undo", "ended by hand", "agent lost", "agent back", "clock +", "clock -")
STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, LATEST).map(float),
        st.sampled_from(WHAT),
        st.integers(0, 2),
        st.lists(st.sampled_from([0.0, 1.0, 40.0, 300.0]), min_size=0, max_size=2).map(tuple),
    ),
    min_size=2,
    max_size=10,
)
TASKS = st.lists(
    st.tuples(
        st.sampled_from(["service:web", "service:daemon", "family:batch"]),
        st.sampled_from([0.0, 10.0, 120.0, inf]),
        st.sampled_from([0.0, 20.0, 400.0]),
    ),
    max_size=3,
)


class WatchedDrains(MemoryDrains):
    """A table that looks at the host whenever somebody writes that it is drained; `lies` holds what was not so.

    It raises nothing: the drivers outlive whatever goes wrong with one host.
    """

    def __init__(self, aws: ModelAws, lag: float) -> None:
        super().__init__(aws, lag)
        self.lies: list[str] = []

    def update(self, before: Drain, after: Drain) -> None:
        host, now = self._aws.hosts[after.instance_id], self._aws.now
        if before.verdict is None and after.verdict is Outcome.DRAINED:
            left = [task.task_id for task in host.unstopped(now)]
            if left or host.status != "DRAINING":
                self.lies.append(f"{after.drain_id} was called drained at {now}: {host.status}, {left}")
        super().update(before, after)


def killer(numbers: set[int]) -> Callable[[int], None]:
    def look(number: int) -> None:
        if number in numbers:
            raise Killed

    return look


def happen(simulation: Simulation, step: Step) -> None:
    """Do what a step says, unless the host is past it."""
    host = simulation.aws.hosts[f"i-{step.host}"]
    now = simulation.aws.now
    if step.what.startswith("clock"):
        simulation.skew += 200 if step.what.endswith("+") else -200
    elif host.gone:
        return
    elif step.what == "terminate" and host.lifecycle == "InService":
        simulation.terminate(host, delays=step.delays)
    elif step.what == "spot notice":
        event = {
            "detail-type": "EC2 Spot Instance Interruption Warning",
            "time": dt.datetime.fromtimestamp(EPOCH + now, dt.UTC).isoformat(),
            "detail": {"instance-id": host.instance_id, "instance-action": "terminate"},
        }
        simulation.messages += [(now + delay, json.dumps(event)) for delay in step.delays]
    elif step.what in ("order", "undo"):
        at = int(EPOCH + now)
        wanted = order(host, at) if step.what == "order" else Undo(host.instance_id, host.group, "ada", at)
        simulation.messages += [(now + delay, wanted.to_json()) for delay in step.delays]
    elif step.what == "ended by hand":
        simulation.aws.end(host, "hand")
    elif step.what.startswith("agent"):
        host.agent_connected = step.what.endswith("back")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tasks=st.lists(TASKS, min_size=3, max_size=3),
    steps=STEPS,
    killed_before=st.sets(st.integers(0, 400), max_size=3),
    killed_after=st.sets(st.integers(0, 400), max_size=3),
    at_deadline=st.sampled_from(AtDeadline),
    standalone=st.sampled_from(Standalone),
    lag=st.sampled_from([0.0, 2.0, 20.0]),
)
def test_in_every_story_each_drain_ends_truthfully_and_each_held_host_goes_or_is_kept(
    tasks: list[list[tuple[str, float, float]]],
    steps: list[Step],
    killed_before: set[int],
    killed_after: set[int],
    at_deadline: AtDeadline,
    standalone: Standalone,
    lag: float,
) -> None:
    simulation = Simulation(Policy(600, at_deadline, standalone, 100, HEARTBEAT), lag=lag)
    simulation.drains = watched = WatchedDrains(simulation.aws, lag)
    for number, some in enumerate(tasks):
        running = [
            ModelTask(f"t{number}-{index}", group, moves if group.startswith("service") else inf, stops)
            for index, (group, moves, stops) in enumerate(some)
        ]
        simulation.aws.add(ModelHost(f"i-{number}", tasks=running))
    simulation.aws.before, simulation.aws.after = killer(killed_before), killer(killed_after)
    open_at_end: dict[str, bool] = {}
    simulation.aws.terminated = lambda host: open_at_end.update(
        {host.instance_id: any(one.is_open for one in simulation.drains.all() if one.instance_id == host.instance_id)}
    )
    for step in sorted(steps, key=lambda step: step.at):
        simulation.run(step.at)
        happen(simulation, step)
    simulation.run(LATEST + 4000)
    assert watched.lies == []
    for host in simulation.aws.hosts.values():
        check(host, [one for one in simulation.drains.all() if one.instance_id == host.instance_id], at_deadline)
        last = max(
            (one for one in simulation.drains.all() if one.instance_id == host.instance_id), key=attempt, default=None
        )
        if host.ended_by == "hand" and host.killed and open_at_end[host.instance_id] and last and last.looked_at:
            assert (last.outcome, last.killed >= host.killed) == (Outcome.LOST, True)


def attempt(drain: Drain) -> int:
    return drain.attempt


def check(host: ModelHost, drains: list[Drain], at_deadline: AtDeadline) -> None:
    """Hold the end of a host against the records of its drains."""
    assert host.lifecycle != "Terminating:Wait", "waits for ever"
    assert host.ended_by != "timeout", "a heartbeat was late"
    assert all(not drain.is_open for drain in drains), "a drain is open for ever"
    assert sorted(map(attempt, drains)) == list(range(1, len(drains) + 1))
    outcomes = {drain.outcome for drain in drains}
    if host.ended_by == "CONTINUE" and host.killed:
        assert at_deadline is AtDeadline.LET_GO
        assert any(drain.outcome is Outcome.LET_GO and drain.killed >= host.killed for drain in drains)
    if host.lifecycle == "Terminating:Retained":
        assert Outcome.KEPT in outcomes
    if Outcome.UNDONE in outcomes:
        assert any(drain.cause is Cause.OPERATOR for drain in drains)
