"""Draining and drained hosts as people ask for them: from the records, and from what ECS shows without one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from opscore.draining.cluster_reader import ClusterReader
from opscore.draining.decision import stuck
from opscore.draining.record import Drain
from opscore.draining.store import DynamoDrains


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


def list_drained(drains: DynamoDrains, ecs: Any, clusters: Mapping[str, int], since: int, now: int) -> list[Drained]:
    """Return the drains of clusters (by name, with their hooks' heartbeat timeout), the open ones first.

    Closed ones are those that began at `since` or later; kept hosts are always worth a look within that time.
    """
    rows: list[Drained] = []
    for cluster, timeout in clusters.items():
        found = {drain.drain_id: drain for drain in (*drains.since(cluster, since), *drains.open_in(cluster))}
        rows += [row(drain, timeout, now) for drain in found.values()]
        rows += _unrecorded(ecs, cluster, {drain.instance_id for drain in found.values()})
    return sorted(rows, key=lambda row: (row.ended is not None, -(row.ended or 0)))


def row(drain: Drain, heartbeat_timeout: int, now: int) -> Drained:
    """Return the row of one drain."""
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
        stuck=stuck(drain, now),
        started=drain.started,
        ended=drain.ended or None,
    )


def _unrecorded(ecs: Any, cluster: str, recorded: Iterable[str]) -> list[Drained]:
    """Return the hosts that are DRAINING although no drain is known: set by hand, or by ECS's managed draining."""
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=cluster, status="DRAINING")
    arns = [arn for page in pages for arn in page["containerInstanceArns"]]
    hosts = ClusterReader(ecs, cluster).hosts(arns).values() if arns else []
    known = set(recorded)
    return [
        Drained(
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
        for host in hosts
        if host.instance_id not in known
    ]
