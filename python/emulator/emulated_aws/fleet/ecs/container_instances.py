"""Container instances: they register, connect, drain and go; and the index of what is free on each.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/create-container-instance.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html

When EC2 ends an instance whose agent is connected, ECS deregisters it and its tasks stop with the code
TerminationNotice: they were killed.
"""

from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import ec2, ecs

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.ec2.images import AGENT_VERSION
from emulated_aws.fleet.ec2.instance_types import capacity
from emulated_aws.fleet.ecs import records
from emulated_aws.fleet.ecs.placement import AGENT_PORTS, Host
from emulated_aws.fleet.events import emit

Record = dict[str, Any]

INACTIVE_SECONDS = 3600.0
"""How long a deregistered container instance can still be described."""


def register(cluster: Record, instance_id: str, attributes: list[Record] | None = None) -> Record:
    """Register an EC2 instance with a cluster; one that is registered there already is returned as it is."""
    for known in records.cluster_instances(cluster["clusterArn"]):
        if known["ec2InstanceId"] == instance_id:
            return known
    machine = ec2._instances[instance_id]
    offered = capacity(machine["InstanceType"])
    cpu, memory = (offered.cpu, offered.memory) if offered else (1024, 1024)
    name = cluster["clusterName"]
    arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:container-instance/{name}/{new_uuid().replace('-', '')}"
    waits = state.settings().registering_seconds
    record: Record = {
        "containerInstanceArn": arn,
        "ec2InstanceId": instance_id,
        "capacityProviderName": provider_of(cluster, instance_id),
        "version": 1,
        "versionInfo": {"agentVersion": AGENT_VERSION, "agentHash": "00000000", "dockerVersion": "25.0.8"},
        "status": "REGISTERING" if waits else "ACTIVE",
        "agentConnected": True,
        "registeredAt": clock.now(),
        "attributes": [*_built_in(machine), *(attributes or [])],
        "attachments": [],
        "tags": [],
        "_cluster": cluster["clusterArn"],
        "_cpu": cpu,
        "_memory": memory,
        "_active_at": clock.now() + waits,
    }
    records.container_instances[arn] = record
    index(record)
    recount(cluster["clusterArn"])
    tell(record)
    return record


def _built_in(machine: Record) -> list[Record]:
    values = {
        "ecs.ami-id": machine["ImageId"],
        "ecs.availability-zone": machine["Placement"]["AvailabilityZone"],
        "ecs.instance-type": machine["InstanceType"],
        "ecs.os-type": "linux",
        "ecs.cpu-architecture": "arm64" if "g." in machine["InstanceType"] else "x86_64",
        "ecs.subnet-id": machine["SubnetId"],
        "ecs.vpc-id": machine["VpcId"],
        "ecs.capability.docker-remote-api.1.44": None,
        "com.amazonaws.ecs.capability.task-iam-role": None,
    }
    return [{"name": name, **({"value": value} if value else {})} for name, value in values.items()]


def provider_of(cluster: Record, instance_id: str) -> str | None:
    """Return the cluster's capacity provider whose group launched the instance."""
    group = state.owners.get(instance_id)
    for name in cluster.get("capacityProviders") or ():
        provider = ecs._capacity_providers.get(name) or {}
        arn = (provider.get("autoScalingGroupProvider") or {}).get("autoScalingGroupArn", "")
        if group and arn.rsplit("/", 1)[-1] == group:
            return str(name)
    return None


def index(record: Record) -> Host:
    """Build the index of a container instance that holds no task yet."""
    host = Host(record["containerInstanceArn"], record["_cpu"], record["_memory"], {})
    records.hosts[records.host_key(record["containerInstanceArn"])] = host
    refresh_facts(record)
    return host


def refresh_facts(record: Record) -> None:
    """Copy into the index what constraints and filters ask about."""
    host = host_of(record)
    host.attributes = {one["name"]: str(one.get("value", "")) for one in record["attributes"]}
    host.accepts = bool(record["agentConnected"])
    host.facts = {
        "agentConnected": record["agentConnected"],
        "agentVersion": record["versionInfo"]["agentVersion"],
        "ec2InstanceId": record["ec2InstanceId"],
        "registeredAt": record["registeredAt"],
        "status": record["status"],
        "_provider": record.get("capacityProviderName"),
    }


def host_of(record: Record) -> Host:
    """Return the index of a container instance."""
    return records.hosts[records.host_key(record["containerInstanceArn"])]


def change(record: Record, **members: Any) -> None:
    """Change members of a container instance, count the change and say so."""
    record.update(members)
    record["version"] += 1
    refresh_facts(record)
    tell(record)


def tell(record: Record) -> None:
    """Emit the event of a changed container instance."""
    detail = {**describe(record), "clusterArn": record["_cluster"], "updatedAt": clock.now()}
    emit("aws.ecs", "ECS Container Instance State Change", detail, [record["containerInstanceArn"]])


def deregister(record: Record) -> None:
    """The container instance leaves its cluster; it can still be described for a while."""
    change(record, status="INACTIVE", agentConnected=False, _gone_at=clock.now())
    recount(record["_cluster"])


def forget_old() -> None:
    """Drop what was deregistered long ago."""
    for arn, record in records.container_instances.items():
        if record["status"] == "INACTIVE" and clock.now() > record["_gone_at"] + INACTIVE_SECONDS:
            records.container_instances.pop(arn, None)
            records.hosts.pop(records.host_key(arn), None)


def recount(cluster_arn: str) -> None:
    """Write the number of registered container instances into the cluster's record."""
    cluster = ecs._clusters.get(cluster_arn.rsplit("/", 1)[-1])
    if cluster:
        cluster["registeredContainerInstancesCount"] = sum(1 for _ in records.cluster_instances(cluster_arn))


def describe(record: Record) -> Record:
    """Return a container instance as DescribeContainerInstances shows it."""
    host = host_of(record)
    statuses = [records.live_tasks()[arn] for arn in host.tasks if arn in records.live_tasks()]
    shown: Record = ecs._sanitize(record)
    # As the API's reference defines them: tasks whose *desired* status is RUNNING, by last status.
    wanted = [task for task in statuses if task["desiredStatus"] == "RUNNING"]
    shown["runningTasksCount"] = sum(task["lastStatus"] == "RUNNING" for task in wanted)
    shown["pendingTasksCount"] = len(wanted) - shown["runningTasksCount"]
    shown["registeredResources"] = _resources(host.cpu, host.memory, set(AGENT_PORTS))
    shown["remainingResources"] = _resources(host.free_cpu, host.free_memory, host.ports)
    return shown


def _resources(cpu: int, memory: int, ports: set[int]) -> list[Record]:
    numbers = [
        {"name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value}
        for name, value in (("CPU", cpu), ("MEMORY", memory))
    ]
    taken = {"name": "PORTS", "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0, "integerValue": 0}
    return [*numbers, {**taken, "stringSetValue": [str(port) for port in sorted(ports)]}]
