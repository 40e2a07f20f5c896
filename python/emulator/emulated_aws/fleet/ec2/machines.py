"""EC2 instances: real records in the emulator, that begin, run, and end with what hangs on them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import ec2

from emulated_aws.fleet import clock
from emulated_aws.fleet.ec2 import instance_types, volumes
from emulated_aws.fleet.ec2.ami import launching
from emulated_aws.fleet.ec2.launch_templates import Recipe
from emulated_aws.fleet.ec2.volumes import Plan
from emulated_aws.fleet.events import emit
from emulated_aws.fleet.refusals import Refused

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48}


def check(recipe: Recipe, subnet_id: str) -> tuple[Mapping[str, Any], Plan, Mapping[str, Any]]:
    """Return the image, the volumes and the subnet of a launch; raises `Refused` when EC2 would refuse it."""
    offered = instance_types.find(recipe.instance_type)
    if offered is None:
        message = f"The sandbox does not model the instance type {recipe.instance_type}"
        raise Refused("InvalidParameterValue", message)
    image = launching.check(recipe.image_id, offered)
    wanted = volumes.plan(image, recipe.data.get("BlockDeviceMappings") or ())
    subnet = ec2._subnets.get(subnet_id)
    if subnet is None:
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
    return image, wanted, subnet


def launch(recipe: Recipe, subnet_id: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Launch one instance into a subnet and return its record; raises `Refused` when EC2 would."""
    image, wanted, subnet = check(recipe, subnet_id)
    record: dict[str, Any] = ec2._launch_instances_internal(
        image_id=image["ImageId"],
        instance_type=recipe.instance_type,
        subnet_id=subnet_id,
        count=1,
        key_name=recipe.data.get("KeyName", ""),
        user_data=recipe.data.get("UserData", ""),
        sg_ids=_security_groups(recipe),
        iam_profile=_profile(recipe),
    )[0]
    record["Placement"]["AvailabilityZone"] = subnet["AvailabilityZone"]
    record["_launched"] = clock.now()
    record["Architecture"] = image["Architecture"]
    record["RootDeviceName"] = image["RootDeviceName"]
    if recipe.spot:
        record["InstanceLifecycle"] = "spot"
    volumes.attach(record, wanted)
    ec2._tags[record["InstanceId"]] = [{"Key": key, "Value": value} for key, value in tags.items()]
    change(record, "pending")
    return record


def _security_groups(recipe: Recipe) -> list[str] | None:
    interfaces = recipe.data.get("NetworkInterfaces") or [{}]
    found = recipe.data.get("SecurityGroupIds") or recipe.data.get("SecurityGroups") or interfaces[0].get("Groups")
    return list(found) if found else None


def _profile(recipe: Recipe) -> Any:
    given = recipe.data.get("IamInstanceProfile") or {}
    if isinstance(given, str):
        given = {"Arn": given} if given.startswith("arn:") else {"Name": given}
    if not given.get("Arn") and not given.get("Name"):
        return None
    found, _error = ec2._resolve_iam_instance_profile(
        iam_arn=given.get("Arn", ""), iam_name=given.get("Name", ""), allow_missing=True
    )
    return found


def change(record: dict[str, Any], name: str) -> None:
    """Bring an instance into a state and say so on EventBridge."""
    record["State"] = {"Code": _CODES[name], "Name": name}
    instance_id = record["InstanceId"]
    emit(
        "aws.ec2", "EC2 Instance State-change Notification", {"instance-id": instance_id, "state": name}, [instance_id]
    )


def terminate(instance_ids: Sequence[str]) -> None:
    """End instances at once, with the volumes that go with them."""
    for instance_id in instance_ids:
        record = ec2._instances.get(instance_id)
        if record is None or record["State"]["Name"] == "terminated":
            continue
        for mapping in record.get("BlockDeviceMappings") or ():
            ec2._volumes.pop(mapping.get("Ebs", {}).get("VolumeId"), None)
        record["BlockDeviceMappings"] = []
        record["_terminated_at"] = clock.now()
        change(record, "shutting-down")
        change(record, "terminated")


def status(instance_id: str) -> str:
    """Return an instance's state; "terminated" when there is no record left."""
    record = ec2._instances.get(instance_id)
    return str(record["State"]["Name"]) if record else "terminated"


def zone_of(subnet_id: str) -> str:
    """Return a subnet's availability zone, empty when there is no such subnet."""
    return str((ec2._subnets.get(subnet_id) or {}).get("AvailabilityZone", ""))


def subnets_of(group: Mapping[str, Any]) -> list[str]:
    """Return the subnets that a group launches into: its own, or the default ones of its zones."""
    given = [name.strip() for name in str(group.get("VPCZoneIdentifier") or "").split(",") if name.strip()]
    if given:
        return given
    zones = group.get("AvailabilityZones") or []
    found = [subnet for subnet in ec2._subnets.values() if subnet.get("DefaultForAz")]
    return [subnet["SubnetId"] for subnet in found if not zones or subnet["AvailabilityZone"] in zones]
