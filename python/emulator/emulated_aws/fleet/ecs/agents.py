"""What runs on the instances: they boot, their container agents register and stay connected, until EC2 ends them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html (ECS_CLUSTER)
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html

The cluster is read from the user data (`ECS_CLUSTER=name`, the way every guide writes it). An agent whose cluster does
not exist yet tries again. User data does not run; an instance without that line registers nowhere.

A running container instance that EC2 terminates is deregistered. One that was stopped, or whose agent was not
connected, is not: it stays registered with its tasks until somebody deregisters it.
"""

import base64
import contextlib
import re
from typing import Any

from ministack.services import ec2, ecs

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.ec2 import machines
from emulated_aws.fleet.ecs import container_instances, records, tasks
from emulated_aws.fleet.events import emit
from emulated_aws.fleet.refusals import Refused

Record = dict[str, Any]

_CLUSTER = re.compile(r"ECS_CLUSTER=[\"']?([A-Za-z0-9_-]+)")
SPOT_NOTICE_SECONDS = 120.0


def step_all() -> None:
    """Bring every instance of the present account and region one step on."""
    with state.LOCK:
        for record in ec2._instances.values():
            _boot(record)
    with state.LOCK:
        for container_instance in records.container_instances.values():
            if container_instance["status"] != "INACTIVE":
                _follow(container_instance)


def _boot(record: Record) -> None:
    name = record["State"]["Name"]
    launched = record.setdefault("_launched", clock.now())
    if name == "pending" and clock.now() >= launched + state.settings().pending_seconds:
        machines.change(record, "running")
    if name in ("pending", "running") and clock.now() >= record.get("_interrupted_at", float("inf")):
        machines.terminate([record["InstanceId"]])
    elif name == "running" and "_agent" not in record:
        _connect(record)


def _connect(record: Record) -> None:
    cluster_name = cluster_of(record)
    if cluster_name is None:
        record["_agent"] = "none"
        return
    if clock.now() < record["_launched"] + state.settings().boot_seconds:
        return
    cluster = ecs._clusters.get(cluster_name)
    if cluster is None:
        return
    if state.faults.strike(
        "agent_never_connects",
        group=state.owners.get(record["InstanceId"]) or "",
        image_id=record["ImageId"],
        instance_type=record["InstanceType"],
        zone=record["Placement"]["AvailabilityZone"],
        instance_id=record["InstanceId"],
    ):
        record["_agent"] = "never"
        return
    record["_agent"] = "connected"
    container_instances.register(cluster, record["InstanceId"])


def cluster_of(record: Record) -> str | None:
    """Return the cluster that an instance's user data names."""
    text = str(record.get("UserData") or "")
    with contextlib.suppress(ValueError):
        text = base64.b64decode(text, validate=True).decode()
    found = _CLUSTER.search(text)
    return found[1] if found else None


def _follow(record: Record) -> None:
    instance_id = record["ec2InstanceId"]
    status = machines.status(instance_id)
    lost = state.faults.applies("agent_disconnects", instance_id=instance_id)
    if status not in ("pending", "running", "stopping", "stopped") and record["agentConnected"] and lost is None:
        for arn in list(container_instances.host_of(record).tasks):
            tasks.kill(records.live_tasks()[arn], f"Host EC2 (instance {instance_id}) terminated.")
        container_instances.deregister(record)
        return
    if record["status"] == "REGISTERING" and clock.now() >= record["_active_at"]:
        container_instances.change(record, status="ACTIVE")
    _follow_provider(record)
    connected = status == "running" and lost is None
    if connected != record["agentConnected"]:
        container_instances.change(record, agentConnected=connected)


def _follow_provider(record: Record) -> None:
    """A provider may join the cluster after the instance has."""
    cluster = ecs._clusters.get(record["_cluster"].rsplit("/", 1)[-1]) or {}
    provider = container_instances.provider_of(cluster, record["ec2InstanceId"])
    if provider and provider != record["capacityProviderName"]:
        container_instances.change(record, capacityProviderName=provider)


def interrupt(instance_id: str) -> None:
    """Send a spot instance its two minutes' notice; EC2 then ends it, whoever holds on to it."""
    record = ec2._instances.get(instance_id)
    if record is None or record["State"]["Name"] not in ("pending", "running"):
        raise Refused("BadRequest", f"There is no running instance {instance_id}.")
    record["_interrupted_at"] = clock.now() + clock.scaled(SPOT_NOTICE_SECONDS)
    zone = record["Placement"]["AvailabilityZone"]
    arn = f"arn:aws:ec2:{zone}:instance/{instance_id}"
    detail = {"instance-id": instance_id, "instance-action": "terminate"}
    emit("aws.ec2", "EC2 Spot Instance Interruption Warning", detail, [arn])
