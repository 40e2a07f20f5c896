"""The sweep: every minute, it finds and repairs what lost events or calls have left behind."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from opscore.batches import batches
from opscore.draining.aws.hosts import RETAINED, WAITING
from opscore.draining.aws.metrics import STUCK
from opscore.draining.function.finishing import end_action
from opscore.draining.function.opening import open_drain
from opscore.draining.function.poller import Pollers
from opscore.draining.function.queue import RequestBatch
from opscore.draining.function.wiring import Wiring
from opscore.draining.judging.decision import stuck
from opscore.draining.policy import Fleet
from opscore.draining.record import Outcome
from opscore.draining.requests import Termination
from opscore.logs import structured_log

GROUPS_PER_CALL = 50
PROCEEDING_SECONDS = 120
"""How long an instance may take from a completed action to Terminating:Proceed."""


class Swept(NamedTuple):
    """What a sweep found; `waiting` counts the instances that a hook holds, `kept` those kept after their deadline."""

    waiting: int
    kept: int
    opened: int
    open: int
    stuck: int


def sweep(wiring: Wiring, pollers: Pollers) -> Swept:
    """Look once at all fleets and repair what was lost."""
    batch = RequestBatch(wiring, pollers)
    terminating = list(terminating_instances(wiring))
    waiting = [(instance_id, fleet) for instance_id, fleet, state in terminating if state == WAITING]
    kept = Counter(fleet.cluster for _, fleet, state in terminating if state == RETAINED)
    opened = sum(_found_waiting(instance_id, fleet, wiring, batch) for instance_id, fleet in waiting)
    batch.begin()
    clusters = sorted({fleet.cluster for fleet in wiring.fleets.values()})
    found = {cluster: wiring.drains.open_in(cluster) for cluster in clusters}
    for cluster in clusters:
        if found[cluster]:
            pollers.ensure(cluster)
    in_need = {cluster: sum(bool(stuck(drain, wiring.now())) for drain in found[cluster]) for cluster in clusters}
    for cluster in clusters:
        # A kept host needs a person until it is gone: its drain has ended, the trouble has not.
        wiring.count(STUCK, cluster, in_need[cluster] + kept[cluster])
    return Swept(len(waiting), kept.total(), opened, sum(map(len, found.values())), sum(in_need.values()))


def terminating_instances(wiring: Wiring) -> Iterator[tuple[str, Fleet, str]]:
    """Yield the instances that a termination hook holds or has kept: with their fleets, and their state."""
    for names in batches(wiring.fleets, GROUPS_PER_CALL):
        request: dict[str, object] = {"AutoScalingGroupNames": list(names)}
        while True:
            answer = wiring.autoscaling.describe_auto_scaling_groups(**request)
            for group in answer["AutoScalingGroups"]:
                for instance in group.get("Instances", []):
                    if instance["LifecycleState"] in (WAITING, RETAINED):
                        fleet = wiring.fleets[group["AutoScalingGroupName"]]
                        yield instance["InstanceId"], fleet, instance["LifecycleState"]
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]


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
