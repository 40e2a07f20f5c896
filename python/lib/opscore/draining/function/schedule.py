"""The sweep: every minute, it finds and repairs what lost events or calls have left behind."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from opscore.batches import batches
from opscore.draining.aws.hosts import RETAINED, WAITING, retains_abandoned
from opscore.draining.aws.metrics import STUCK
from opscore.draining.function.finishing import end_action
from opscore.draining.function.opening import open_drain
from opscore.draining.function.poller import Pollers
from opscore.draining.function.queue import RequestBatch
from opscore.draining.function.wiring import Wiring
from opscore.draining.judging.decision import stuck
from opscore.draining.policy import Fleet
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Termination
from opscore.fleets.cluster_reader import ClusterReader
from opscore.logs import structured_log

GROUPS_PER_CALL = 50
PROCEEDING_SECONDS = 120
"""How long an instance may take from a completed action to Terminating:Proceed."""


class Swept(NamedTuple):
    """What a sweep found; `waiting` counts the instances that a hook holds, `kept` those kept after their deadline.

    `retaining` counts the groups that were told to keep what their hook abandons: new ones, or changed by somebody.
    """

    waiting: int
    kept: int
    opened: int
    open: int
    stuck: int
    retaining: int = 0


def sweep(wiring: Wiring, pollers: Pollers) -> Swept:
    """Look once at all fleets and repair what was lost; raises what no repair could help, when the rest is done."""
    batch = RequestBatch(wiring, pollers)
    groups = list(_groups(wiring))
    retaining, refusal = _retain_abandoned(groups, wiring)
    waiting, retained = _in_state(groups, WAITING, wiring), _in_state(groups, RETAINED, wiring)
    opened = sum(_found_waiting(instance_id, fleet, wiring, batch) for instance_id, fleet in waiting)
    opened += sum(_found_kept(instance_id, fleet, wiring, batch) for instance_id, fleet in retained)
    batch.begin()
    clusters = sorted({fleet.cluster for fleet in wiring.fleets.values()})
    found = {cluster: wiring.drains.open_in(cluster) for cluster in clusters}
    for cluster in clusters:
        if found[cluster]:
            pollers.ensure(cluster)
    in_need = {cluster: sum(bool(stuck(drain, wiring.now())) for drain in found[cluster]) for cluster in clusters}
    # A cluster is made before its group and goes after it; one that is not there has no host.
    there = {wiring.fleets[group["AutoScalingGroupName"]].cluster for group in groups}
    kept = {
        cluster: _kept(cluster, found[cluster], retained, wiring) if cluster in there else 0 for cluster in clusters
    }
    for cluster in clusters:
        wiring.count(STUCK, cluster, in_need[cluster] + kept[cluster])
    if refusal:
        raise refusal
    still_open = sum(map(len, found.values()))
    return Swept(len(waiting), sum(kept.values()), opened, still_open, sum(in_need.values()), retaining)


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


def _groups(wiring: Wiring) -> Iterator[Mapping[str, Any]]:
    """Yield the groups of the fleets as DescribeAutoScalingGroups gives them; one that is not made yet is missing."""
    for names in batches(wiring.fleets, GROUPS_PER_CALL):
        request: dict[str, object] = {"AutoScalingGroupNames": list(names)}
        while True:
            answer = wiring.autoscaling.describe_auto_scaling_groups(**request)
            yield from answer["AutoScalingGroups"]
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]


def _retain_abandoned(groups: Sequence[Mapping[str, Any]], wiring: Wiring) -> tuple[int, Exception | None]:
    """Have the groups of fleets that keep hosts retain what their hook abandons, where they do not.

    Returns how many were told so, and what refused one. From then on a host whose hook times out is kept, even when
    nothing here runs any more.
    """
    told, refusal = 0, None
    for group in groups:
        name = group["AutoScalingGroupName"]
        if retains_abandoned(group) or not wiring.fleets[name].policy.keeps_hosts:
            continue
        try:
            wiring.hosts.retain_abandoned(name)
            told += 1
        except Exception as error:  # noqa: BLE001  Raised at the end: the other groups and repairs come first.
            refusal = error
    return told, refusal


def _in_state(groups: Sequence[Mapping[str, Any]], state: str, wiring: Wiring) -> list[tuple[str, Fleet]]:
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
