"""The drain function: one entry for its queue, its poller and its schedule."""

import json
from typing import Any

import pytest
from ecs_drain.core import Setup, answer

from opscore.draining.policy import Policy
from opscore.queues.worker import Retry
from tests.lib.opscore.draining.model_aws import ModelHost, ModelTask
from tests.lib.opscore.draining.simulation import Simulation


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(Policy(heartbeat_timeout_seconds=300))


@pytest.fixture
def send(simulation: Simulation) -> Any:
    def run(event: dict[str, Any]) -> Any:
        setup = Setup(simulation.wiring, simulation.pollers, Retry(0, lambda *_: None, lambda: 0.0))
        return answer(event, setup, lambda: 60_000)

    return run


def batch(*bodies: str) -> dict[str, Any]:
    records = [
        {
            "messageId": f"message-{number}",
            "receiptHandle": f"handle-{number}",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        for number, body in enumerate(bodies)
    ]
    return {"Records": records}


def terminating(simulation: Simulation, *names: str) -> list[str]:
    for name in names:
        simulation.terminate(simulation.aws.add(ModelHost(name, tasks=[ModelTask(f"{name}-t")])))
    bodies = [body for _, body in simulation.messages]
    simulation.messages.clear()
    return bodies


def test_a_batch_of_ten_hosts_is_set_draining_in_four_calls(simulation: Simulation, send: Any) -> None:
    bodies = terminating(simulation, *(f"i-{number}" for number in range(10)))
    assert send(batch(*bodies)) == {"batchItemFailures": []}
    assert {host.status for host in simulation.aws.hosts.values()} == {"DRAINING"}
    calls = simulation.aws.calls
    assert (calls["list_container_instances"], calls["describe_container_instances"]) == (1, 1)
    assert calls["update_container_instances_state"] == 1
    assert len(simulation.executions) == 1


def test_a_message_that_nobody_understands_goes_back_and_takes_no_other_with_it(
    simulation: Simulation, send: Any
) -> None:
    bodies = terminating(simulation, "i-1")
    assert send(batch("{}", *bodies)) == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert simulation.aws.hosts["i-1"].status == "DRAINING"


def test_the_poller_is_told_when_it_is_over(simulation: Simulation, send: Any) -> None:
    send(batch(*terminating(simulation, "i-1")))
    ((_, state),) = simulation.executions.values()
    simulation.aws.move_to(100)
    for expected in (False, False, True):
        state = send({**state, "error": {"Error": "of the look before"}})
        assert state["done"] is expected
    assert json.loads(json.dumps(state)) == {"cluster": "web", "generation": 1, "ticks": 3, "idle": 2, "done": True}
    assert simulation.aws.hosts["i-1"].ended_by == "CONTINUE"


def test_a_poller_that_was_replaced_ends_without_a_look(simulation: Simulation, send: Any) -> None:
    send(batch(*terminating(simulation, "i-1")))
    assert send({"cluster": "web", "generation": 0, "ticks": 5})["done"]
    assert simulation.aws.calls["record_lifecycle_action_heartbeat"] == 0


def test_a_poller_hands_over_before_its_history_is_full(simulation: Simulation, send: Any) -> None:
    send(batch(*terminating(simulation, "i-1")))
    answered = send({"cluster": "web", "generation": 1, "ticks": 999})
    assert answered["done"]
    assert [state["generation"] for _, state in simulation.executions.values()] == [1, 2]


def test_the_schedule_sweeps(simulation: Simulation, send: Any) -> None:
    terminating(simulation, "i-1")
    found = {"waiting": 1, "kept": 0, "opened": 1, "open": 1, "stuck": 0, "retaining": 1, "hooks": 0}
    assert send({"sweep": True}) == found
    assert send({"sweep": True}) == {**found, "opened": 0, "retaining": 0}
    assert simulation.aws.hosts["i-1"].status == "DRAINING"
