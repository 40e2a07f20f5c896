"""Size and restart: 500 instances with 1,000 tasks drain, and a fleet outlives its emulator."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ops_cli.clone.places import Places
from ops_cli.sandbox.emulator import lifecycle
from opscore.batches import batches
from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.aws.hosts import Hosts
from opscore.draining.function.poller import pollers
from opscore.draining.function.queue import RequestBatch
from opscore.draining.function.tick import tick
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import POLL_SECONDS, Policy
from opscore.draining.policy import Fleet as DrainRow
from opscore.draining.record import Drain, Outcome
from opscore.draining.requests import Termination
from opscore.waiting import wait_until
from tests.emulator.emulated_account import Account, eventually
from tests.emulator.fleet.fleet_account import QUICK, Fleet, Group, unique
from tests.lib.opscore.draining.drains_table import make_table

INSTANCES, TASKS = 500, 1000


def _pages(fleet: Fleet, cluster: str, **more: str) -> list[str]:
    pages = fleet.ecs.get_paginator("list_container_instances").paginate(cluster=cluster, **more)
    return [arn for page in pages for arn in page["containerInstanceArns"]]


def _await(ready: object, what: str) -> None:
    wait_until(ready, timeout=300, interval=0.5, what=what)  # type: ignore[arg-type]


def test_five_hundred_instances_with_a_thousand_tasks_drain_and_terminate(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    group = fleet.group(INSTANCES, cluster, MaxSize=1000)
    hook = group.hook(timeout=7200)
    _await(lambda: len(_pages(fleet, cluster)) == INSTANCES, "registration")
    service = fleet.service(cluster, fleet.definition(cpu=128, memory=128), TASKS)
    _await(lambda: fleet.describe_service(cluster, service)["runningCount"] == TASKS, "running tasks")
    doomed = group.ids()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(group.terminate, doomed))
    drains = _drained(fleet, DrainRow(group.name, cluster, hook, Policy(heartbeat_timeout_seconds=7200)), doomed)
    assert {drain.outcome for drain in drains} == {Outcome.DRAINED}
    assert sum(drain.tasks_at_start or 0 for drain in drains) == TASKS
    killed = [task for task in _stopped(fleet, cluster) if task["stopCode"] == "TerminationNotice"]
    assert killed == []
    assert fleet.describe_service(cluster, service)["runningCount"] >= TASKS
    _await(lambda: not set(doomed) & {one["InstanceId"] for one in group.instances()}, "the termination")
    _await(lambda: len(_pages(fleet, cluster, status="ACTIVE")) == INSTANCES, "the replacements")


def _drained(fleet: Fleet, drained: DrainRow, doomed: list[str]) -> list[Drain]:
    """Drain instances as the drain function does, in a time in which 15 seconds are over as soon as a tick is."""
    client, table = fleet.account.client, unique("drains")
    make_table(client("dynamodb"), table)
    records, clock = DynamoDrains(client("dynamodb"), table), [int(time.time())]
    wiring = Wiring(
        drains=records,
        hosts=Hosts(fleet.ecs, fleet.autoscaling),
        ecs=fleet.ecs,
        ec2=fleet.ec2,
        autoscaling=fleet.autoscaling,
        count=lambda metric, _, value: pytest.fail(f"{value} {metric}"),
        fleets={drained.group: drained},
        now=lambda: clock[0],
    )
    for some in batches(doomed, 10):
        batch = RequestBatch(wiring, pollers(records, lambda *_: None, wiring.now))
        for instance_id in some:
            batch.accept(Termination(instance_id, drained.group, drained.hook, "token"))
        batch.begin()

    def is_over() -> bool:
        clock[0] += POLL_SECONDS
        return not tick(drained.cluster, wiring).open

    wait_until(is_over, timeout=300, interval=0, what="the drain")
    return [drain for name in doomed if (drain := records.latest(name))]


def _stopped(fleet: Fleet, cluster: str) -> list[dict[str, Any]]:
    pages = fleet.ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus="STOPPED")
    arns = [arn for page in pages for arn in page["taskArns"]]
    found = [
        task for some in batches(arns, 100) for task in fleet.ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]
    ]
    assert len(found) >= TASKS
    return found


def test_a_fleet_outlives_its_emulator(places: Places) -> None:
    fleet = Fleet(Account(lifecycle.ensure_running(places, print)))
    fleet.settings(**QUICK)
    cluster = fleet.cluster()
    group = fleet.group(2, cluster)
    hook = group.hook(timeout=7200)
    arns = fleet.await_registered(cluster, 2)
    service = fleet.service(cluster, fleet.definition(), 2)
    fleet.await_running(cluster, service, 2)
    waiting = group.ids()[0]
    group.terminate(waiting)
    eventually(lambda: group.state_of(waiting) == "Terminating:Wait", "the hook")
    tasks = {task["taskArn"] for arn in arns for task in fleet.tasks_on(cluster, arn)}
    lifecycle.stop(places, print)
    fleet = Fleet(Account(lifecycle.ensure_running(places, print)))
    group = Group(fleet, group.name, group.template)
    assert {task["taskArn"] for arn in arns for task in fleet.tasks_on(cluster, arn)} >= tasks
    assert fleet.describe_service(cluster, service)["runningCount"] == 2
    assert group.state_of(waiting) == "Terminating:Wait"
    fleet.drain(cluster, fleet.container_instance_of(cluster, waiting))
    eventually(lambda: fleet.is_drained(cluster, arns[0]) or fleet.is_drained(cluster, arns[1]), "the drain")
    group.complete(hook, waiting)
    eventually(lambda: group.state_of(waiting) == "gone", "the end of the instance")
