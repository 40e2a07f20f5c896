"""Snapshots: those behind AMIs and those that are made of volumes, and DescribeSnapshots.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSnapshot.html (the root snapshot of a registered AMI)
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html

An encrypted copy names its key; without one it is the account's own for EBS, `alias/aws/ebs`. The snapshots of public
AMIs can be described; those of other private ones cannot.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2

from emulated_aws.fleet import clock
from emulated_aws.fleet.ec2 import filters, images
from emulated_aws.fleet.ec2.ami import records
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

Snapshot = dict[str, Any]

SMALLEST_PAGE, LARGEST_PAGE = 5, 1000
DEFAULT_KEY = "alias/aws/ebs"


def _status(snapshot: Snapshot) -> str:
    return "pending" if clock.now() < snapshot.get("_available_at", 0) else "completed"


FILTERS: filters.Readers = {
    "description": lambda one: one["Description"],
    "encrypted": lambda one: "true" if one["Encrypted"] else "false",
    "owner-alias": lambda one: images.ALIAS if one["OwnerId"] == images.OWNER else "",
    "owner-id": lambda one: one["OwnerId"],
    "progress": lambda one: "100%" if _status(one) == "completed" else "0%",
    "snapshot-id": lambda one: one["SnapshotId"],
    "start-time": lambda one: one["StartTime"],
    "status": _status,
    "storage-tier": lambda one: one["StorageTier"],
    "volume-id": lambda one: one["VolumeId"],
    "volume-size": lambda one: str(one["VolumeSize"]),
}


def make(*, volume: str, size: int, description: str, key: str, done: float) -> Snapshot:
    """Make a snapshot of the present account that is complete at `done` (seconds since 1970); `key` encrypts it."""
    snapshot = _record(records.new_id("snap"), volume, size, description, records.now())
    snapshot |= {"Encrypted": bool(key), "KmsKeyId": key_arn(key) if key else "", "_available_at": done}
    ec2._snapshots[snapshot["SnapshotId"]] = snapshot
    return snapshot


def _record(snapshot_id: str, volume: str, size: int, description: str, started: str) -> Snapshot:
    return {
        "SnapshotId": snapshot_id,
        "VolumeId": volume,
        "VolumeSize": size,
        "Description": description,
        "State": "completed",
        "StartTime": started,
        "Progress": "100%",
        "OwnerId": get_account_id(),
        "Encrypted": False,
        "StorageTier": "standard",
    }


def key_arn(key: str) -> str:
    """Return the ARN of a key that is named by its ARN, its id or its alias."""
    if key.startswith("arn:"):
        return key
    return f"arn:aws:kms:{get_region()}:{get_account_id()}:{key if key.startswith('alias/') else f'key/{key}'}"


def find(snapshot_id: str) -> Snapshot:
    """Return a snapshot that the present account may use; raises `Refused` as AWS does."""
    found = next((one for one in _visible() if one["SnapshotId"] == snapshot_id), None)
    if found is None:
        raise Refused("InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist.")
    return found


def too_small(size: int, snapshot_id: str, least: int) -> Refused:
    """Return the refusal of a volume that is smaller than the snapshot it is made of; sizes in GiB."""
    message = f"Volume of size {size}GB is smaller than snapshot '{snapshot_id}', expect size>= {least}GB"
    return Refused("InvalidBlockDeviceMapping", message)


def _visible() -> list[Snapshot]:
    behind = [
        _behind(record, mapping["Ebs"])
        for record in records.visible()
        if records.is_public(record) and record["OwnerId"] != get_account_id()
        for mapping in record["BlockDeviceMappings"]
        if (mapping.get("Ebs") or {}).get("SnapshotId")
    ]
    return [*ec2._snapshots.values(), *behind]


def _behind(image: Mapping[str, Any], ebs: Mapping[str, Any]) -> Snapshot:
    found = _record(ebs["SnapshotId"], "vol-ffffffff", ebs["VolumeSize"], image["Description"], image["CreationDate"])
    return {**found, "OwnerId": image["OwnerId"], "Encrypted": bool(ebs.get("Encrypted"))}


def describe(query: Query) -> Any:
    """DescribeSnapshots."""
    wanted, owners = (ec2._parse_member_list(query.params, name) for name in ("SnapshotId", "Owner"))
    given = ec2._parse_filters(query.params)
    filters.check(given, FILTERS)
    for snapshot_id in wanted:
        find(snapshot_id)
    found = [
        one
        for one in _visible()
        if (not wanted or one["SnapshotId"] in wanted)
        and (not owners or _is_owned(one, owners))
        and filters.passes(one, one["SnapshotId"], given, FILTERS)
    ]
    items, next_token = filters.one_page(query, found, SMALLEST_PAGE, LARGEST_PAGE)
    shown = "".join(_item(one) for one in items)
    return ec2._xml(200, "DescribeSnapshotsResponse", f"<snapshotSet>{shown}</snapshotSet>{next_token}")


def _is_owned(snapshot: Snapshot, owners: list[str]) -> bool:
    named = {"self": get_account_id(), images.ALIAS: images.OWNER}
    return snapshot["OwnerId"] in {named.get(owner, owner) for owner in owners}


def _item(snapshot: Snapshot) -> str:
    done = _status(snapshot) == "completed"
    shown = {**snapshot, "State": "completed" if done else "pending", "Progress": "100%" if done else "0%"}
    key = f"<kmsKeyId>{snapshot['KmsKeyId']}</kmsKeyId>" if snapshot.get("KmsKeyId") else ""
    return f"<item>{ec2._snapshot_inner_xml(shown)}{key}</item>"


def delete(stock: Callable[[Mapping[str, Any]], Any]) -> Callable[[Query], Any]:
    """DeleteSnapshot: not while an AMI is registered that needs it."""

    def delete_snapshot(query: Query) -> Any:
        snapshot_id = query.text("SnapshotId")
        for record in records.visible():
            if any((one.get("Ebs") or {}).get("SnapshotId") == snapshot_id for one in record["BlockDeviceMappings"]):
                message = f"The snapshot {snapshot_id} is currently in use by {record['ImageId']}"
                raise Refused("InvalidSnapshot.InUse", message)
        return stock(query.params)

    return delete_snapshot
