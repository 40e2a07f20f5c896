"""Draining and drained hosts as people ask for them: from the records, and from what ECS shows without one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.judging.decision import stuck
from opscore.draining.record import Drain
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import Host


@dataclass(frozen=True)
class Drained:
    """One row: a drain, or a DRAINING host that nobody recorded. Times left are in seconds."""

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
    action_left: int | None
    deadline_left: int | None
    stuck: str
    started: int | None
    ended: int | None


class Watched(NamedTuple):
    """What Auto Scaling says of a cluster's fleet: its hook's heartbeat timeout, the instances kept after a drain."""

    heartbeat_timeout: int
    retained: frozenset[str] = frozenset()


def list_drained(
    drains: DynamoDrains, ecs: Any, clusters: Mapping[str, Watched], since: int, now: int
) -> list[Drained]:
    """Return the drains of clusters by name, the open ones first.

    Closed ones are those that began at `since` or later, and the last one of every host that is still DRAINING or kept.
    """
    rows: list[Drained] = []
    for cluster, watched in clusters.items():
        found = {drain.drain_id: drain for drain in (*drains.since(cluster, since), *drains.open_in(cluster))}
        draining = _draining_hosts(ecs, cluster)
        present = draining.keys() | watched.retained
        older = [drains.latest(name) for name in sorted(present - {drain.instance_id for drain in found.values()})]
        found |= {drain.drain_id: drain for drain in older if drain}
        last = {drain.instance_id: drain.attempt for drain in sorted(found.values(), key=lambda drain: drain.attempt)}
        for drain in found.values():
            here = drain.instance_id in present and drain.attempt == last[drain.instance_id]
            rows.append(row(drain, watched.heartbeat_timeout, now, here=here))
        rows += [_unrecorded(host, cluster) for name, host in draining.items() if name not in last]
    return sorted(rows, key=lambda row: (row.ended is not None, -(row.ended or 0)))


def row(drain: Drain, heartbeat_timeout: int, now: int, *, here: bool) -> Drained:
    """Return the row of one drain; `here` says that it is the last one of a host that is still there."""
    held = drain.is_open and drain.hook and heartbeat_timeout
    return Drained(
        drain_id=drain.drain_id,
        instance=drain.instance_id,
        cluster=drain.cluster,
        image=drain.image_id,
        zone=drain.zone,
        state=str(drain.outcome or "draining"),
        cause=str(drain.cause),
        tasks_at_start=drain.tasks_at_start,
        tasks_left=(drain.tasks_at_start if drain.left is None else len(drain.left)) if drain.is_open else None,
        moved=drain.moved,
        killed=None if drain.is_open else drain.killed,
        blocker=drain.blocker,
        why=drain.why,
        action_left=max(0, (drain.heartbeat_at or drain.started) + heartbeat_timeout - now) if held else None,
        deadline_left=max(0, drain.deadline - now) if drain.is_open else None,
        stuck=stuck(drain, now) if drain.is_open or here else "",
        started=drain.started,
        ended=drain.ended or None,
    )


def _draining_hosts(ecs: Any, cluster: str) -> dict[str, Host]:
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=cluster, status="DRAINING")
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    hosts = ClusterReader(ecs, cluster).hosts(arns).values() if arns else []
    return {host.instance_id: host for host in hosts}


def _unrecorded(host: Host, cluster: str) -> Drained:
    """Return a host that is DRAINING although no drain is known: set by hand, or by ECS's managed draining."""
    return Drained(
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
        action_left=None,
        deadline_left=None,
        stuck="",
        started=None,
        ended=None,
    )
