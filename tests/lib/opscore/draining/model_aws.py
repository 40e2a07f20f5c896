"""A model of what AWS does with terminating container instances, as far as draining needs it: hosts, tasks, actions.

Time is a number that the test moves; a task's state follows from it. Every call is counted and may be the last one of
the process that makes it. Models, after the AWS pages that the code under test cites: DRAINING stops service tasks
after a while and daemons last, standalone tasks never; tasks that are being stopped are in no count; a lifecycle action
ends by CompleteLifecycleAction, by a missing heartbeat (with the hook's default result: `abandons` says that it is
ABANDON), or after 48 hours. `not_made` names groups and clusters that are not there.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any

READS = {
    "list_container_instances",
    "describe_container_instances",
    "list_tasks",
    "describe_tasks",
    "describe_services",
}


class Killed(BaseException):
    """The process ends here: no `except Exception` sees it."""


@dataclass
class ModelTask:
    """`moves_after` seconds of DRAINING its service stops it (inf: never); it takes `stop_seconds` to end."""

    task_id: str
    group: str = "service:web"
    moves_after: float = 10
    stop_seconds: float = 20
    stop_at: float = inf

    @property
    def is_daemon(self) -> bool:
        return self.group == "service:daemon"

    @property
    def stopped_at(self) -> float:
        return self.stop_at + self.stop_seconds

    def last(self, now: float) -> str:
        if now < self.stop_at:
            return "RUNNING"
        if now >= self.stopped_at:
            return "STOPPED"
        return "DEACTIVATING" if now < self.stop_at + self.stop_seconds / 2 else "STOPPING"

    def desired(self, now: float) -> str:
        return "RUNNING" if now < self.stop_at else "STOPPED"


@dataclass
class ModelHost:
    """An EC2 instance; `registers_at` inf means that it never joins the cluster."""

    instance_id: str
    cluster: str = "web"
    group: str = "web-group"
    tasks: list[ModelTask] = field(default_factory=list)
    status: str = "ACTIVE"
    lifecycle: str = "InService"
    launched: float = -10_000
    registers_at: float = -10_000
    agent_connected: bool = True
    expires_at: float = inf
    action_since: float = inf
    gone: bool = False
    gone_at: float = inf
    stays_in_cluster: bool = False
    killed: int = 0
    ended_by: str = ""
    described: tuple[Any, dict[str, Any]] | None = field(default=None, repr=False)

    @property
    def arn(self) -> str:
        return f"arn:aws:ecs:eu-west-1:1:container-instance/{self.cluster}/ci-{self.instance_id}"

    @property
    def action_ends(self) -> float:
        return min(self.expires_at, self.action_since + 48 * 3600)

    @property
    def is_in_cluster(self) -> bool:
        return not self.gone or self.stays_in_cluster

    def unstopped(self, now: float) -> list[ModelTask]:
        return [task for task in self.tasks if task.last(now) != "STOPPED"]


@dataclass
class ModelAws:
    """The account. `before` and `after` are called with the number of each call; they may raise."""

    heartbeat_timeout: float = 1800
    now: float = 0
    hosts: dict[str, ModelHost] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    number: int = 0
    before: Callable[[int], None] = lambda _: None
    after: Callable[[int], None] = lambda _: None
    retains: set[str] = field(default_factory=set)
    abandons: bool = False
    not_made: set[str] = field(default_factory=set)
    deleting: set[str] = field(default_factory=set)
    terminated: Callable[[ModelHost], None] = lambda _: None
    called: Callable[[str], None] = lambda _: None
    tasks: dict[str, ModelTask] = field(default_factory=dict)
    members: dict[str, list[ModelHost]] = field(default_factory=dict)
    soonest: float = 0

    def add(self, host: ModelHost) -> ModelHost:
        self.hosts[host.instance_id] = host
        self.members.clear()
        self.tasks |= {task.task_id: task for task in host.tasks}
        return host

    @property
    def reads(self) -> int:
        """ECS's read calls so far."""
        return sum(count for name, count in self.calls.items() if name in READS)

    def call(self, name: str, run: Callable[[], Any]) -> Any:
        number, self.number = self.number, self.number + 1
        self.before(number)
        self.settle()
        self.calls[name] += 1
        self.called(name)
        answer = run()
        self.after(number)
        return answer

    def move_to(self, now: float) -> None:
        self.now = now
        self.settle()

    def settle(self) -> None:
        """End the lifecycle actions whose time is over; `soonest` spares looking at every host at every call."""
        if self.now < self.soonest:
            return
        waiting = [host for host in self.hosts.values() if host.lifecycle == "Terminating:Wait"]
        for host in waiting:
            if self.now >= host.action_ends:
                self.complete(host, "ABANDON" if self.abandons else "CONTINUE", by="timeout")
        still = [host.action_ends for host in waiting if host.lifecycle == "Terminating:Wait"]
        self.soonest = min(still, default=inf)

    def complete(self, host: ModelHost, result: str, by: str) -> None:
        """The lifecycle action ends, and the host with it unless its group retains what is abandoned."""
        if result == "ABANDON" and host.group in self.retains:
            host.lifecycle, host.ended_by = "Terminating:Retained", "timeout" if by == "timeout" else "retained"
        else:
            self.end(host, by)

    def terminate(self, host: ModelHost) -> None:
        """Auto Scaling begins to terminate the host; its hook holds it."""
        host.lifecycle, host.action_since = "Terminating:Wait", self.now
        host.expires_at = self.now + self.heartbeat_timeout
        self.soonest = 0

    def end(self, host: ModelHost, by: str) -> None:
        """The instance goes, and whatever runs on it dies."""
        host.killed = len(host.unstopped(self.now))
        host.ended_by, host.lifecycle, host.gone, host.gone_at = by, "Terminated", True, self.now
        # One whose agent is silent is not deregistered by itself.
        host.stays_in_cluster = not host.agent_connected
        host.status = host.status if host.stays_in_cluster else "INACTIVE"
        self.members.clear()
        self.terminated(host)

    def drain(self, host: ModelHost) -> None:
        host.status = "DRAINING"
        for task in host.tasks:
            if not task.is_daemon:
                task.stop_at = min(task.stop_at, self.now + task.moves_after)
        others = [task.stopped_at for task in host.tasks if not task.is_daemon]
        for task in host.tasks:
            if task.is_daemon:
                task.stop_at = min(task.stop_at, max([self.now, *others]) + task.moves_after)

    def in_cluster(self, cluster: str) -> list[ModelHost]:
        if cluster not in self.members:
            found = [host for host in self.hosts.values() if host.cluster == cluster and host.is_in_cluster]
            if any(self.now < host.registers_at for host in found):
                return [host for host in found if self.now >= host.registers_at]
            self.members[cluster] = found
        return self.members[cluster]
