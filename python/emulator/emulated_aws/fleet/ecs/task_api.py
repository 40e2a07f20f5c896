"""The operations on tasks.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateTaskProtection.html

ListTasks answers by *desired* status, RUNNING unless told otherwise; a task that is stopping is in the other list.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from emulated_aws.fleet import clock
from emulated_aws.fleet.ecs import networks, records, services, tasks
from emulated_aws.fleet.ecs.clusters import container_instance, require
from emulated_aws.fleet.ecs.placement import Host, Need, Placed, place
from emulated_aws.fleet.protocol import page
from emulated_aws.fleet.refusals import Refused

Json = dict[str, Any]

LARGEST_PAGE = 100
MOST_RUN = 10


def run(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """RunTask on container instances; on Fargate the emulator's own."""

    def run_task(data: Json) -> Any:
        cluster = require(data)
        launch_type, strategy, problem = ecs._launch_choice(data, cluster)
        if problem:
            return problem
        if not services.on_container_instances({"launchType": launch_type, "capacityProviderStrategy": strategy}):
            return stock(data)
        definition = _definition(data)
        networks.check(definition, data.get("networkConfiguration"))
        count = int(data.get("count") or 1)
        if not 1 <= count <= MOST_RUN:
            raise Refused("InvalidParameterException", f"count must be between 1 and {MOST_RUN}.")
        strategies = tasks.strategies_of(data.get("placementStrategy") or ())
        hosts = services.hosts_of(cluster)
        started: list[Json] = []
        failures: list[Json] = []
        for _ in range(count):
            provider = services.next_provider(strategy, {}, started)
            need = _need(data, definition, provider)
            found = place(need, hosts, strategies)
            if found.host is None:
                failures.append(_failure(found))
            else:
                started.append(_start(data, cluster, definition, found.host, need, provider))
        return {"tasks": [ecs._sanitize(task) for task in started], "failures": failures}

    return run_task


def start(data: Json) -> Json:
    """StartTask: on the container instances that the caller names, resources permitting."""
    cluster, definition = require(data), _definition(data)
    networks.check(definition, data.get("networkConfiguration"))
    started, failures = [], []
    for name in data.get("containerInstances") or ():
        record = container_instance(name, cluster)
        need = _need(data, definition, None)
        host = records.hosts[records.host_key(record["containerInstanceArn"])] if record else None
        reason = host.obstacle(need) if host else "MISSING"
        if record and record["status"] != "ACTIVE":
            reason = "INACTIVE"
        if host is None or reason:
            failures.append({"arn": name, "reason": reason})
        else:
            started.append(_start(data, cluster, definition, host, need, None))
    return {"tasks": [ecs._sanitize(task) for task in started], "failures": failures}


def _definition(data: Json) -> Json:
    found: Json | None = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
    if found is None or found["status"] != "ACTIVE":
        raise Refused("ClientException", "TaskDefinition not found.")
    return found


def _need(data: Json, definition: Json, provider: str | None) -> Need:
    group = data.get("group") or f"family:{definition['family']}"
    if group.startswith("service:"):
        raise Refused("InvalidParameterException", "The task group cannot start with service:.")
    return tasks.need_of(definition, group, data.get("placementConstraints") or (), provider)


def _start(
    data: Json, cluster: Mapping[str, Any], definition: Json, host: Host, need: Need, provider: str | None
) -> Json:
    return tasks.start(
        cluster,
        definition,
        host,
        need,
        startedBy=data.get("startedBy", ""),
        capacityProviderName=provider,
        overrides=data.get("overrides") or {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
        enableExecuteCommand=data.get("enableExecuteCommand", False),
        tags=list(data.get("tags") or ()),
    )


def _failure(found: Placed) -> Json:
    reason = {"DISTINCT": "DistinctInstance placement constraint unsatisfied."}.get(found.reason, found.reason)
    if found.reason == "EMPTY CLUSTER":
        raise Refused("InvalidParameterException", "No Container Instances were found in your cluster.")
    return {"arn": found.closest, "reason": reason}


def stop(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """StopTask: the answer comes at once, the task stops when it has stopped."""

    def stop_task(data: Json) -> Any:
        cluster = require(data)
        task = _find(str(data.get("task", "")), cluster)
        if task is None:
            raise Refused("InvalidParameterException", "The referenced task was not found.")
        if not task.get("_fleet"):
            return stock(data)
        if task["lastStatus"] != "STOPPED":
            tasks.stop(task, str(data.get("reason") or "Task stopped by user"), "UserInitiated")
        return {"task": ecs._sanitize(task)}

    return stop_task


def _find(ref: str, cluster: Mapping[str, Any]) -> Json | None:
    name = cluster["clusterName"]
    short = ref.rsplit("/", 1)[-1]
    task: Json | None = ecs._tasks.get(f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{name}/{short}")
    return task


def list_tasks(data: Json) -> Json:
    """ListTasks: every documented filter, at most 100 a page."""
    cluster = require(data)
    if data.get("containerInstance"):
        record = container_instance(str(data["containerInstance"]), cluster)
        if record is None:
            raise Refused("InvalidParameterException", "Container instance not found.")
        data = {**data, "containerInstance": record["containerInstanceArn"]}
    size = int(data.get("maxResults") or LARGEST_PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise Refused("InvalidParameterException", "maxResults must be between 1 and 100.")
    wanted = str(data.get("desiredStatus") or "RUNNING")
    if wanted not in ("RUNNING", "PENDING", "STOPPED"):
        raise Refused("InvalidParameterException", f"desiredStatus cannot be {wanted}.")
    found = [
        arn
        for arn, task in _candidates(wanted, data)
        if task["clusterArn"] == cluster["clusterArn"] and task["desiredStatus"] == wanted and _passes(task, data)
    ]
    items, token = page(sorted(found), str(data.get("nextToken") or ""), size)
    return {"taskArns": items, **({"nextToken": token} if token else {})}


def _candidates(wanted: str, data: Json) -> list[tuple[str, Json]]:
    if data.get("containerInstance") and wanted == "RUNNING":
        host = records.hosts[records.host_key(data["containerInstance"])]
        return [(arn, records.live_tasks()[arn]) for arn in host.tasks if arn in records.live_tasks()]
    return list(ecs._tasks.items())


def _passes(task: Json, data: Json) -> bool:
    service = f"service:{str(data['serviceName']).rsplit('/', 1)[-1]}" if data.get("serviceName") else None
    family = task["taskDefinitionArn"].rsplit("/", 1)[-1].rsplit(":", 1)[0]
    return (
        data.get("containerInstance") in (None, task.get("containerInstanceArn"))
        and data.get("family") in (None, family)
        and data.get("startedBy") in (None, task.get("startedBy"))
        and data.get("launchType") in (None, task.get("launchType"))
        and service in (None, task.get("group"))
    )


def describe(data: Json) -> Json:
    """DescribeTasks: at most 100; what is missing comes back under failures."""
    cluster, refs = require(data), [str(ref) for ref in data.get("tasks") or ()]
    if not 1 <= len(refs) <= LARGEST_PAGE:
        raise Refused("InvalidParameterException", "Between 1 and 100 tasks can be described at a time.")
    found, failures = [], []
    for ref in refs:
        task = _find(ref, cluster)
        if task is None:
            failures.append({"arn": ref if ref.startswith("arn:") else _arn(ref, cluster), "reason": "MISSING"})
            continue
        shown = ecs._sanitize(task)
        shown["tags"] = ecs._tags.get(task["taskArn"], []) if "TAGS" in (data.get("include") or ()) else []
        found.append(shown)
    return {"tasks": found, "failures": failures}


def _arn(ref: str, cluster: Mapping[str, Any]) -> str:
    return f"arn:aws:ecs:{get_region()}:{get_account_id()}:task/{cluster['clusterName']}/{ref}"


def update_protection(data: Json) -> Json:
    """UpdateTaskProtection: keeps a service task from scale-in, not from a draining host."""
    cluster, protected, failures = require(data), [], []
    minutes = int(data.get("expiresInMinutes") or 120)
    for ref in data.get("tasks") or ():
        task = _find(str(ref), cluster)
        if task is None or not task["group"].startswith("service:"):
            failures.append({"arn": ref, "reason": "MISSING" if task is None else "TASK_NOT_VALID"})
            continue
        on = bool(data.get("protectionEnabled"))
        task["_protected_until"] = clock.now() + minutes * 60 if on else None
        protected.append(_protection(task))
    return {"protectedTasks": protected, "failures": failures}


def get_protection(data: Json) -> Json:
    """GetTaskProtection."""
    cluster = require(data)
    found = {str(ref): _find(str(ref), cluster) for ref in data.get("tasks") or ()}
    return {
        "protectedTasks": [_protection(task) for task in found.values() if task is not None],
        "failures": [{"arn": ref, "reason": "MISSING"} for ref, task in found.items() if task is None],
    }


def _protection(task: Json) -> Json:
    until = task.get("_protected_until")
    on = until is not None and clock.now() < until
    return {"taskArn": task["taskArn"], "protectionEnabled": on, **({"expirationDate": until} if on else {})}
