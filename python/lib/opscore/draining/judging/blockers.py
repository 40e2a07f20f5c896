"""Why the tasks on a draining host do not go: the service that blocks, and the reason in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from opscore.draining.policy import Policy, Standalone
from opscore.fleets.host import Host, Task, TaskSurvey
from opscore.words import counted


class Blocker(NamedTuple):
    """What holds a host: a service's name (or a standalone task's group), and why."""

    name: str
    why: str


NOBODY = Blocker("", "")
ALL = 100  # per cent

_STOPPING = {
    "DEACTIVATING": "leaves the load balancer's target group: the deregistration delay has to pass",
    "STOPPING": "was sent SIGTERM and has its stop timeout to end",
    "DEPROVISIONING": "ends: its network interface is being detached",
}

# What ECS writes into a service's events when it cannot place a task:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
_EVENTS = (
    ("already using a port", "no other host has the port free that its tasks need"),
    ("insufficient CPU", "no room: no other host has the CPU its tasks need"),
    ("insufficient memory", "no room: no other host has the memory its tasks need"),
    ("missing an attribute", "no other host meets its placement constraints"),
    ("constraint", "no other host meets its placement constraints"),
    ("No Container Instances were found", "no room: the cluster has no other host that takes tasks"),
    ("unable to place a task", "no room: ECS cannot place its tasks on any other host"),
    ("health check", "its replacement tasks fail their health checks"),
    ("unhealthy", "its replacement tasks fail their health checks"),
)


def blocker(host: Host, survey: TaskSurvey, services: Mapping[str, Mapping[str, Any]], policy: Policy) -> Blocker:
    """Say what holds a host, the most telling first: a task on its way down explains less than one without a place."""
    if not survey.tasks:
        return NOBODY
    if not host.agent_connected:
        return Blocker(survey.tasks[0].service or survey.tasks[0].group, "the host's ECS agent is not connected")
    running = [task for task in survey.tasks if task.desired != "STOPPED"]
    served = Counter(task.service for task in running if task.service and task.service not in survey.daemons)
    for name, _ in served.most_common():
        if why := service_reason(services.get(name, {})):
            return Blocker(name, why)
    if standalone := [task for task in running if not task.service]:
        return Blocker(standalone[0].group, _standalone_reason(policy))
    if served:
        return Blocker(served.most_common(1)[0][0], "ECS starts its replacement tasks before it stops these")
    return _on_its_way(survey.tasks, survey.daemons)


def service_reason(service: Mapping[str, Any]) -> str:
    """Say why a service cannot move its tasks off a host; empty when nothing speaks against it."""
    limits = service.get("deploymentConfiguration", {})
    least, most = limits.get("minimumHealthyPercent", 100), limits.get("maximumPercent", 200)
    desired = service.get("desiredCount", 0)
    if least >= ALL and most <= ALL:
        return "its minimum healthy percent and maximum percent are both 100: ECS may neither stop a task nor start one"
    # ECS rounds the lower limit up and the upper one down.
    if desired and desired * most // ALL <= desired and -(-desired * least // ALL) >= desired:
        return f"with {counted(desired, 'task')}, {least} % to {most} % rounds to no task to stop or to start"
    for event in list(service.get("events", []))[:5]:
        text = event.get("message", "")
        if "has reached a steady state" in text:
            return ""
        for part, reason in _EVENTS:
            if part in text:
                return reason
    return ""


def _standalone_reason(policy: Policy) -> str:
    after = {
        Standalone.WAIT: "the policy waits until it ends or the deadline comes",
        Standalone.STOP: f"the policy stops it {policy.stop_after_seconds} s after the drain began",
        Standalone.KEEP: "the policy keeps the host at the deadline",
    }[policy.standalone]
    return f"belongs to no service, so ECS neither stops nor moves it; {after}"


def _on_its_way(tasks: Sequence[Task], daemons: frozenset[str]) -> Blocker:
    for last, why in _STOPPING.items():
        for task in tasks:
            if task.last == last:
                return Blocker(task.service or task.group, why)
    first = tasks[0]
    kind = (
        "is a daemon, and ECS stops daemons last" if first.service in daemons else "was asked to stop and has not yet"
    )
    return Blocker(first.service or first.group, kind)
