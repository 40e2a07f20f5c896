"""The gates of a roll-out: what ECS and the alarms must say while hosts are replaced. Facts in, gates out.

A new host that is in service is not yet a host: its agent must have joined the cluster. A service must not run fewer
tasks than it allows itself, its tasks must not die on the new hosts, and no alarm of the plan may ring.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opscore.fleets.host import service_of
from opscore.rollouts.judging.observation import Gate
from opscore.words import counted

HOSTS = "new hosts"
DEATHS = 3
"""Tasks of a service that may die on new hosts before the image is blamed."""

_ALL = 100  # per cent
_NAMED = 3
_FAULTS = ("health check", "Essential container", "CannotStart", "CannotPull", "ResourceInitialization")
"""Parts of the reasons with which ECS stops a task that failed by itself:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""


@dataclass(frozen=True)
class Limits:
    """How long a gate may be red, in seconds, and which gates were red before and are to be passed over."""

    boot_seconds: int = 300
    patience_seconds: int = 120
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Health:
    """What one look found: new instances in service, those that the cluster knows with a connected agent, its services
    as DescribeServices gives them, the tasks that stopped on new hosts since the roll-out began (service and reason),
    the services with unhealthy tasks there, and the alarms that ring."""

    new: Collection[str] = ()
    joined: Collection[str] = ()
    services: Sequence[Mapping[str, Any]] = ()
    stopped: Sequence[tuple[str, str]] = ()
    unhealthy: Collection[str] = ()
    ringing: Collection[str] = ()


def gates(health: Health, limits: Limits) -> tuple[Gate, ...]:
    """Return every gate, the red ones with their reasons, without those that are passed over."""
    found = [_hosts(health, limits)]
    for service in health.services:
        found += _of_service(service, health, limits)
    found += [Gate(f"alarm {name}", True, "rings") for name in sorted(health.ringing)]
    return tuple(gate for gate in found if gate.name not in limits.ignored)


def _hosts(health: Health, limits: Limits) -> Gate:
    missing = sorted(set(health.new) - set(health.joined))
    named = ", ".join(missing[:_NAMED]) + (" …" if len(missing) > _NAMED else "")
    why = f"{len(missing)} of {len(health.new)} did not join the cluster with a connected agent: {named}"
    return Gate(HOSTS, bool(missing), why if missing else "", limits.boot_seconds)


def _of_service(service: Mapping[str, Any], health: Health, limits: Limits) -> list[Gate]:
    name = service["serviceName"]
    if service.get("schedulingStrategy") == "DAEMON":
        return [_deaths(name, health)]
    return [_count(service, limits), _deployment(service), _deaths(name, health), _healthy(name, health, limits)]


def _count(service: Mapping[str, Any], limits: Limits) -> Gate:
    """ECS rounds the minimum up: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html"""
    least = service.get("deploymentConfiguration", {}).get("minimumHealthyPercent", _ALL)
    wanted = -(-service.get("desiredCount", 0) * least // _ALL)
    running = service.get("runningCount", 0)
    why = f"runs {counted(running, 'task')}, and its minimum is {wanted}"
    return Gate(f"service {service['serviceName']}", running < wanted, why, limits.patience_seconds)


def _deployment(service: Mapping[str, Any]) -> Gate:
    failed = [one for one in service.get("deployments", []) if one.get("rolloutState") == "FAILED"]
    reason = failed[0].get("rolloutStateReason", "ECS gives no reason") if failed else ""
    return Gate(f"deployment of {service['serviceName']}", bool(failed), f"failed: {reason}" if failed else "")


def _deaths(name: str, health: Health) -> Gate:
    reasons = Counter(reason for service, reason in health.stopped if service == name and died(reason))
    count = reasons.total()
    why = f"{counted(count, 'task')} died on new hosts: {next(iter(reasons), '')}"
    return Gate(f"tasks of {name}", count >= DEATHS, why)


def _healthy(name: str, health: Health, limits: Limits) -> Gate:
    red = name in health.unhealthy
    return Gate(f"health of {name}", red, "has unhealthy tasks on new hosts" if red else "", limits.patience_seconds)


def died(reason: str) -> bool:
    """Say whether a task failed by itself, by the reason with which ECS stopped it."""
    return any(part in reason for part in _FAULTS)


def service_name(task: Mapping[str, Any]) -> str:
    """Return the service of a task as DescribeTasks gives it, empty for a standalone one."""
    return service_of(task.get("group", ""))
