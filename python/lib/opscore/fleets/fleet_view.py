"""A fleet as it is: its instances, what they run and how old that is, and which do not run what the group wants."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opscore.batches import batches
from opscore.errors import NotFound
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import Host


@dataclass(frozen=True)
class FleetHost:
    """One instance of a fleet; `drift` says in words how it differs from what the group would launch now."""

    instance: str
    zone: str
    lifecycle: str
    health: str
    image: str
    image_age_days: int | None
    template_version: str
    agent: str
    status: str
    tasks: int | None
    drift: str


@dataclass(frozen=True)
class FleetView:
    """A fleet with its hosts; `draining_by` is who holds terminating instances: opsctl, ECS, or nobody."""

    fleet: str
    group: str
    cluster: str
    minimum: int
    desired: int
    maximum: int
    in_service: int
    draining: int
    tasks: int
    drifted: int
    image: str
    image_age_days: int | None
    template_version: str
    draining_by: str
    hosts: Sequence[FleetHost]


def view(role: str, group_name: str, cluster: str, clients: Mapping[str, Any], now: dt.datetime) -> FleetView:
    """Return a fleet; `clients` are those of autoscaling, ec2 and ecs. Raises `NotFound` for a group that is gone."""
    autoscaling, ec2, ecs = clients["autoscaling"], clients["ec2"], clients["ecs"]
    groups = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group_name])["AutoScalingGroups"]
    if not groups:
        raise NotFound(f"There is no Auto Scaling group {group_name}.", hint="Apply the platform again.")
    group = groups[0]
    wanted = group.get("LaunchTemplate", {})
    image = _template_image(ec2, wanted)
    container_hosts = _container_hosts(ecs, cluster)
    images = _instance_images(ec2, [entry["InstanceId"] for entry in group["Instances"]])
    ages = _ages(ec2, {image, *images.values()} - {""}, now)
    hosts = [
        _host(entry, container_hosts.get(entry["InstanceId"]), images, ages, image, str(wanted.get("Version", "")))
        for entry in group["Instances"]
    ]
    return FleetView(
        fleet=role,
        group=group_name,
        cluster=cluster,
        minimum=group["MinSize"],
        desired=group["DesiredCapacity"],
        maximum=group["MaxSize"],
        in_service=sum(host.lifecycle == "InService" for host in hosts),
        draining=sum(host.status == "DRAINING" for host in hosts),
        tasks=sum(host.tasks or 0 for host in hosts),
        drifted=sum(bool(host.drift) for host in hosts),
        image=image,
        image_age_days=ages.get(image),
        template_version=str(wanted.get("Version", "")),
        draining_by=_draining_by(autoscaling, group_name),
        hosts=sorted(hosts, key=lambda host: (not host.drift, host.zone, host.instance)),
    )


def _template_image(ec2: Any, wanted: Mapping[str, str]) -> str:
    if not wanted:
        return ""
    answer = ec2.describe_launch_template_versions(
        LaunchTemplateId=wanted["LaunchTemplateId"], Versions=[str(wanted["Version"])]
    )
    versions = answer["LaunchTemplateVersions"]
    return str(versions[0]["LaunchTemplateData"].get("ImageId", "")) if versions else ""


def _container_hosts(ecs: Any, cluster: str) -> dict[str, tuple[Host, bool, str]]:
    """Return the cluster's hosts by instance id: the host, whether its agent is connected, and the agent's version."""
    entries = ClusterReader(ecs, cluster).container_instances()
    hosts = [(Host.parse(entry), entry.get("versionInfo", {}).get("agentVersion", "")) for entry in entries]
    return {host.instance_id: (host, host.agent_connected, version) for host, version in hosts}


def _instance_images(ec2: Any, instance_ids: Sequence[str]) -> dict[str, str]:
    images: dict[str, str] = {}
    for some in batches(instance_ids, 200):
        answer = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": list(some)}])
        for reservation in answer["Reservations"]:
            images |= {entry["InstanceId"]: entry.get("ImageId", "") for entry in reservation["Instances"]}
    return images


def _ages(ec2: Any, images: set[str], now: dt.datetime) -> dict[str, int]:
    """Return how old the AMIs are in days; one that was deregistered has no age any more."""
    if not images:
        return {}
    answer = ec2.describe_images(Filters=[{"Name": "image-id", "Values": sorted(images)}])
    made = {entry["ImageId"]: entry.get("CreationDate", "") for entry in answer["Images"]}
    return {image: (now - dt.datetime.fromisoformat(text)).days for image, text in made.items() if text}


def _host(
    entry: Mapping[str, Any],
    found: tuple[Host, bool, str] | None,
    images: Mapping[str, str],
    ages: Mapping[str, int],
    wanted_image: str,
    wanted_version: str,
) -> FleetHost:
    image = images.get(entry["InstanceId"], "")
    version = str(entry.get("LaunchTemplate", {}).get("Version", ""))
    host, connected, agent = found or (None, False, "")
    return FleetHost(
        instance=entry["InstanceId"],
        zone=entry.get("AvailabilityZone", ""),
        lifecycle=entry["LifecycleState"],
        health=entry.get("HealthStatus", ""),
        image=image,
        image_age_days=ages.get(image),
        template_version=version,
        agent=(agent or "connected") if connected else ("not connected" if host else "not in the cluster"),
        status=host.status if host else "",
        tasks=host.counted if host else None,
        drift=drift(image, wanted_image, version, wanted_version),
    )


def drift(image: str, wanted_image: str, version: str, wanted_version: str) -> str:
    """Say how an instance differs from what its group would launch now; empty when it does not."""
    if image and wanted_image and image != wanted_image:
        return f"runs {image}, the group wants {wanted_image}"
    if version and wanted_version and version != wanted_version:
        return f"template version {version}, the group wants {wanted_version}"
    return ""


def _draining_by(autoscaling: Any, group: str) -> str:
    hooks = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
    names = {
        hook["LifecycleHookName"]
        for hook in hooks
        if hook["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    }
    kinds = [kind for kind, prefix in (("opsctl", "opsctl-"), ("ECS", "ecs-managed-")) if _any(names, prefix)]
    return " and ".join(kinds) or "nobody"


def _any(names: set[str], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in names)
