"""From the stack to the draining library's arguments: which fleet is meant, and where its records are."""

import getpass
import time
from collections.abc import Iterable, Mapping, Sequence

from ops_cli.frame.context import Ops
from ops_cli.frame.stack import Fleet
from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.aws.hosts import RETAINED
from opscore.draining.operator.drains import DrainRow, GroupFacts, list_drained
from opscore.draining.operator.placement import Move
from opscore.draining.operator.rehearsal import rehearse_drain
from opscore.draining.record import AUDIT_SECONDS, Drain
from opscore.draining.requests import Order, Undo
from opscore.errors import NotFound, OpsError, UsageProblem
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.fleet_view import FleetView, view
from opscore.words import counted

QUEUE = "drain-events"
SHOWN_IDS = 5


def records(ops: Ops) -> DynamoDrains:
    """Return the table of drains; raises `NotFound` when the stack drains nothing."""
    if "drains" not in ops.stack.tables:
        raise NotFound("No fleet of this stack is drained by opsctl.", hint="`opsctl fleet` shows who drains what.")
    return DynamoDrains(ops.client("dynamodb"), ops.stack.table("drains"))


def fleets(ops: Ops, name: str | None = None) -> list[Fleet]:
    """Return the fleet called `name`, or all of them."""
    return [ops.stack.fleet(name)] if name else list(ops.stack.fleets.values())


def look(ops: Ops, fleet: Fleet) -> FleetView:
    """Return a fleet as it is now."""
    import datetime as dt

    clients = {service: ops.client(service) for service in ("autoscaling", "ec2", "ecs")}
    return view(fleet.role, fleet.name, fleet.cluster, clients, dt.datetime.now(dt.UTC))


def drained(ops: Ops, name: str | None, since: int) -> list[DrainRow]:
    """Return the drains of a fleet or of all since then."""
    clusters = {fleet.cluster: _group_facts(ops, fleet) for fleet in fleets(ops, name)}
    return list_drained(records(ops), ops.client("ecs"), clusters, since, int(time.time()))


def in_need(ops: Ops) -> list[DrainRow]:
    """Return the hosts that need a person now, whenever their drains began."""
    return [row for row in drained(ops, None, int(time.time())) if row.stuck]


def _group_facts(ops: Ops, fleet: Fleet) -> GroupFacts:
    autoscaling = ops.client("autoscaling")
    hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=fleet.name)["LifecycleHooks"]
    timeouts = [int(hook["HeartbeatTimeout"]) for hook in hooks if hook["LifecycleHookName"].startswith("opsctl-")]
    groups = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[fleet.name])["AutoScalingGroups"]
    instances = [instance for group in groups for instance in group["Instances"]]
    retained = {one["InstanceId"] for one in instances if one["LifecycleState"] == RETAINED}
    return GroupFacts(next(iter(timeouts), 0), frozenset(retained))


def fleet_of(ops: Ops, instance_ids: Sequence[str]) -> Mapping[str, Fleet]:
    """Return the fleet of each instance; raises `NotFound` naming those of no fleet."""
    by_group = {fleet.name: fleet for fleet in ops.stack.fleets.values()}
    found: dict[str, Fleet] = {}
    for first in range(0, len(instance_ids), 50):
        answer = ops.client("autoscaling").describe_auto_scaling_instances(
            InstanceIds=list(instance_ids[first : first + 50])
        )
        for entry in answer["AutoScalingInstances"]:
            if entry["AutoScalingGroupName"] in by_group:
                found[entry["InstanceId"]] = by_group[entry["AutoScalingGroupName"]]
    if strange := [instance_id for instance_id in instance_ids if instance_id not in found]:
        raise NotFound(
            f"Not instances of a fleet of this stack: {', '.join(strange)}.", hint="`opsctl fleet NAME` lists them."
        )
    return found


def rehearse(ops: Ops, found: Mapping[str, Fleet]) -> list[tuple[str, Move]]:
    """Return what becomes of the tasks, by cluster."""
    clusters = sorted({fleet.cluster for fleet in found.values()})
    return [
        (cluster, move)
        for cluster in clusters
        for move in rehearse_drain(
            ops.client("ecs"), cluster, [name for name, fleet in found.items() if fleet.cluster == cluster]
        )
    ]


def order(ops: Ops, found: Mapping[str, Fleet], reason: str, last: Mapping[str, Drain]) -> None:
    """Order the drain of instances; `last` is what is known of their drains."""
    at, by = int(time.time()), getpass.getuser()
    _send(ops, [Order(name, one.name, by, reason, at, _attempt(last, name)) for name, one in found.items()])


def undo(ops: Ops, found: Mapping[str, Fleet], last: Mapping[str, Drain]) -> None:
    """Order that instances take tasks again; `last` is what is known of their drains."""
    at, by = int(time.time()), getpass.getuser()
    _send(ops, [Undo(name, fleet.name, by, at, _attempt(last, name)) for name, fleet in found.items()])


def _attempt(last: Mapping[str, Drain], instance_id: str) -> int:
    return last[instance_id].attempt if instance_id in last else 0


def _send(ops: Ops, orders: Sequence[Order | Undo]) -> None:
    if QUEUE not in ops.stack.queues:
        raise NotFound("No fleet of this stack is drained by opsctl.", hint="`opsctl fleet` shows who drains what.")
    sqs = ops.client("sqs")
    url = sqs.get_queue_url(QueueName=ops.stack.queue(QUEUE).name)["QueueUrl"]
    for wanted in orders:
        sqs.send_message(QueueUrl=url, MessageBody=wanted.to_json())


def last_drains(ops: Ops, instance_ids: Iterable[str]) -> dict[str, Drain]:
    """Return the last drain of each instance by its id; those that never drained are missing."""
    drains = records(ops)
    return {name: drain for name in instance_ids if (drain := drains.latest(name))}


def container_status(ops: Ops, found: Mapping[str, Fleet]) -> dict[str, str]:
    """Return the status of each instance in its cluster; those that no cluster knows are missing."""
    status: dict[str, str] = {}
    for cluster in sorted({fleet.cluster for fleet in found.values()}):
        there = [name for name, fleet in found.items() if fleet.cluster == cluster]
        hosts = ClusterReader(ops.client("ecs"), cluster).locate(there)
        status |= {name: host.status for name, host in hosts.items()}
    return status


def find(ops: Ops, drain_id: str) -> list[Drain]:
    """Return the drain with that id, or all drains of an instance, whose id may be given by its beginning.

    Raises `NotFound`, and `UsageProblem` where several instances begin so.
    """
    instance_id, _, attempt = drain_id.partition("/")
    if not instance_id or (attempt and not attempt.isdecimal()):
        raise OpsError(f"{drain_id!r} is no drain: an id is INSTANCE or INSTANCE/NUMBER.", exit_code=NotFound.exit_code)
    history = records(ops).history(instance_id) or records(ops).history(_only_one(instance_id, drained_instances(ops)))
    found = [drain for drain in history if not attempt or drain.attempt == int(attempt)]
    if not found:
        raise NotFound(f"There is no record of a drain {drain_id}.", hint="`opsctl drained --since 1w` lists drains.")
    return found


def drained_instances(ops: Ops) -> list[str]:
    """Return the instances of the stack's fleets that have a record of a drain; one query for each cluster."""
    kept = int(time.time()) - AUDIT_SECONDS
    clusters = {fleet.cluster for fleet in ops.stack.fleets.values()}
    drains = (drain for cluster in clusters for drain in records(ops).since(cluster, kept))
    return sorted({drain.instance_id for drain in drains})


def _only_one(beginning: str, known: Sequence[str]) -> str:
    """Return the only instance whose id begins so; `beginning` itself when there is none."""
    if not (candidates := [one for one in known if one.startswith(beginning)]):
        return beginning
    if len(candidates) > 1:
        named = ", ".join(candidates[:SHOWN_IDS])
        rest = f" and {len(candidates) - SHOWN_IDS} more" if len(candidates) > SHOWN_IDS else ""
        said = f"{counted(len(candidates), 'instance')} with a drain begin with {beginning!r}."
        raise UsageProblem(said, hint=f"Which one: {named}{rest}?")
    return candidates[0]
