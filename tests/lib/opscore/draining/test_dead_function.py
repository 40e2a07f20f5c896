"""Everything of ours is dead from some second on: what a fleet that keeps hosts loses then."""

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from opscore.draining.function.schedule import sweep
from opscore.draining.policy import Policy
from tests.lib.opscore.draining.model_aws import ModelHost, ModelTask
from tests.lib.opscore.draining.simulation import Simulation

LATEST = 900
MOVES = st.sampled_from([0.0, 30.0, 400.0, inf])


@settings(max_examples=100, deadline=None)
@given(
    moves=st.lists(MOVES, min_size=1, max_size=4),
    terminated_at=st.integers(0, LATEST),
    dead_from=st.integers(0, LATEST),
    is_heard=st.booleans(),
)
def test_no_task_is_killed_whenever_the_function_dies_after_its_first_sweep(
    moves: list[float], terminated_at: int, dead_from: int, is_heard: bool
) -> None:
    simulation = Simulation(Policy(deadline_seconds=600, heartbeat_timeout_seconds=300))
    tasks = [ModelTask(f"t{number}", moves_after=after) for number, after in enumerate(moves)]
    host = simulation.aws.add(ModelHost("i-1", tasks=tasks))
    sweep(simulation.wiring, simulation.pollers)
    for at, happens in sorted([(terminated_at, "terminate"), (dead_from, "die")]):
        simulation.run(at)
        if happens == "terminate":
            simulation.terminate(host, delays=(1,) if is_heard else ())
        else:
            simulation.next_sweep = inf
            simulation.executions.clear()
            simulation.messages.clear()
    if terminated_at >= dead_from:
        simulation.messages.clear()
    simulation.run(LATEST + 5000)
    assert host.killed == 0
    assert host.lifecycle in ("Terminating:Retained", "Terminated")
