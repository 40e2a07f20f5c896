"""Deployments of a service: in progress until its tasks run and are healthy, complete, failed by the circuit breaker.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html

No task of the fleet fails to start, so the circuit breaker counts those that run and are not healthy: each is stopped
and counted. The threshold is half the desired count, at least 3 and at most 200. A failed deployment starts no more
tasks; with `rollback` the service goes back to the deployment that was complete before.
"""

import math
from collections.abc import Sequence
from typing import Any

from emulated_aws.fleet import clock
from emulated_aws.fleet.ecs.service_events import say, tell_action, tell_deployment
from emulated_aws.fleet.ecs.service_plan import TaskFact

Service = dict[str, Any]
Deployment = dict[str, Any]

FEWEST_FAILURES, MOST_FAILURES = 3, 200
BROKEN = "ECS deployment circuit breaker: task failed to start."


def primary(service: Service) -> Deployment:
    """Return the deployment that the service wants; empty when it has none."""
    return next((one for one in service.get("deployments") or () if one["status"] == "PRIMARY"), {})


def announce(service: Service) -> None:
    """Say once of each deployment that it is in progress."""
    found = primary(service)
    if found.get("rolloutState") == "IN_PROGRESS" and not found.get("_announced"):
        found["_announced"] = True
        tell_deployment(service, found, "IN_PROGRESS", f"ECS deployment {found['id']} in progress.")


def has_failed(service: Service) -> bool:
    """Whether the service's deployment has failed, so that it starts no more tasks."""
    return bool(primary(service).get("rolloutState") == "FAILED")


def count_failures(service: Service, facts: Sequence[TaskFact]) -> list[str]:
    """Return the unhealthy tasks that the circuit breaker stops, and break the circuit when they are too many."""
    found = primary(service)
    breaker = (service.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
    if not breaker.get("enable") or found.get("rolloutState") != "IN_PROGRESS":
        return []
    failed = [fact.arn for fact in facts if fact.current and fact.status == "RUNNING" and not fact.healthy]
    found["failedTasks"] = int(found.get("failedTasks") or 0) + len(failed)
    half = math.ceil(int(service["desiredCount"]) / 2)
    if found["failedTasks"] >= min(max(FEWEST_FAILURES, half), MOST_FAILURES):
        _fail(service, found, rollback=bool(breaker.get("rollback")))
    return failed


def _fail(service: Service, found: Deployment, *, rollback: bool) -> None:
    found.update(rolloutState="FAILED", rolloutStateReason=BROKEN, updatedAt=clock.now())
    tell_deployment(service, found, "FAILED", BROKEN)
    before = next((one for one in service["deployments"] if one["rolloutState"] == "COMPLETED"), None)
    if rollback and before:
        reason = f"ECS deployment circuit breaker: rolling back to deploymentId {before['id']}."
        found["status"] = "ACTIVE"
        before.update(status="PRIMARY", rolloutState="IN_PROGRESS", rolloutStateReason=reason, _announced=True)
        before.update(desiredCount=service["desiredCount"], updatedAt=clock.now())
        service.update(taskDefinition=before["taskDefinition"], deployments=[before, found])
        tell_deployment(service, before, "IN_PROGRESS", reason)


def settle(service: Service, *, steady: bool) -> None:
    """Complete the deployment of a service that is steady, and say so."""
    found = primary(service)
    complete = steady and found.get("runningCount") == service["desiredCount"] and not has_failed(service)
    if complete and found.get("rolloutState") != "COMPLETED":
        found.update(rolloutState="COMPLETED", rolloutStateReason="ECS deployment completed.", updatedAt=clock.now())
        tell_deployment(service, found, "COMPLETED", f"ECS deployment {found['id']} completed.")
    if complete:
        service["deployments"] = [found]
    if complete and not service.get("_steady"):
        say(service, "has reached a steady state.")
        tell_action(service, "INFO", "SERVICE_STEADY_STATE")
    service["_steady"] = complete
