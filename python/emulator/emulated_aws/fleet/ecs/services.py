"""ECS services on container instances: the scheduler carries out what service_plan decides, and says why it cannot.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html

Services on Fargate stay with the emulator. A pass starts at most `STARTS_A_PASS` tasks of a service, so that the lock
around the fleet is never held for long.
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import ecs

from emulated_aws.fleet import state
from emulated_aws.fleet.ecs import container_instances, deployments, records, tasks
from emulated_aws.fleet.ecs.placement import SERVICE_DEFAULT, Host, Need, Placed, place
from emulated_aws.fleet.ecs.service_events import say, tell_action
from emulated_aws.fleet.ecs.service_plan import Step, TaskFact, daemon_step, replica_step

Service = dict[str, Any]
Task = dict[str, Any]

STARTS_A_PASS = 50
_SEE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
_REASONS = {
    "RESOURCE:CPU": "has insufficient CPU units available",
    "RESOURCE:MEMORY": "has insufficient memory available",
    "RESOURCE:PORTS": "is already using a port required by your task",
    "DISTINCT": 'encountered error "DistinctInstance placement constraint unsatisfied."',
    "ATTRIBUTE": 'encountered error "MemberOf placement constraint unsatisfied."',
    "AGENT": 'encountered error "AGENT"',
}


def on_container_instances(service: Mapping[str, Any]) -> bool:
    """Whether the fleet schedules this service: launch type EC2, or a capacity provider that is not Fargate."""
    return bool(ecs._task_capacity(service.get("launchType"), service.get("capacityProviderStrategy"))[0] == "EC2")


def step_all() -> None:
    """Bring every service of the present account and region one step on."""
    with state.LOCK:
        running = _tasks_by_group()
    for key, service in ecs._services.items():
        if service["status"] != "ACTIVE" or not on_container_instances(service):
            continue
        with state.LOCK:
            if ecs._services.get(key) is service:
                group = (service["clusterArn"], f"service:{service['serviceName']}")
                _step(service, [task for task in running[group] if task["lastStatus"] != "STOPPED"])


def _tasks_by_group() -> dict[tuple[str, str], list[Task]]:
    found: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in records.live_tasks().values():
        found[task["clusterArn"], task["group"]].append(task)
    return found


def _step(service: Service, present: list[Task]) -> None:
    cluster = ecs._clusters.get(service["clusterArn"].rsplit("/", 1)[-1])
    definition = ecs._task_defs.get(service["taskDefinition"].rsplit("/", 1)[-1])
    if cluster is None or definition is None:
        return
    deployments.announce(service)
    wanted = [task for task in present if task["desiredStatus"] == "RUNNING"]
    hosts = hosts_of(cluster)
    facts = [_fact(service, task) for task in wanted]
    daemon = service["schedulingStrategy"] == "DAEMON"
    step, started = (
        _daemons(service, cluster, definition, hosts, facts)
        if daemon
        else _replicas(service, cluster, definition, hosts, facts)
    )
    for arn in set(deployments.count_failures(service, facts)) - set(step.stop):
        tasks.stop(records.live_tasks()[arn], "Task failed container health checks", "ServiceSchedulerInitiated")
    for arn in step.stop:
        tasks.stop(records.live_tasks()[arn], _why(service, records.live_tasks()[arn]), "ServiceSchedulerInitiated")
    if step.stop:
        say(service, f"has stopped {len(step.stop)} running tasks: {_named(step.stop)}.")
    if started:
        say(service, f"has started {len(started)} tasks: {_named([task['taskArn'] for task in started])}.")
    moved = started or step.stop or step.start
    healthy = all(fact.healthy for fact in facts if not fact.leaves)
    _count(service, [*present, *started], settled=healthy and not moved)


def _named(arns: Sequence[str]) -> str:
    return " ".join(f"(task {arn.rsplit('/', 1)[-1]})" for arn in arns[:10])


def _why(service: Service, task: Task) -> str:
    record = records.container_instances.get(task["containerInstanceArn"]) or {}
    if record.get("status") == "DRAINING":
        return (
            f"Scaling activity initiated by (deployment {task.get('_deployment_id', '')}) - container instance draining"
        )
    return f"Scaling activity initiated by (deployment {deployments.primary(service).get('id', '')})"


def hosts_of(cluster: Mapping[str, Any]) -> list[Host]:
    """Return the hosts that may take new tasks: those that are ACTIVE."""
    return [
        container_instances.host_of(record)
        for record in records.cluster_instances(cluster["clusterArn"])
        if record["status"] == "ACTIVE"
    ]


def _fact(service: Service, task: Task) -> TaskFact:
    record = records.container_instances.get(task["containerInstanceArn"]) or {}
    host = records.hosts.get(records.host_key(task["containerInstanceArn"]))
    unhealthy = state.faults.applies("unhealthy_task", family=task["_family"], group=task["group"])
    return TaskFact(
        arn=task["taskArn"],
        status=task["lastStatus"],
        host=task["containerInstanceArn"],
        host_drains=record.get("status") == "DRAINING",
        current=task.get("_deployment_id") == deployments.primary(service).get("id"),
        healthy=unhealthy is None,
        created_at=float(task["createdAt"]),
        tasks_beside=len(host.tasks) if host else 0,
    )


def _percents(service: Service) -> tuple[int, int]:
    configuration = service.get("deploymentConfiguration") or {}
    return int(configuration.get("minimumHealthyPercent", 100)), int(configuration.get("maximumPercent", 200))


def _replicas(
    service: Service,
    cluster: Mapping[str, Any],
    definition: Mapping[str, Any],
    hosts: list[Host],
    facts: list[TaskFact],
) -> tuple[Step, list[Task]]:
    minimum, maximum = _percents(service)
    step = replica_step(int(service["desiredCount"]), minimum, maximum, facts)
    strategies = tasks.strategies_of(service.get("placementStrategy") or ()) or SERVICE_DEFAULT
    started: list[Task] = []
    for _ in range(0 if deployments.has_failed(service) else min(step.start, STARTS_A_PASS)):
        provider = next_provider(service.get("capacityProviderStrategy"), service, started)
        need = _need(service, definition, provider)
        found = place(need, hosts, strategies)
        if found.host is None:
            _complain(service, found)
            break
        started.append(_start(service, cluster, definition, found.host, need, provider))
    return step, started


def _need(service: Service, definition: Mapping[str, Any], provider: str | None) -> Need:
    group = f"service:{service['serviceName']}"
    return tasks.need_of(definition, group, service.get("placementConstraints") or (), provider)


def next_provider(
    strategy: Sequence[Mapping[str, Any]] | None, service: Mapping[str, Any], started: Sequence[Task]
) -> str | None:
    """Return the provider that gets the next task: bases first, then by weight; None for a launch type.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """
    if not strategy:
        return None
    group = f"service:{service['serviceName']}" if service.get("serviceName") else ""
    counts: dict[str, int] = defaultdict(int)
    here = (task for task in records.live_tasks().values() if group and task["group"] == group)
    for task in itertools.chain(here, () if group else started):
        counts[str(task.get("capacityProviderName"))] += 1
    for item in strategy:
        if counts[item["capacityProvider"]] < int(item.get("base") or 0):
            return str(item["capacityProvider"])
    weighted = [item for item in strategy if int(item.get("weight") or 0)] or list(strategy)
    least = min(weighted, key=lambda item: counts[item["capacityProvider"]] / max(1, int(item.get("weight") or 1)))
    return str(least["capacityProvider"])


def _start(
    service: Service,
    cluster: Mapping[str, Any],
    definition: Mapping[str, Any],
    host: Host,
    need: Need,
    provider: str | None,
) -> Task:
    deployment = deployments.primary(service).get("id", "")
    return tasks.start(
        cluster,
        definition,
        host,
        need,
        startedBy=deployment,
        capacityProviderName=provider,
        enableExecuteCommand=service.get("enableExecuteCommand", False),
        tags=list(service.get("tags") or ()) if service.get("propagateTags") == "SERVICE" else [],
        _deployment_id=deployment,
        _load_balanced=bool(service.get("loadBalancers")),
    )


def _daemons(
    service: Service,
    cluster: Mapping[str, Any],
    definition: Mapping[str, Any],
    hosts: list[Host],
    facts: list[TaskFact],
) -> tuple[Step, list[Task]]:
    need = _need(service, definition, None)
    there = {fact.host for fact in facts}
    fitting = [host for host in hosts if host.name in there or not _misplaced(host, need)]
    busy = [fact.host for fact in facts if fact.tasks_beside > 1]
    step, missing = daemon_step([host.name for host in fitting], facts, busy)
    by_name = {host.name: host for host in hosts}
    started = []
    for name in missing[:STARTS_A_PASS]:
        if reason := by_name[name].obstacle(need):
            _complain(service, Placed(None, reason, name))
            continue
        started.append(_start(service, cluster, definition, by_name[name], need, None))
    service["desiredCount"] = len(fitting)
    return step, started


def _misplaced(host: Host, need: Need) -> bool:
    """Whether a constraint keeps the daemon off this host; a lack of room does not make the host unwanted."""
    return host.obstacle(need) in ("ATTRIBUTE", "DISTINCT", "AGENT")


def _complain(service: Service, found: Placed) -> None:
    """Say why a task has no place, and send it once as often as it is said."""
    if say(service, _refusal(found)):
        tell_action(service, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", reason=found.reason)


def _refusal(found: Placed) -> str:
    message = "was unable to place a task because no container instance met all of its requirements."
    if found.reason == "EMPTY CLUSTER":
        return f"{message} Reason: No Container Instances were found in your cluster. {_SEE}"
    closest = found.closest.rsplit("/", 1)[-1]
    return f"{message} The closest matching (container-instance {closest}) {_REASONS[found.reason]}. {_SEE}"


def _count(service: Service, present: list[Task], settled: bool) -> None:
    wanted = [task for task in present if task["desiredStatus"] == "RUNNING"]
    running = [task for task in wanted if task["lastStatus"] == "RUNNING"]
    service["runningCount"] = len(running)
    service["pendingCount"] = len(wanted) - len(running)
    for deployment in service.get("deployments") or ():
        own = [task for task in wanted if task.get("_deployment_id") == deployment["id"]]
        deployment["runningCount"] = sum(task["lastStatus"] == "RUNNING" for task in own)
        deployment["pendingCount"] = len(own) - deployment["runningCount"]
    deployments.settle(service, steady=settled and len(wanted) == len(running) == service["desiredCount"])
