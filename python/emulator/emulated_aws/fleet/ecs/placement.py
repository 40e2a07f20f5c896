"""Where a task goes: resources, ports, constraints and strategies, as decisions over plain facts.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html

A host keeps its own index (what is free, which ports, how many tasks of each group), so that placing one task looks at
every host once. Modelled: CPU, memory, host ports, distinctInstance, memberOf; spread, binpack, and random (which here
takes the emptiest host, so that runs repeat). Not modelled: GPUs, network interfaces of awsvpc tasks as a limit.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulated_aws.fleet.ecs.query_language import Predicate

FIRST_DYNAMIC_PORT = 32768
AGENT_PORTS = frozenset({22, 2375, 2376, 51678, 51679, 51680})


@dataclass(frozen=True)
class Need:
    """What one task asks of its host."""

    cpu: int
    memory: int
    ports: frozenset[int] = frozenset()
    group: str = ""
    distinct: bool = False
    members_of: tuple[Predicate, ...] = ()
    needs_agent: bool = True


@dataclass
class Host:
    """A container instance with room: what is free, and which tasks of which group it holds."""

    name: str
    cpu: int
    memory: int
    attributes: Mapping[str, str]
    facts: dict[str, Any] = field(default_factory=dict)
    accepts: bool = True
    free_cpu: int = 0
    free_memory: int = 0
    ports: set[int] = field(default_factory=set)
    groups: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, Need] = field(default_factory=dict)
    assigned: dict[str, frozenset[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.free_cpu, self.free_memory = self.cpu, self.memory
        self.ports = set(AGENT_PORTS)

    def hold(self, task: str, need: Need) -> None:
        """Give the task its resources."""
        self.tasks[task] = need
        self.free_cpu -= need.cpu
        self.free_memory -= need.memory
        self.ports |= need.ports
        self.groups[need.group] += 1

    def release(self, task: str) -> None:
        """Take back what the task held; a task that is not here changes nothing."""
        self.assigned.pop(task, None)
        need = self.tasks.pop(task, None)
        if need is None:
            return
        self.free_cpu += need.cpu
        self.free_memory += need.memory
        self.ports -= need.ports
        self.groups[need.group] -= 1
        if not self.groups[need.group]:
            del self.groups[need.group]

    def obstacle(self, need: Need) -> str:
        """Return why the task cannot be here, in the words of RunTask's failures; empty when it can."""
        if need.needs_agent and not self.accepts:
            return "AGENT"
        if need.distinct and self.groups[need.group]:
            return "DISTINCT"
        if need.members_of and not all(chosen(self.query_facts()) for chosen in need.members_of):
            return "ATTRIBUTE"
        if need.ports & self.ports:
            return "RESOURCE:PORTS"
        if need.memory > self.free_memory:
            return "RESOURCE:MEMORY"
        if need.cpu > self.free_cpu:
            return "RESOURCE:CPU"
        return ""

    def query_facts(self) -> dict[str, Any]:
        """Return the subjects that the cluster query language can ask of this host."""
        return {
            **self.facts,
            **{f"attribute:{name}": value for name, value in self.attributes.items()},
            "runningTasksCount": len(self.tasks),
            "task:group": set(self.groups),
        }

    def assign_ports(self, task: str, count: int) -> list[int]:
        """Give the task the first ports of the ephemeral range that are free; no constraint looks at them.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html (hostPort)
        """
        taken = self.ports.union(*self.assigned.values())
        free = (port for port in itertools.count(FIRST_DYNAMIC_PORT) if port not in taken)
        found = list(itertools.islice(free, count))
        self.assigned[task] = frozenset(found)
        return found


@dataclass(frozen=True)
class Strategy:
    """One of `spread`, `binpack`, `random`, and the field it looks at."""

    kind: str
    by: str = ""


SERVICE_DEFAULT = (Strategy("spread", "attribute:ecs.availability-zone"), Strategy("spread", "instanceId"))
"""How the service scheduler balances when a service names no strategy."""


@dataclass(frozen=True)
class Placed:
    """The host that takes the task, or None and the reason at the closest host."""

    host: Host | None
    reason: str = ""
    closest: str = ""


def place(need: Need, hosts: Sequence[Host], strategies: Sequence[Strategy] = ()) -> Placed:
    """Choose the host of one task; does not hold the resources."""
    able: list[Host] = []
    reasons: dict[str, str] = {}
    for host in hosts:
        if reason := host.obstacle(need):
            reasons.setdefault(reason, host.name)
        else:
            able.append(host)
    if not able:
        return _refusal(reasons)
    for strategy in strategies:
        able = _best(able, strategy, need, hosts)
    return Placed(min(able, key=lambda host: (len(host.tasks), host.name)))


_CLOSEST_FIRST = ("RESOURCE:CPU", "RESOURCE:MEMORY", "RESOURCE:PORTS", "DISTINCT", "ATTRIBUTE", "AGENT")


def _refusal(reasons: Mapping[str, str]) -> Placed:
    for reason in _CLOSEST_FIRST:
        if reason in reasons:
            return Placed(None, reason, reasons[reason])
    return Placed(None, "EMPTY CLUSTER")


def _best(able: list[Host], strategy: Strategy, need: Need, hosts: Iterable[Host]) -> list[Host]:
    if strategy.kind == "binpack":
        free = {host.name: host.free_memory if strategy.by == "memory" else host.free_cpu for host in able}
        least = min(free.values())
        return [host for host in able if free[host.name] == least]
    if strategy.kind == "spread":
        counts: Counter[str] = Counter()
        for host in hosts:
            counts[_bucket(host, strategy.by)] += host.groups.get(need.group, 0)
        least = min(counts[_bucket(host, strategy.by)] for host in able)
        return [host for host in able if counts[_bucket(host, strategy.by)] == least]
    return able


def _bucket(host: Host, by: str) -> str:
    if by in ("instanceId", "host"):
        return host.name
    return host.attributes.get(by.removeprefix("attribute:"), "")
