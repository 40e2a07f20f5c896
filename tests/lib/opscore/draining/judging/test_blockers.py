"""Why a host does not drain, in words an operator can act on."""

from typing import Any

import pytest

from opscore.draining.judging.blockers import blocker, service_reason
from opscore.draining.policy import Policy, Standalone
from opscore.fleets.host import Host, Task, TaskSurvey

HOST = Host("i-1", "ci-1", "DRAINING", running=1)
WEB = Task("t1", "service:web", "RUNNING", "RUNNING")
BATCH = Task("t2", "family:batch", "RUNNING", "RUNNING")


def service(message: str = "", least: int = 100, most: int = 200, desired: int = 4) -> dict[str, Any]:
    return {
        "deploymentConfiguration": {"minimumHealthyPercent": least, "maximumPercent": most},
        "desiredCount": desired,
        "events": [{"message": message}] if message else [],
    }


def why(*tasks: Task, services: Any = None, host: Host = HOST, policy: Policy | None = None) -> tuple[str, str]:
    found = blocker(host, TaskSurvey(tasks, daemons=frozenset({"logger"})), services or {}, policy or Policy())
    return found.name, found.why


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "(service web) was unable to place a task … (container-instance 1) has insufficient CPU units available.",
            "CPU",
        ),
        ("(service web) was unable to place a task … has insufficient memory available.", "memory"),
        ("(service web) was unable to place a task … is already using a port required by your task.", "port"),
        ("(service web) was unable to place a task … is missing an attribute required by your task.", "constraints"),
        (
            "(service web) was unable to place a task. Reason: No Container Instances were found in your cluster.",
            "no room",
        ),
        ("(service web) was unable to place a task because it pleased.", "no room"),
        ("(service web) (task 1) failed container health checks.", "health checks"),
    ],
)
def test_what_ecs_writes_into_a_services_events_is_said_in_words(message: str, expected: str) -> None:
    assert expected in service_reason(service(message))


def test_a_trouble_that_is_over_is_none() -> None:
    events = ["(service web) has reached a steady state.", "(service web) was unable to place a task."]
    assert service_reason({**service(), "events": [{"message": text} for text in events]}) == ""


@pytest.mark.parametrize(("least", "most", "desired"), [(100, 100, 4), (90, 100, 1), (100, 150, 1), (51, 149, 1)])
def test_percentages_that_leave_no_move_block_for_ever(least: int, most: int, desired: int) -> None:
    assert service_reason(service(least=least, most=most, desired=desired))


@pytest.mark.parametrize(("least", "most", "desired"), [(100, 200, 1), (50, 100, 2), (0, 100, 1), (100, 150, 2)])
def test_percentages_that_leave_a_move_do_not(least: int, most: int, desired: int) -> None:
    assert service_reason(service(least=least, most=most, desired=desired)) == ""


def test_a_service_that_cannot_move_is_named_before_tasks_that_are_on_their_way() -> None:
    leaving = Task("t3", "service:api", "STOPPED", "DEACTIVATING")
    name, reason = why(leaving, WEB, services={"web": service(least=100, most=100)})
    assert (name, "both 100" in reason) == ("web", True)


def test_a_standalone_task_is_named_with_what_the_policy_does() -> None:
    assert why(BATCH)[0] == "family:batch"
    assert "the policy stops it 60 s" in why(BATCH, policy=Policy(standalone=Standalone.STOP, stop_after_seconds=60))[1]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (Task("t", "service:web", "STOPPED", "DEACTIVATING"), "deregistration delay"),
        (Task("t", "service:web", "STOPPED", "STOPPING"), "SIGTERM"),
        (Task("t", "service:web", "STOPPED", "RUNNING"), "was asked to stop"),
        (Task("t", "service:logger", "RUNNING", "RUNNING"), "daemon"),
        (WEB, "replacement"),
    ],
)
def test_a_task_on_its_way_down_is_explained(task: Task, expected: str) -> None:
    assert expected in why(task)[1]


def test_a_host_without_its_agent_is_named_before_all() -> None:
    assert "agent is not connected" in why(WEB, host=HOST._replace(agent_connected=False))[1]
    assert why() == ("", "")
