"""Read from ECS what the rehearsal of a drain needs: the tasks of the hosts to drain, and the room on the others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from opscore.batches import batches
from opscore.draining.operator.placement import Move, Need, Room, rehearse
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import service_of, short


def rehearse_drain(ecs: Any, cluster: str, instance_ids: Sequence[str]) -> list[Move]:
    """Say where the tasks of some hosts of a cluster will go when these drain."""
    described = ClusterReader(ecs, cluster).container_instances()
    leaving = [host for host in described if host["ec2InstanceId"] in instance_ids]
    staying = [host for host in described if host["ec2InstanceId"] not in instance_ids and host["status"] == "ACTIVE"]
    needs = _needs(ecs, _tasks(ecs, cluster, leaving))
    services = ClusterReader(ecs, cluster).services(filter(None, (service_of(need.group) for need in needs)))
    distinct = {name for name, facts in services.items() if facts.get("placementConstraints")}
    groups = _groups(_tasks(ecs, cluster, staying)) if distinct else {}
    rooms = [_room(host, groups.get(host["containerInstanceArn"], Counter())) for host in staying]
    return rehearse(needs, rooms, services)


def _tasks(ecs: Any, cluster: str, hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    reader = ClusterReader(ecs, cluster)
    ids = [task for host in hosts for task in reader.task_ids(host["containerInstanceArn"], "RUNNING")]
    found: list[dict[str, Any]] = []
    for some in batches(ids, 100):
        found += ecs.describe_tasks(cluster=cluster, tasks=list(some))["tasks"]
    return found


def _groups(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Counter[str]]:
    groups: dict[str, Counter[str]] = {}
    for task in tasks:
        groups.setdefault(task["containerInstanceArn"], Counter())[task.get("group", "")] += 1
    return groups


def _needs(ecs: Any, tasks: Sequence[Mapping[str, Any]]) -> list[Need]:
    definitions = {
        arn: ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        for arn in sorted({task["taskDefinitionArn"] for task in tasks})
    }
    return [_need(task, definitions[task["taskDefinitionArn"]]) for task in tasks]


def _need(task: Mapping[str, Any], definition: Mapping[str, Any]) -> Need:
    containers = definition.get("containerDefinitions", [])
    cpu = int(definition.get("cpu") or sum(container.get("cpu", 0) for container in containers))
    memory = int(definition.get("memory") or sum(_reserved(container) for container in containers))
    ports = (port.get("hostPort", 0) for container in containers for port in container.get("portMappings", []))
    return Need(short(task["taskArn"]), task.get("group", ""), cpu, memory, frozenset(filter(None, ports)))


def _reserved(container: Mapping[str, Any]) -> int:
    """Return the memory that ECS reserves for a container: its soft limit, else its hard one."""
    return int(container.get("memoryReservation") or container.get("memory") or 0)


def _room(host: Mapping[str, Any], groups: Counter[str]) -> Room:
    left = {entry["name"]: entry for entry in host.get("remainingResources", [])}
    ports = {int(port) for port in left.get("PORTS", {}).get("stringSetValue", [])}
    cpu, memory = (int(left.get(name, {}).get("integerValue", 0)) for name in ("CPU", "MEMORY"))
    return Room(host["ec2InstanceId"], cpu, memory, ports, groups)
