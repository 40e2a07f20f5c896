"""The volumes of a new instance: those of its image, as the launch changes them, and those that it adds.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html (what comes of an encrypted snapshot is encrypted)
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import ec2

from emulated_aws.fleet.ec2.ami import snapshots

Record = dict[str, Any]
Plan = list[Record]


def plan(image: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> Plan:
    """Return the volumes to make, by device; raises `Refused` on one that is smaller than its snapshot."""
    by_device = {one["DeviceName"]: dict(one["Ebs"]) for one in image["BlockDeviceMappings"] if one.get("Ebs")}
    for change in changes:
        device = change.get("DeviceName", "")
        if "NoDevice" in change:
            by_device.pop(device, None)
        elif ebs := change.get("Ebs"):
            by_device[device] = _changed(by_device.get(device) or {}, ebs)
    return [{"Device": device, **ebs} for device, ebs in by_device.items()]


def _changed(own: Mapping[str, Any], wanted: Mapping[str, Any]) -> Record:
    found = {**own, **{name: value for name, value in wanted.items() if value is not None}}
    least = int(own.get("VolumeSize") or 0)
    if int(found.get("VolumeSize") or 0) < least:
        raise snapshots.too_small(int(found["VolumeSize"]), str(own.get("SnapshotId", "")), least)
    found["Encrypted"] = bool(own.get("Encrypted") or wanted.get("Encrypted"))
    return found


def attach(machine: Record, wanted: Plan) -> None:
    """Make the volumes of an instance in place of the one that the emulator gave it."""
    for mapping in machine["BlockDeviceMappings"]:
        ec2._volumes.pop(mapping["Ebs"]["VolumeId"], None)
    machine["BlockDeviceMappings"] = [_attach(machine, one) for one in wanted]


def _attach(machine: Record, wanted: Record) -> Record:
    volume_id = ec2._new_volume_id()
    ends = {"DeleteOnTermination": bool(wanted.get("DeleteOnTermination", True))}
    at = machine["LaunchTime"]
    attachment = {"VolumeId": volume_id, "InstanceId": machine["InstanceId"], "Device": wanted["Device"]}
    key = wanted.get("KmsKeyId") or snapshots.DEFAULT_KEY
    ec2._volumes[volume_id] = {
        "VolumeId": volume_id,
        "Size": int(wanted.get("VolumeSize") or 8),
        "AvailabilityZone": machine["Placement"]["AvailabilityZone"],
        "State": "in-use",
        "VolumeType": wanted.get("VolumeType") or "gp2",
        "SnapshotId": wanted.get("SnapshotId", ""),
        "Iops": int(wanted.get("Iops") or 3000),
        "Throughput": int(wanted.get("Throughput") or 125),
        "Encrypted": bool(wanted.get("Encrypted")),
        **({"KmsKeyId": snapshots.key_arn(key)} if wanted.get("Encrypted") else {}),
        "CreateTime": at,
        "Attachments": [{**attachment, "State": "attached", "AttachTime": at, **ends}],
        "MultiAttachEnabled": False,
    }
    ebs = {"VolumeId": volume_id, "Status": "attached", "AttachTime": at, **ends}
    return {"DeviceName": wanted["Device"], "Ebs": ebs}
