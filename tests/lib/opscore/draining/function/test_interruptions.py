"""Killed before or after any call, events twice, late or lost, clocks that jump: what never and what always happens."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from opscore.draining.policy import AtDeadline, Policy, Standalone
from opscore.draining.record import Outcome
from tests.lib.opscore.draining.model_aws import Killed, ModelHost, ModelTask
from tests.lib.opscore.draining.simulation import Simulation

HEARTBEAT = 450


def a_fleet(policy: Policy) -> Simulation:
    """Three hosts: one that empties soon, one with a task that no service stops, one that is empty."""
    simulation = Simulation(policy)
    tasks = [ModelTask("t1"), ModelTask("t2", stop_seconds=100), ModelTask("d1", "service:daemon")]
    hosts = [
        ModelHost("i-1", tasks=tasks),
        ModelHost("i-2", tasks=[ModelTask("t3"), ModelTask("t4", "family:batch", moves_after=inf)]),
        ModelHost("i-3"),
    ]
    for host in hosts:
        simulation.terminate(simulation.aws.add(host))
    return simulation


def ending(simulation: Simulation) -> dict[str, tuple[object, ...]]:
    hosts = simulation.aws.hosts
    return {
        drain.drain_id: (drain.outcome, drain.killed, drain.stopped, hosts[drain.instance_id].ended_by, drain.why)
        for drain in simulation.drains.all()
    }


POLICIES = {
    "keep": Policy(deadline_seconds=600, heartbeat_timeout_seconds=HEARTBEAT),
    "let go": Policy(deadline_seconds=600, heartbeat_timeout_seconds=HEARTBEAT, at_deadline=AtDeadline.LET_GO),
    "stop": Policy(
        deadline_seconds=600, heartbeat_timeout_seconds=HEARTBEAT, standalone=Standalone.STOP, stop_after_seconds=60
    ),
}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("policy", POLICIES.values(), ids=list(POLICIES))
def test_killed_at_any_call_the_drains_end_as_if_nothing_had_happened(policy: Policy, side: str) -> None:
    undisturbed = a_fleet(policy)
    undisturbed.run(1200)
    expected = ending(undisturbed)
    assert all(found[0] for found in expected.values())
    assert undisturbed.aws.number > 100
    for number in range(undisturbed.aws.number):
        simulation = a_fleet(policy)
        setattr(simulation.aws, side, killer({number}))
        simulation.run(1200)
        assert simulation.kills == 1
        found = ending(simulation)
        # A stop that was sent and not recorded is sent again, or not counted: StopTask may be repeated.
        assert {key: values[:2] + values[3:] for key, values in found.items()} == {
            key: values[:2] + values[3:] for key, values in expected.items()
        }, f"killed {side} call {number}"


def killer(numbers: set[int]) -> Callable[[int], None]:
    def look(number: int) -> None:
        if number in numbers:
            raise Killed

    return look


@dataclass(frozen=True)
class Story:
    """What may happen to one host's termination."""

    tasks: list[tuple[str, float, float]]
    delays: tuple[float, ...]
    begins: float


TIMES = st.sampled_from([0.0, 5.0, 30.0, 200.0])
TASKS = st.lists(
    st.tuples(
        st.sampled_from(["service:web", "service:api", "service:daemon", "family:batch"]),
        st.sampled_from([0.0, 10.0, 120.0, inf]),
        st.sampled_from([0.0, 20.0, 400.0]),
    ),
    max_size=4,
)
STORIES = st.builds(Story, TASKS, st.lists(TIMES, max_size=3).map(tuple), TIMES)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    stories=st.lists(STORIES, min_size=1, max_size=3),
    killed_before=st.sets(st.integers(0, 400), max_size=4),
    killed_after=st.sets(st.integers(0, 400), max_size=4),
    jumps=st.lists(st.tuples(st.integers(0, 600), st.integers(-300, 300)), max_size=3),
    at_deadline=st.sampled_from(AtDeadline),
    standalone=st.sampled_from(Standalone),
    lag=st.sampled_from([0.0, 2.0, 20.0]),
)
@example(  # Killed after the action was ended, while the index did not show the verdict yet and a heartbeat was due.
    stories=[Story([], (0.0,), 0.0), Story([("service:web", 0.0, 400.0)], (), 0.0)],
    killed_before=set(),
    killed_after={0, 91, 220},
    jumps=[(90, 210)],
    at_deadline=AtDeadline.LET_GO,
    standalone=Standalone.WAIT,
    lag=20.0,
)
def test_whatever_happens_no_task_is_killed_early_no_heartbeat_is_late_and_no_host_waits_for_ever(
    stories: list[Story],
    killed_before: set[int],
    killed_after: set[int],
    jumps: list[tuple[int, int]],
    at_deadline: AtDeadline,
    standalone: Standalone,
    lag: float,
) -> None:
    policy = Policy(600, at_deadline, standalone, 100, HEARTBEAT)
    simulation = Simulation(policy, lag=lag)
    simulation.aws.before, simulation.aws.after = killer(killed_before), killer(killed_after)
    ends: dict[str, tuple[str, int, int]] = {}
    simulation.aws.terminated = lambda host: ends.update(
        {host.instance_id: (host.ended_by, host.killed, simulation.clock())}
    )
    hosts = [
        ModelHost(
            f"i-{number}",
            tasks=[
                ModelTask(f"t{number}-{index}", group, moves if group.startswith("service") else inf, stops)
                for index, (group, moves, stops) in enumerate(story.tasks)
            ],
        )
        for number, story in enumerate(stories)
    ]
    steps = [(story.begins, "begin", number) for number, story in enumerate(stories)]
    for at, what, value in sorted([*steps, *((at, "jump", by) for at, by in jumps)]):
        simulation.run(at)
        if what == "begin":
            simulation.terminate(simulation.aws.add(hosts[value]), delays=stories[value].delays)
        else:
            simulation.skew += value
    # The deadline, the sum of backward jumps, and what eight kills may cost.
    simulation.run(3000)

    records = {drain.instance_id: drain for drain in simulation.drains.all()}
    assert len(records) == len(simulation.drains.all()) == len(hosts)
    for host in hosts:
        drain = records[host.instance_id]
        assert host.lifecycle in ("Terminated", "Terminating:Retained")
        assert host.ended_by != "timeout", "a heartbeat was late"
        assert not drain.is_open
        if host.killed:
            assert (at_deadline, drain.outcome) == (AtDeadline.LET_GO, Outcome.LET_GO)
            assert drain.killed >= host.killed
            assert ends[host.instance_id][2] >= drain.deadline
        if drain.outcome is Outcome.DRAINED:
            assert host.killed == 0
        if host.lifecycle == "Terminating:Retained":
            assert drain.outcome is Outcome.KEPT
