"""RegisterImage, CreateImage, CopyImage and DeregisterImage.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RegisterImage.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeregisterImage.html

What is made of snapshots that are copied or taken first is pending for the fleet's `image_seconds`. Launch permissions
are not copied; a fault that a rehearsal set for an image holds for what is made of it too, as its contents would.
Not modelled: kernels, boot modes, watermarks, Local Zones, the reboot of CreateImage.
"""

import re
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ec2

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.ec2 import filters
from emulated_aws.fleet.ec2.ami import records, snapshots
from emulated_aws.fleet.ec2.ami.records import Record
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")


def register(query: Query) -> Any:
    """RegisterImage: of snapshots that are there; without a root snapshot nothing can be launched from it."""
    ebs_backed = not query.text("ImageLocation")
    device = query.text("RootDeviceName") or ("/dev/xvda" if ebs_backed else "/dev/sda1")
    record = _new(query, device)
    record |= {
        "Architecture": query.text("Architecture", "i386"),
        "VirtualizationType": query.text("VirtualizationType", "paravirtual"),
        "RootDeviceType": "ebs" if ebs_backed else "instance-store",
        "ImageLocation": query.text("ImageLocation"),
        "BlockDeviceMappings": [_registered(one) for one in ec2._parse_register_block_device_mappings(query.params)],
    }
    return _answer("RegisterImageResponse", query, record)


def _registered(mapping: Record) -> Record:
    ebs = mapping.get("Ebs")
    if not ebs:
        return mapping
    found: Record = {"VolumeType": "gp2", "DeleteOnTermination": True, "Encrypted": False, **ebs}
    for name in ("DeleteOnTermination", "Encrypted"):
        found[name] = str(found[name]).lower() == "true"
    found["VolumeSize"] = int(found.get("VolumeSize") or 0)
    if snapshot_id := found.get("SnapshotId"):
        snapshot = snapshots.find(snapshot_id)
        if 0 < found["VolumeSize"] < snapshot["VolumeSize"]:
            raise snapshots.too_small(found["VolumeSize"], snapshot_id, snapshot["VolumeSize"])
        found["VolumeSize"] = found["VolumeSize"] or snapshot["VolumeSize"]
        found["Encrypted"] = snapshot["Encrypted"]
    return {**mapping, "Ebs": found}


def create(query: Query) -> Any:
    """CreateImage: of a running or stopped instance, whose volumes become snapshots."""
    instance_id = query.text("InstanceId")
    machine = ec2._instances.get(instance_id)
    if machine is None:
        raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
    if machine["State"]["Name"] not in ("running", "stopped"):
        message = f"The instance '{instance_id}' is not in the 'running' or 'stopped' state."
        raise Refused("IncorrectState", message)
    record = _new(query, machine["RootDeviceName"])
    done = clock.now() + state.settings().image_seconds
    record |= {
        "Architecture": machine["Architecture"],
        "VirtualizationType": "hvm",
        "SourceInstanceId": instance_id,
        "SourceImageId": machine["ImageId"],
        "SourceImageRegion": get_region(),
        "BlockDeviceMappings": [
            _taken(mapping["DeviceName"], ec2._volumes[mapping["Ebs"]["VolumeId"]], record, instance_id, done)
            for mapping in machine["BlockDeviceMappings"]
        ],
        "_available_at": done,
    }
    state.faults.inherit("image_id", machine["ImageId"], record["ImageId"])
    return _answer("CreateImageResponse", query, record)


def _taken(device: str, volume: Record, image: Record, instance_id: str, done: float) -> Record:
    snapshot = snapshots.make(
        volume=volume["VolumeId"],
        size=int(volume["Size"]),
        description=f"Created by CreateImage({instance_id}) for {image['ImageId']}",
        key=(volume.get("KmsKeyId") or snapshots.DEFAULT_KEY) if volume["Encrypted"] else "",
        done=done,
    )
    return _of_snapshot(device, snapshot, volume["VolumeType"])


def _of_snapshot(device: str, snapshot: Record, volume_type: str) -> Record:
    ebs = {
        "SnapshotId": snapshot["SnapshotId"],
        "VolumeSize": snapshot["VolumeSize"],
        "VolumeType": volume_type,
        "DeleteOnTermination": True,
        "Encrypted": snapshot["Encrypted"],
    }
    key = {"KmsKeyId": snapshot["KmsKeyId"]} if snapshot.get("KmsKeyId") else {}
    return {"DeviceName": device, "Ebs": {**ebs, **key}}


def copy(query: Query) -> Any:
    """CopyImage: from the region that the request names into the present one, encrypted when it says so."""
    region = query.text("SourceRegion")
    if not region:
        raise Refused("MissingParameter", "The request must contain the parameter SourceRegion")
    with request_scope(get_account_id(), region):
        source = records.find(query.text("SourceImageId"))
        tags = filters.tags_of(source["ImageId"]) if query.flag("CopyImageTags") else {}
    if records.state(source) != "available":
        raise Refused("InvalidAMIID.Unavailable", f"The image ID '{source['ImageId']}' is not available")
    if query.text("KmsKeyId") and not query.flag("Encrypted"):
        message = "The parameter KmsKeyId requires the parameter Encrypted to be set."
        raise Refused("InvalidParameterCombination", message)
    record = _new(query, source["RootDeviceName"])
    done = clock.now() + state.settings().image_seconds
    record |= {
        **{name: source[name] for name in ("Architecture", "VirtualizationType", "RootDeviceType")},
        "Platform": source.get("Platform", ""),
        "Description": query.text("Description") or source["Description"],
        "SourceImageId": source["ImageId"],
        "SourceImageRegion": region,
        "BlockDeviceMappings": [_copied(one, query, source, record, done) for one in source["BlockDeviceMappings"]],
        "_available_at": done,
    }
    state.faults.inherit("image_id", source["ImageId"], record["ImageId"])
    if tags:
        ec2._tags[record["ImageId"]] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return _answer("CopyImageResponse", query, record)


def _copied(mapping: Record, query: Query, source: Record, image: Record, done: float) -> Record:
    ebs = mapping.get("Ebs")
    if not ebs:
        return mapping
    key = query.text("KmsKeyId") or snapshots.DEFAULT_KEY
    snapshot = snapshots.make(
        volume="vol-ffffffff",
        size=int(ebs["VolumeSize"]),
        description=f"Copied for DestinationAmi {image['ImageId']} from SourceAmi {source['ImageId']}",
        key=key if query.flag("Encrypted") or ebs.get("Encrypted") else "",
        done=done,
    )
    return _of_snapshot(mapping["DeviceName"], snapshot, ebs.get("VolumeType", "gp2"))


def deregister(query: Query) -> Any:
    """DeregisterImage: instances that run it go on, nothing new starts from it."""
    record = records.find_own(query.text("ImageId"))
    record["_deregistered"] = True
    ec2._tags.pop(record["ImageId"], None)
    if query.flag("DeleteAssociatedSnapshots"):
        for mapping in record["BlockDeviceMappings"]:
            ec2._snapshots.pop((mapping.get("Ebs") or {}).get("SnapshotId", ""), None)
    return ec2._xml(200, "DeregisterImageResponse", "<return>true</return>")


def _new(query: Query, device: str) -> Record:
    """Return the beginning of a record; raises `Refused` on a name that is none or that the account has used."""
    name = query.text("Name")
    if not name:
        raise Refused("MissingParameter", "The request must contain the parameter Name")
    if not _NAME.fullmatch(name):
        message = (
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers and ()[] ./-'@_"
        )
        raise Refused("InvalidAMIName.Malformed", message)
    own = get_account_id()
    for other in records.here():
        if other["OwnerId"] == own and other["Name"] == name and not other.get("_deregistered"):
            raise Refused("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {other['ImageId']}")
    return {
        "ImageId": records.new_id("ami"),
        "Name": name,
        "Description": query.text("Description"),
        "RootDeviceType": "ebs",
        "RootDeviceName": device,
        "OwnerId": own,
        "CreationDate": records.now(),
        "LaunchPermissions": [],
    }


def _answer(name: str, query: Query, record: Record) -> Any:
    records.add(record)
    ec2._parse_tag_specs(query.params, "image", record["ImageId"])
    for mapping in record["BlockDeviceMappings"]:
        ec2._parse_tag_specs(query.params, "snapshot", (mapping.get("Ebs") or {}).get("SnapshotId", ""))
    return ec2._xml(200, name, f"<imageId>{record['ImageId']}</imageId>")
