"""Where the tasks of hosts that shall drain will go: a rehearsal of ECS's placement on what the other hosts have left.

`memberOf` expressions and strategies are not rehearsed. The tasks that need most are placed first, each on the host
with the most memory left, so a place may be found that ECS's own strategy does not use; what finds none here, finds
none with ECS either unless something else stops.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from opscore.draining.judging.blockers import service_reason
from opscore.fleets.host import service_of
from opscore.words import counted


@dataclass(frozen=True)
class Need:
    """A task that must go elsewhere: CPU units, MiB of memory, fixed host ports."""

    task_id: str
    group: str
    cpu: int = 0
    memory: int = 0
    ports: frozenset[int] = frozenset()


@dataclass
class Room:
    """What a host that stays has left, and how many tasks of each service run on it."""

    instance_id: str
    cpu: int
    memory: int
    ports: set[int] = field(default_factory=set)
    groups: Counter[str] = field(default_factory=Counter)

    def refusal(self, need: Need, *, distinct: bool) -> str:
        """Say what stands against a task on this host; empty when it fits."""
        if distinct and self.groups[need.group]:
            return "one task for each host"
        if self.ports & need.ports:
            return "port"
        if need.cpu > self.cpu:
            return "CPU"
        return "memory" if need.memory > self.memory else ""

    def take(self, need: Need) -> None:
        """Place a task here."""
        self.cpu -= need.cpu
        self.memory -= need.memory
        self.ports |= need.ports
        self.groups[need.group] += 1


@dataclass(frozen=True)
class Move:
    """What becomes of the tasks of one group: the hosts they go to, and how many are blocked and why.

    `elsewhere` counts the tasks of its service on hosts that stay; None for what is no service's, or a daemon's.
    """

    group: str
    tasks: int
    to: Mapping[str, int]
    blocked: int = 0
    why: str = ""
    elsewhere: int | None = None

    @property
    def is_pointless(self) -> bool:
        """Whether all tasks of a service are on the hosts to drain, and none of them has another place."""
        return self.elsewhere == 0 and self.blocked == self.tasks


def rehearse(needs: Sequence[Need], rooms: Sequence[Room], services: Mapping[str, Mapping[str, Any]]) -> list[Move]:
    """Return the moves by group, the blocked ones first; `rooms` are used up."""
    by_group: dict[str, list[Need]] = {}
    for need in sorted(needs, key=lambda need: (-need.memory, -need.cpu, need.task_id)):
        by_group.setdefault(need.group, []).append(need)
    moves = [_move(group, some, rooms, services.get(service_of(group))) for group, some in by_group.items()]
    return sorted(moves, key=lambda move: (not move.blocked, move.group))


def _move(group: str, needs: Sequence[Need], rooms: Sequence[Room], service: Mapping[str, Any] | None) -> Move:
    if not service_of(group):
        return Move(group, len(needs), {}, len(needs), "belongs to no service: ECS neither stops nor moves it")
    facts = service or {}
    if facts.get("schedulingStrategy") == "DAEMON":
        return Move(group, len(needs), {}, 0, "a daemon: it ends last and moves nowhere")
    elsewhere = max(0, facts.get("runningCount", 0) - len(needs))
    if why := service_reason({**facts, "events": []}):
        return Move(group, len(needs), {}, len(needs), why, elsewhere)
    distinct = any(entry.get("type") == "distinctInstance" for entry in facts.get("placementConstraints", []))
    return replace(_placed(group, needs, rooms, distinct=distinct), elsewhere=elsewhere)


def _placed(group: str, needs: Iterable[Need], rooms: Sequence[Room], *, distinct: bool) -> Move:
    to: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    blocked = count = 0
    for need in needs:
        count += 1
        found = {room.instance_id: room.refusal(need, distinct=distinct) for room in rooms}
        fitting = [room for room in rooms if not found[room.instance_id]]
        if not fitting:
            blocked += 1
            refusals.update(found.values())
            continue
        best = max(fitting, key=lambda room: (room.memory, room.instance_id))
        best.take(need)
        to[best.instance_id] += 1
    return Move(group, count, dict(to), blocked, _room_reason(blocked, refusals, rooms))


def _room_reason(blocked: int, refusals: Counter[str], rooms: Sequence[Room]) -> str:
    if not blocked:
        return ""
    if not rooms:
        return "no room: the cluster has no other host that takes tasks"
    return "no room: the other hosts lack " + ", ".join(
        f"{what} ({counted(count, 'time')})" for what, count in refusals.most_common()
    )
