"""Size and restart: 500 instances with 1,000 tasks drain, and a fleet outlives its emulator."""

from concurrent.futures import ThreadPoolExecutor

from ops_cli.sandbox import lifecycle
from ops_cli.sandbox.project import Places
from opscore.waiting import wait_until
from tests.sandbox.emulated_account import Account, eventually
from tests.sandbox.fleet.fleet_account import QUICK, Fleet, Group

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
    doomed, names = group.ids(), _pages(fleet, cluster)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(group.terminate, doomed))
    for start in range(0, len(names), 10):
        fleet.ecs.update_container_instances_state(
            cluster=cluster, containerInstances=names[start : start + 10], status="DRAINING"
        )
    left = set(names)

    def drained() -> bool:
        left.difference_update([arn for arn in left if fleet.is_drained(cluster, arn)])
        return not left

    _await(drained, "the drain")
    assert fleet.describe_service(cluster, service)["runningCount"] >= TASKS
    killed = [task for arn in names for task in fleet.tasks_on(cluster, arn) if task["stopCode"] == "TerminationNotice"]
    assert killed == []
    for one in doomed:
        group.complete(hook, one)
    _await(lambda: not set(doomed) & {one["InstanceId"] for one in group.instances()}, "the termination")
    _await(lambda: len(_pages(fleet, cluster, status="ACTIVE")) == INSTANCES, "the replacements")


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
