"""Draining and drained hosts as people ask for them: from the records, and from what ECS shows without one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.judging.decision import stuck
from opscore.draining.record import Drain, Outcome
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import Host


@dataclass(frozen=True)
class DrainRow:
    """One row: a drain, or a DRAINING host that nobody recorded; `started` and `ended` in seconds since the epoch."""

    drain_id: str
    instance: str
    cluster: str
    image: str
    zone: str
    state: str
    cause: str
    tasks_at_start: int | None
    tasks_left: int | None
    moved: int | None
    killed: int | None
    blocker: str
    why: str
    action_left_seconds: int | None
    deadline_left_seconds: int | None
    stuck: str
    started: int | None
    ended: int | None


class GroupFacts(NamedTuple):
    """What Auto Scaling says of a cluster's fleet: its hook's heartbeat timeout, the instances kept after a drain."""

    heartbeat_timeout: int
    retained: frozenset[str] = frozenset()


def list_drained(
    drains: DynamoDrains, ecs: Any, clusters: Mapping[str, GroupFacts], since: int, now: int
) -> list[DrainRow]:
    """Return the drains of clusters by name, the open ones first: for each instance its last one.

    Closed ones are those that began at `since` or later, and those of hosts that are still DRAINING or kept.
    """
    rows: list[DrainRow] = []
    for cluster, group in clusters.items():
        reader = ClusterReader(ecs, cluster)
        draining = _draining_hosts(reader)
        present = draining.keys() | group.retained
        last = _last_drains(drains, cluster, since, present)
        closed = [name for name, drain in last.items() if not drain.is_open and name not in present]
        active = {name for name, host in reader.locate(closed).items() if host.status == "ACTIVE"}
        for name, drain in last.items():
            one = row(drain, group.heartbeat_timeout, now, here=name in present, active=name in active)
            rows.append(_retained(one) if name in group.retained and not drain.is_open else one)
        unrecorded = reader.locate(sorted(group.retained - draining.keys() - last.keys())) | draining
        rows += [
            _retained(_unrecorded(host, cluster)) if name in group.retained else _unrecorded(host, cluster)
            for name, host in unrecorded.items()
            if name not in last
        ]
    return sorted(rows, key=lambda row: (row.ended is not None, -(row.ended or 0)))


def _last_drains(drains: DynamoDrains, cluster: str, since: int, present: Collection[str]) -> dict[str, Drain]:
    """Return the last drain of each instance by its id; those of present instances however old they are."""
    found = [*drains.since(cluster, since), *drains.open_in(cluster)]
    missing = set(present) - {drain.instance_id for drain in found}
    found += [drain for name in sorted(missing) if (drain := drains.latest(name))]
    return {drain.instance_id: drain for drain in sorted(found, key=lambda drain: (drain.attempt, not drain.is_open))}


def row(drain: Drain, heartbeat_timeout: int, now: int, *, here: bool, active: bool = False) -> DrainRow:
    """Return the row of one drain; `here`: its host is still drained or kept, `active`: it takes tasks again."""
    held = drain.is_open and drain.hook and heartbeat_timeout
    remain = drain.is_open or drain.outcome is Outcome.KEPT
    return DrainRow(
        drain_id=drain.drain_id,
        instance=drain.instance_id,
        cluster=drain.cluster,
        image=drain.image_id,
        zone=drain.zone,
        state="active" if active else str(drain.outcome or "draining"),
        cause=str(drain.cause),
        tasks_at_start=drain.tasks_at_start,
        tasks_left=(drain.tasks_at_start if drain.left is None else len(drain.left)) if remain and not active else None,
        moved=drain.moved,
        killed=None if drain.is_open else drain.killed,
        blocker=drain.blocker,
        why=f"takes tasks again; its last drain ended as {drain.outcome}" if active else drain.why,
        action_left_seconds=max(0, (drain.heartbeat_at or drain.started) + heartbeat_timeout - now) if held else None,
        deadline_left_seconds=max(0, drain.deadline - now) if drain.is_open else None,
        stuck=stuck(drain, now) if drain.is_open or here else "",
        started=drain.started,
        ended=drain.ended or None,
    )


def _retained(row: DrainRow) -> DrainRow:
    """Return the row of a host that Auto Scaling keeps: however its drain ended, somebody has to terminate it."""
    return replace(row, stuck=row.stuck or "kept by Auto Scaling until somebody terminates it")


def _draining_hosts(reader: ClusterReader) -> dict[str, Host]:
    hosts = map(Host.parse, reader.container_instances("DRAINING"))
    return {host.instance_id: host for host in hosts}


def _unrecorded(host: Host, cluster: str) -> DrainRow:
    """Return a host that is DRAINING although no drain is known: set by hand, or by ECS's managed draining."""
    return DrainRow(
        drain_id="",
        instance=host.instance_id,
        cluster=cluster,
        image=host.image_id,
        zone=host.zone,
        state="draining",
        cause="unknown",
        tasks_at_start=None,
        tasks_left=host.counted,
        moved=None,
        killed=None,
        blocker="",
        why="set DRAINING by somebody else; opsctl keeps no record of it",
        action_left_seconds=None,
        deadline_left_seconds=None,
        stuck="",
        started=None,
        ended=None,
    )
