"""Tasks on container instances: what they need, how they start, and how they stop.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)

Down: desired status STOPPED, then DEACTIVATING while a load balancer lets go of the task, STOPPING from SIGTERM until
the containers end (a task that ignores it is killed when the stop timeout is over, 30 s unless said otherwise), then
STOPPED. Resources are held until STOPPED. An agent that is not connected is not told, so its tasks do not stop.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import ecs

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.ecs import container_instances, networks, records
from emulated_aws.fleet.ecs.placement import Host, Need, Strategy
from emulated_aws.fleet.ecs.query_language import BadExpression, Predicate, compile_expression
from emulated_aws.fleet.events import emit
from emulated_aws.fleet.refusals import Refused

Task = dict[str, Any]

DEFAULT_STOP_TIMEOUT = 30
STOPPED_SECONDS = 3600.0
"""How long a stopped task can still be described."""
SIGTERM_EXIT, SIGKILL_EXIT = 143, 137


@functools.lru_cache(maxsize=1024)
def _compiled(expression: str) -> Predicate:
    return compile_expression(expression)


def need_of(
    definition: Mapping[str, Any], group: str, constraints: Sequence[Mapping[str, Any]], provider: str | None = None
) -> Need:
    """Return what a task of this definition asks of its host; raises `Refused` on a constraint that is none."""
    containers = definition["containerDefinitions"]
    predicates: list[Predicate] = []
    distinct = False
    for constraint in (*constraints, *(definition.get("placementConstraints") or ())):
        if constraint.get("type") == "distinctInstance":
            distinct = True
        elif constraint.get("type") == "memberOf":
            predicates.append(_predicate(str(constraint.get("expression", ""))))
        else:
            raise Refused("InvalidParameterException", f"Unknown placement constraint {constraint.get('type')}.")
    if provider:
        predicates.append(lambda facts: facts.get("_provider") == provider)
    return Need(
        cpu=int(_units(definition.get("cpu")) or sum(int(one.get("cpu") or 0) for one in containers)),
        memory=int(_mebibytes(definition.get("memory")) or sum(_container_memory(one) for one in containers)),
        ports=frozenset(networks.fixed_ports(definition)),
        group=group,
        distinct=distinct,
        members_of=tuple(predicates),
    )


def _predicate(expression: str) -> Predicate:
    try:
        return _compiled(expression)
    except BadExpression as error:
        message = f"Invalid placement constraint expression {expression!r}: {error}."
        raise Refused("InvalidParameterException", message) from None


def _units(given: Any) -> float:
    text = str(given or "0").lower()
    return float(text.replace("vcpu", "").strip()) * 1024 if "vcpu" in text else float(text)


def _mebibytes(given: Any) -> float:
    text = str(given or "0").lower()
    return float(text.replace("gb", "").strip()) * 1024 if "gb" in text else float(text)


def _container_memory(container: Mapping[str, Any]) -> int:
    return int(container.get("memoryReservation") or container.get("memory") or 0)


def strategies_of(given: Sequence[Mapping[str, Any]]) -> tuple[Strategy, ...]:
    """Return placement strategies as the decision takes them; raises `Refused` on an unknown one."""
    for one in given:
        if one.get("type") not in ("spread", "binpack", "random"):
            raise Refused("InvalidParameterException", f"Unknown placement strategy {one.get('type')}.")
    return tuple(Strategy(str(one["type"]), str(one.get("field") or "")) for one in given)


def start(cluster: Mapping[str, Any], definition: Mapping[str, Any], host: Host, need: Need, **members: Any) -> Task:
    """Put a new task on its host; it runs after the start time. `members` are further members of its record."""
    arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{cluster['clusterName']}/{new_uuid().replace('-', '')}"
    record = records.container_instances[host.name]
    host.hold(arn, need)
    task: Task = {
        "taskArn": arn,
        "clusterArn": cluster["clusterArn"],
        "taskDefinitionArn": definition["taskDefinitionArn"],
        "containerInstanceArn": host.name,
        "availabilityZone": host.attributes.get("ecs.availability-zone", ""),
        "lastStatus": "PENDING",
        "desiredStatus": "RUNNING",
        "launchType": "EC2",
        "capacityProviderName": None,
        "cpu": str(need.cpu),
        "memory": str(need.memory),
        "connectivity": "CONNECTED",
        "connectivityAt": clock.now(),
        "createdAt": clock.now(),
        "group": need.group,
        "startedBy": "",
        "version": 1,
        "attributes": [],
        "attachments": [],
        "containers": _containers(definition, arn, host),
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
        "tags": [],
        "healthStatus": "UNKNOWN",
        "enableExecuteCommand": False,
        "_fleet": True,
        "_instance": record["ec2InstanceId"],
        "_family": definition["family"],
        "_next_at": clock.now() + state.settings().task_start_seconds,
        "_stop_timeout": max(_stop_timeouts(definition)),
        "_network_mode": definition.get("networkMode"),
        **members,
    }
    ecs._tasks[arn] = task
    if task["tags"]:
        ecs._tags[arn] = list(task["tags"])
    records.live_tasks()[arn] = task
    records.moving_tasks().add(arn)
    tell(task)
    return task


def _stop_timeouts(definition: Mapping[str, Any]) -> list[int]:
    return [int(one.get("stopTimeout") or DEFAULT_STOP_TIMEOUT) for one in definition["containerDefinitions"]]


def _containers(definition: Mapping[str, Any], task_arn: str, host: Host) -> list[dict[str, Any]]:
    found = []
    ports = iter(host.assign_ports(task_arn, networks.dynamic_ports(definition)))
    for one in definition["containerDefinitions"]:
        container = {
            "containerArn": f"arn:aws:ecs:{get_region()}:{get_account_id()}:container/{new_uuid()}",
            "taskArn": task_arn,
            "name": one["name"],
            "image": one["image"],
            "lastStatus": "PENDING",
            "networkBindings": networks.bindings(definition, one, ports),
            "networkInterfaces": [],
            "healthStatus": "UNKNOWN",
            "cpu": str(one.get("cpu") or 0),
        }
        container.update({name: str(one[name]) for name in ("memory", "memoryReservation") if one.get(name)})
        found.append(container)
    return found


def stop(task: Task, reason: str, code: str) -> None:
    """Ask a task to stop; one that was asked before is left alone."""
    if task["desiredStatus"] == "STOPPED":
        return
    task.update(desiredStatus="STOPPED", stoppedReason=reason, stopCode=code, stoppingAt=clock.now())
    records.moving_tasks().add(task["taskArn"])
    if task["lastStatus"] != "RUNNING":
        _end(task, exit_code=None)
        return
    seconds = _deregistration_seconds(task)
    if seconds is None:
        _begin_stopping(task)
    else:
        _change(task, "DEACTIVATING", seconds)


def _deregistration_seconds(task: Task) -> float | None:
    """Return how long the load balancer takes to let go of the task; None when it has none."""
    if not task.get("_load_balanced"):
        return None
    fault = state.faults.applies("slow_deregistration", group=task["group"])
    return float(fault.details.get("seconds", 300)) if fault else 0.0


def _begin_stopping(task: Task) -> None:
    facts = {"task": task["taskArn"], "family": task["_family"], "group": task["group"]}
    ignores = state.faults.strike("ignores_sigterm", instance_id=task["_instance"], **facts)
    task["_killed"] = bool(ignores)
    timeout = clock.scaled(task["_stop_timeout"])
    _change(task, "STOPPING", timeout if ignores else min(timeout, state.settings().shutdown_seconds))


def _change(task: Task, status: str, seconds: float) -> None:
    task.update(lastStatus=status, _next_at=clock.now() + seconds, version=task["version"] + 1)
    tell(task)


def kill(task: Task, reason: str) -> None:
    """The host is gone, and the task with it."""
    task.update(desiredStatus="STOPPED", stoppedReason=reason, stopCode="TerminationNotice")
    task["stoppingAt"] = task.get("stoppingAt") or clock.now()
    _end(task, exit_code=None)


def orphan(task: Task) -> None:
    """ECS no longer accounts for the task: to ECS it has stopped, while its containers run on.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister_container_instance.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html (the reason)
    """
    reason = "Container instance deregistration forced by user"
    task.update(desiredStatus="STOPPED", stoppedReason=reason, stopCode="UserInitiated", stoppingAt=clock.now())
    _forget(task)


def _end(task: Task, exit_code: int | None) -> None:
    for container in task["containers"]:
        container["lastStatus"] = "STOPPED"
        if exit_code is not None:
            container["exitCode"] = exit_code
    _forget(task)


def _forget(task: Task) -> None:
    now = clock.now()
    task.update(lastStatus="STOPPED", stoppedAt=now, executionStoppedAt=now, connectivity="DISCONNECTED")
    task["version"] += 1
    host = records.hosts.get(records.host_key(task["containerInstanceArn"]))
    if host:
        host.release(task["taskArn"])
    records.live_tasks().pop(task["taskArn"], None)
    records.moving_tasks().discard(task["taskArn"])
    tell(task)


def advance_all() -> None:
    """Bring every task that is between two states on, as far as its time has come."""
    tasks = records.live_tasks()
    for arn in list(records.moving_tasks()):
        task = tasks.get(arn)
        if task is None:
            records.moving_tasks().discard(arn)
        elif clock.now() >= task["_next_at"] and _agent_listens(task):
            _advance(task)


def _agent_listens(task: Task) -> bool:
    record = records.container_instances.get(task["containerInstanceArn"])
    return record is not None and bool(record["agentConnected"])


def _advance(task: Task) -> None:
    status = task["lastStatus"]
    if status == "PENDING":
        _begin_running(task)
    elif status == "DEACTIVATING":
        _begin_stopping(task)
    elif status == "STOPPING":
        _end(task, exit_code=SIGKILL_EXIT if task.get("_killed") else SIGTERM_EXIT)
    else:
        records.moving_tasks().discard(task["taskArn"])


def _begin_running(task: Task) -> None:
    now = clock.now()
    task.update(pullStartedAt=task["createdAt"], pullStoppedAt=now, startedAt=now)
    for container in task["containers"]:
        container.update(lastStatus="RUNNING", runtimeId=new_uuid().replace("-", ""))
    _change(task, "RUNNING", 0)
    records.moving_tasks().discard(task["taskArn"])


def tell(task: Task) -> None:
    """Emit the event of a changed task; `version` lets a consumer know repeats and older ones."""
    emit("aws.ecs", "ECS Task State Change", {**ecs._sanitize(task), "updatedAt": clock.now()}, [task["taskArn"]])


def forget_old() -> None:
    """Drop what stopped long ago."""
    for arn, task in ecs._tasks.items():
        if task.get("_fleet") and task["lastStatus"] == "STOPPED" and clock.now() > task["stoppedAt"] + STOPPED_SECONDS:
            ecs._tasks.pop(arn, None)
            ecs._tags.pop(arn, None)


def rebuild_index() -> None:
    """Build the indices of the present account and region from the records, after a restart."""
    for record in records.container_instances.values():
        container_instances.index(record)
    for arn, task in ecs._tasks.items():
        if not task.get("_fleet") or task["lastStatus"] == "STOPPED":
            continue
        host = records.hosts.get(records.host_key(task["containerInstanceArn"]))
        definition = ecs._task_defs.get(task["taskDefinitionArn"].rsplit("/", 1)[-1])
        records.live_tasks()[arn] = task
        records.moving_tasks().add(arn)
        if host and definition:
            need = need_of(definition, task["group"], ())
            host.hold(arn, need)
            bound = {one["hostPort"] for container in task["containers"] for one in container["networkBindings"]}
            host.assigned[arn] = frozenset(bound - need.ports)
