"""Deployments of services: when one is complete, when it failed, and what EventBridge hears of it."""

from typing import Any

from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet


def _primary(fleet: Fleet, cluster: str, service: str) -> dict[str, Any]:
    deployments = fleet.describe_service(cluster, service)["deployments"]
    return dict(next(one for one in deployments if one["status"] == "PRIMARY"))


def test_tasks_on_one_host_have_dynamic_ports_of_their_own(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    definition = fleet.definition(portMappings=[{"containerPort": 80}, {"containerPort": 81, "hostPort": 0}])
    tasks = fleet.ecs.run_task(cluster=cluster, taskDefinition=definition, count=2)["tasks"]
    bound = [one["hostPort"] for task in tasks for c in task["containers"] for one in c["networkBindings"]]
    assert (len(bound), len(set(bound))) == (4, 4)


def test_a_deployment_is_announced_and_complete_when_its_tasks_run(fleet: Fleet) -> None:
    listener = fleet.listen(source=["aws.ecs"], detail_type=["ECS Deployment State Change", "ECS Service Action"])
    cluster = fleet.cluster()
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    service = fleet.service(cluster, fleet.definition(), 2)
    began = listener.awaited(eventName="SERVICE_DEPLOYMENT_IN_PROGRESS")
    ended = listener.awaited(eventName="SERVICE_DEPLOYMENT_COMPLETED")
    steady = listener.awaited(eventName="SERVICE_STEADY_STATE")
    found = fleet.describe_service(cluster, service)
    identity = found["deployments"][0]["id"]
    assert began["resources"] == ended["resources"] == steady["resources"] == [found["serviceArn"]]
    assert (began["detail"]["deploymentId"], ended["detail"]["deploymentId"]) == (identity, identity)
    assert began["detail"]["reason"] == f"ECS deployment {identity} in progress."
    assert (steady["detail-type"], steady["detail"]["clusterArn"]) == ("ECS Service Action", found["clusterArn"])
    assert {one["detail"]["eventType"] for one in listener.seen} == {"INFO"}


def test_a_service_that_cannot_place_a_task_says_so_on_the_bus(fleet: Fleet) -> None:
    listener = fleet.listen(source=["aws.ecs"], detail_type=["ECS Service Action"])
    cluster = fleet.cluster()
    fleet.group(1, cluster, instance_type="t3.micro")
    fleet.await_registered(cluster, 1)
    fleet.service(cluster, fleet.definition(memory=700), 2)
    event = listener.awaited(eventName="SERVICE_TASK_PLACEMENT_FAILURE")
    assert (event["detail"]["eventType"], event["detail"]["reason"]) == ("ERROR", "RESOURCE:MEMORY")


def test_a_deployment_of_unhealthy_tasks_does_not_complete(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    definition = fleet.definition()
    family = definition.rsplit("/", 1)[-1].partition(":")[0]
    fleet.fault("unhealthy_task", match={"family": family})
    service = fleet.service(cluster, definition, 2)
    other = fleet.service(cluster, fleet.definition(), 1)
    fleet.await_running(cluster, service, 2)
    eventually(lambda: _primary(fleet, cluster, other)["rolloutState"] == "COMPLETED", "the healthy service")
    assert _primary(fleet, cluster, service)["rolloutState"] == "IN_PROGRESS"
    assert not [one for one in fleet.describe_service(cluster, service)["events"] if "steady" in one["message"]]
    fleet.ask("DELETE", "/faults")
    eventually(lambda: _primary(fleet, cluster, service)["rolloutState"] == "COMPLETED", "the recovery")


def test_the_circuit_breaker_fails_a_deployment_whose_tasks_stay_unhealthy_and_rolls_back(fleet: Fleet) -> None:
    listener = fleet.listen(source=["aws.ecs"], detail_type=["ECS Deployment State Change"])
    cluster, good, bad = fleet.cluster(), fleet.definition(), fleet.definition()
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    service = fleet.service(cluster, good, 1, deploymentConfiguration=breaker)
    eventually(lambda: _primary(fleet, cluster, service)["rolloutState"] == "COMPLETED", "the first deployment")
    fleet.fault("unhealthy_task", match={"family": bad.rsplit("/", 1)[-1].partition(":")[0]})
    fleet.ecs.update_service(cluster=cluster, service=service, taskDefinition=bad)
    failed = listener.awaited(eventName="SERVICE_DEPLOYMENT_FAILED")
    assert failed["detail"]["eventType"] == "ERROR"
    assert failed["detail"]["reason"] == "ECS deployment circuit breaker: task failed to start."

    def back() -> bool:
        found = fleet.describe_service(cluster, service)
        states = [(one["taskDefinition"], one["rolloutState"]) for one in found["deployments"]]
        return bool(found["taskDefinition"] == good and states == [(good, "COMPLETED")])

    eventually(back, "the old task definition")
    rolled = [one["detail"]["reason"] for one in listener.poll() if "rolling back" in one["detail"]["reason"]]
    assert len(rolled) == 1


def test_the_circuit_breaker_without_rollback_starts_no_more_tasks(fleet: Fleet) -> None:
    cluster, bad = fleet.cluster(), fleet.definition()
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    fleet.fault("unhealthy_task", match={"family": bad.rsplit("/", 1)[-1].partition(":")[0]})
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    service = fleet.service(cluster, bad, 1, deploymentConfiguration=breaker)
    eventually(lambda: _primary(fleet, cluster, service)["rolloutState"] == "FAILED", "the failure")
    eventually(lambda: not fleet.ecs.list_tasks(cluster=cluster)["taskArns"], "the end of the last task")
    found = _primary(fleet, cluster, service)
    assert (found["failedTasks"], found["rolloutState"]) == (3, "FAILED")
