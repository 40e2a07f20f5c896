"""The sweep: every minute, it finds and repairs what lost events or calls have left behind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from opscore.draining.aws.hosts import RETAINED, WAITING
from opscore.draining.aws.metrics import STUCK
from opscore.draining.function.finishing import end_action
from opscore.draining.function.groups import Group, describe, set_right
from opscore.draining.function.opening import open_drain
from opscore.draining.function.queue import RequestBatch
from opscore.draining.function.wiring import Wiring
from opscore.draining.judging.decision import stuck
from opscore.draining.policy import Fleet
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Termination
from opscore.fleets.cluster_reader import ClusterReader
from opscore.logs import structured_log
from opscore.watchers import Changed, Watchers

PROCEEDING_SECONDS = 120
"""How long an instance may take from a completed action to Terminating:Proceed."""


class Swept(NamedTuple):
    """What a sweep found; `waiting` counts the instances that a hook holds, `kept` those kept after their deadline.

    `retaining` counts the groups that were told to keep what their hook abandons, `hooks` the hooks that were changed:
    of new groups, of fleets whose policy changed, or after somebody else's change.
    """

    waiting: int
    kept: int
    opened: int
    open: int
    stuck: int
    retaining: int = 0
    hooks: int = 0


def sweep(wiring: Wiring, pollers: Watchers) -> Swept:
    """Look once at all fleets and repair what was lost; raises what no repair could help, when the rest is done."""
    batch = RequestBatch(wiring, pollers)
    groups = list(describe(wiring))
    righted = set_right(groups, wiring)
    waiting, retained = _in_state(groups, WAITING, wiring), _in_state(groups, RETAINED, wiring)
    opened = sum(_found_waiting(instance_id, fleet, wiring, batch) for instance_id, fleet in waiting)
    opened += sum(_found_kept(instance_id, fleet, wiring, batch) for instance_id, fleet in retained)
    batch.begin()
    clusters = sorted({fleet.cluster for fleet in wiring.fleets.values()})
    found = {cluster: wiring.drains.open_in(cluster) for cluster in clusters}
    for cluster in clusters:
        if found[cluster]:
            _hasten([drain for drain in found[cluster] if drain.group in righted.hooks and drain.hook], wiring)
            pollers.ensure(cluster)
    counted = {instance_id for instance_id, _ in retained}
    in_need = {
        cluster: sum(drain.instance_id not in counted and bool(stuck(drain, wiring.now())) for drain in found[cluster])
        for cluster in clusters
    }
    # A cluster is made before its group and goes after it; one that is not there has no host.
    there = {wiring.fleets[group["AutoScalingGroupName"]].cluster for group in groups}
    kept = {
        cluster: _kept(cluster, found[cluster], retained, wiring) if cluster in there else 0 for cluster in clusters
    }
    for cluster in clusters:
        wiring.count(STUCK, cluster, in_need[cluster] + kept[cluster])
    if righted.refusal:
        raise righted.refusal
    still_open = sum(map(len, found.values()))
    said = (len(waiting), sum(kept.values()), opened, still_open, sum(in_need.values()))
    return Swept(*said, len(righted.retaining), len(righted.hooks))


def _hasten(waiting: Sequence[Drain], wiring: Wiring) -> None:
    """Have the next look send a heartbeat: until then these wait for as long as their hook said before its change."""
    for drain in waiting:
        try:
            wiring.drains.update(drain, replace(drain, heartbeat_at=0))
        except Changed:
            continue


def _kept(cluster: str, open_drains: Sequence[Drain], retained: Sequence[tuple[str, Fleet]], wiring: Wiring) -> int:
    """Count the kept hosts of a cluster: each needs a person until it is gone, for only its drain has ended.

    They are the instances that Auto Scaling retains, and the hosts that stay DRAINING after a drain that kept them.
    """
    held = {instance_id for instance_id, fleet in retained if fleet.cluster == cluster}
    known = {drain.container_instance for drain in open_drains}
    draining = ClusterReader(wiring.ecs, cluster).container_instances("DRAINING", without=known)
    left = {host["ec2InstanceId"] for host in draining} - held - {drain.instance_id for drain in open_drains}
    last = (wiring.drains.latest(instance_id) for instance_id in sorted(left))
    return len(held) + sum(drain is not None and drain.outcome is Outcome.KEPT for drain in last)


def _in_state(groups: Sequence[Group], state: str, wiring: Wiring) -> list[tuple[str, Fleet]]:
    return [
        (instance["InstanceId"], wiring.fleets[group["AutoScalingGroupName"]])
        for group in groups
        for instance in group.get("Instances", [])
        if instance["LifecycleState"] == state
    ]


def _found_waiting(instance_id: str, fleet: Fleet, wiring: Wiring, batch: RequestBatch) -> bool:
    """Open the drain of an instance that waits without one; complete again what did not take effect."""
    now = wiring.now()
    latest = wiring.drains.latest(instance_id)
    if latest and latest.is_open and latest.hook:
        return False
    drain = open_drain(Termination(instance_id, fleet.group, fleet.hook), fleet, wiring.drains, now)
    if drain.is_open:
        structured_log.write("WARNING", "an event was lost: the sweep found the instance", drain_id=drain.drain_id)
        batch.take(drain)
        return True
    if drain.outcome is not Outcome.KEPT and drain.hook and now >= drain.ended + PROCEEDING_SECONDS:
        again = end_action(drain, wiring.hosts)
        structured_log.write("WARNING", "completed again", drain_id=drain.drain_id, was_waiting=again)
    return False


def _found_kept(instance_id: str, fleet: Fleet, wiring: Wiring, batch: RequestBatch) -> bool:
    """Open the drain of an instance that was kept before anybody recorded one: its hook timed out unheard.

    There is no lifecycle action any more, so the drain names no hook; its tasks move all the same.
    """
    latest = wiring.drains.latest(instance_id)
    if latest and (latest.is_open or latest.cause is not Cause.OPERATOR):
        return False
    drain = open_drain(Termination(instance_id, fleet.group, hook=""), fleet, wiring.drains, wiring.now())
    if drain.is_open:
        structured_log.write("WARNING", "kept without a drain: its hook timed out unheard", drain_id=drain.drain_id)
        batch.take(drain)
    return drain.is_open
