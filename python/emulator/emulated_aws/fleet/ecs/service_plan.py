"""What the service scheduler does next for one service, as a decision over plain facts.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html#service_scheduler_daemon

A task *leaves* when its host drains or when it belongs to an older deployment. Tasks that leave and are not running yet
stop at once. For the others `minimumHealthyPercent` says how many running tasks must remain (rounded up), and
`maximumPercent` how many may be running or pending at a time (rounded down): with 100 and 100 nothing ever moves.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

STARTING = ("PROVISIONING", "PENDING", "ACTIVATING")


@dataclass(frozen=True)
class TaskFact:
    """A task that is wanted to run (its desired status is RUNNING)."""

    arn: str
    status: str
    host: str
    host_drains: bool
    current: bool = True
    healthy: bool = True
    created_at: float = 0.0
    tasks_beside: int = 0

    @property
    def leaves(self) -> bool:
        """Whether the scheduler wants this very task gone."""
        return self.host_drains or not self.current

    @property
    def counts(self) -> bool:
        """Whether the task counts towards the healthy minimum."""
        return self.status == "RUNNING" and self.healthy


@dataclass(frozen=True)
class Step:
    """So many tasks to start, these to stop, and why more is not possible."""

    start: int = 0
    stop: tuple[str, ...] = ()
    blocked: str = ""


def replica_step(desired: int, minimum_percent: int, maximum_percent: int, tasks: Sequence[TaskFact]) -> Step:
    """Decide for a REPLICA service."""
    at_once = [task for task in tasks if task.leaves and task.status in STARTING]
    leaving = sorted((task for task in tasks if task.leaves and task not in at_once), key=_leaves_first)
    staying = [task for task in tasks if not task.leaves]
    floor = math.ceil(desired * minimum_percent / 100)
    ceiling = max(desired * maximum_percent // 100, min(desired, 1) if not leaving else 0)
    excess = _excess(staying, desired)
    missing = max(0, desired - len(staying))
    start = min(missing, max(0, ceiling - len(staying) - len(leaving)))
    healthy = sum(task.counts for task in tasks) - sum(task.counts for task in excess)
    unhealthy = [task for task in leaving if not task.counts]
    spare = max(0, healthy - floor)
    stop = [*unhealthy, *[task for task in leaving if task.counts][:spare]]
    blocked = _blocked(leaving, stop, start, missing, floor, ceiling)
    return Step(start, tuple(task.arn for task in (*at_once, *stop, *excess)), blocked)


def _leaves_first(task: TaskFact) -> tuple[bool, float, str]:
    return (not task.host_drains, task.created_at, task.arn)


def _excess(staying: Sequence[TaskFact], desired: int) -> list[TaskFact]:
    """Return whom scaling in stops: those that do not run yet, then those on the fullest hosts, then the newest."""
    count = len(staying) - desired
    order = sorted(staying, key=lambda task: (task.status == "RUNNING", -task.tasks_beside, -task.created_at, task.arn))
    return order[: max(0, count)]


def _blocked(
    leaving: Sequence[TaskFact], stop: Sequence[TaskFact], start: int, missing: int, floor: int, ceiling: int
) -> str:
    if not leaving or stop or start:
        return ""
    if missing:
        return f"at least {floor} tasks must stay healthy and at most {ceiling} may run"
    return ""


def daemon_step(
    wanted_hosts: Sequence[str], tasks: Sequence[TaskFact], busy_hosts: Sequence[str]
) -> tuple[Step, list[str]]:
    """Decide for a DAEMON service: one task on every host that accepts it. Return the step and the hosts to start on.

    On a draining host the daemon goes last, when no other task is left there (`busy_hosts` are those where one is).
    """
    hosts_with = {task.host for task in tasks if task.current}
    missing = [host for host in wanted_hosts if host not in hosts_with]
    allowed, busy = set(wanted_hosts), set(busy_hosts)
    stop = [
        task.arn
        for task in tasks
        if (task.host_drains and task.host not in busy)
        or not task.current
        or (not task.host_drains and task.host not in allowed)
    ]
    return Step(len(missing), tuple(stop)), missing
