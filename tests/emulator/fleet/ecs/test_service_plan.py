"""A service stays between its percentages, and its daemons leave a host last."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.ecs.service_plan import TaskFact, daemon_step, replica_step

TASKS = st.lists(
    st.builds(
        TaskFact,
        arn=st.uuids().map(str),
        status=st.sampled_from(["PENDING", "RUNNING"]),
        host=st.sampled_from(["1", "2"]),
        host_drains=st.booleans(),
        current=st.booleans(),
        healthy=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda task: task.arn,
)


@given(st.integers(0, 10), st.integers(0, 100), st.integers(100, 200), TASKS)
def test_a_service_stays_between_its_percentages(desired: int, least: int, most: int, tasks: list[TaskFact]) -> None:
    step = replica_step(desired, least, most, tasks)
    kept = [task for task in tasks if task.arn not in step.stop]
    healthy = sum(task.counts for task in tasks)
    # Stopping never brings the healthy ones below the minimum; it need not bring them up to it.
    assert sum(task.counts for task in kept) >= min(math.ceil(desired * least / 100), healthy, desired)
    if step.start:
        assert len(tasks) - len([t for t in tasks if t.leaves and t.status == "PENDING"]) + step.start <= max(
            desired * most // 100, 1
        )
    assert not {task.arn for task in tasks if task.leaves and task.status == "PENDING"} - set(step.stop)


def test_a_service_at_100_and_100_percent_does_not_move() -> None:
    tasks = [TaskFact(str(n), "RUNNING", "1", host_drains=True) for n in range(2)]
    step = replica_step(2, 100, 100, tasks)
    assert (step.start, step.stop) == (0, ())
    assert step.blocked


@pytest.mark.parametrize(("busy", "stopped"), [(["1"], ()), ([], ("d1",))])
def test_a_daemon_on_a_draining_host_waits_for_the_others(busy: list[str], stopped: tuple[str, ...]) -> None:
    tasks = [TaskFact("d1", "RUNNING", "1", host_drains=True), TaskFact("d2", "RUNNING", "2", host_drains=False)]
    step, missing = daemon_step(["2"], tasks, busy)
    assert (step.stop, missing) == (stopped, [])
