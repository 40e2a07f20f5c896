"""DescribeImages: who sees which AMIs, by which filters, in pages.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html

A deprecated image is hidden from whoever does not own it, unless the request names its id or says IncludeDeprecated.
A deregistered one is unknown at once, where AWS shows it for a short while.
"""

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id
from ministack.services import ec2

from emulated_aws.fleet.ec2 import filters
from emulated_aws.fleet.ec2.ami import records
from emulated_aws.fleet.ec2.ami.records import Record
from emulated_aws.fleet.protocol import Query

SMALLEST_PAGE, LARGEST_PAGE = 1, 1000


def _truth(value: object) -> str:
    return "true" if value else "false"


def _of_volumes(name: str) -> Any:
    def read(record: Record) -> list[str]:
        found = [mapping["Ebs"].get(name, "") for mapping in record["BlockDeviceMappings"] if mapping.get("Ebs")]
        return [_truth(value) if isinstance(value, bool) else str(value) for value in found]

    return read


FILTERS: filters.Readers = {
    "architecture": lambda one: one["Architecture"],
    "block-device-mapping.delete-on-termination": _of_volumes("DeleteOnTermination"),
    "block-device-mapping.device-name": lambda one: [mapping["DeviceName"] for mapping in one["BlockDeviceMappings"]],
    "block-device-mapping.encrypted": _of_volumes("Encrypted"),
    "block-device-mapping.snapshot-id": _of_volumes("SnapshotId"),
    "block-device-mapping.volume-size": _of_volumes("VolumeSize"),
    "block-device-mapping.volume-type": _of_volumes("VolumeType"),
    "creation-date": lambda one: one["CreationDate"],
    "description": lambda one: one["Description"],
    "hypervisor": lambda _one: "xen",
    "image-id": lambda one: one["ImageId"],
    "image-type": lambda _one: "machine",
    "is-public": lambda one: _truth(records.is_public(one)),
    "name": lambda one: one["Name"],
    "owner-alias": lambda one: one.get("ImageOwnerAlias", ""),
    "owner-id": lambda one: one["OwnerId"],
    "platform": lambda one: one.get("Platform", ""),
    "root-device-name": lambda one: one["RootDeviceName"],
    "root-device-type": lambda one: one["RootDeviceType"],
    "source-image-id": lambda one: one.get("SourceImageId", ""),
    "source-image-region": lambda one: one.get("SourceImageRegion", ""),
    "source-instance-id": lambda one: one.get("SourceInstanceId", ""),
    "state": records.state,
    "virtualization-type": lambda one: one["VirtualizationType"],
}


def describe(query: Query) -> Any:
    """DescribeImages."""
    wanted, owners, users = (
        ec2._parse_member_list(query.params, name) for name in ("ImageId", "Owner", "ExecutableBy")
    )
    given = ec2._parse_filters(query.params)
    filters.check(given, FILTERS)
    seen = records.visible()
    _check_ids(wanted, seen)
    found = [
        record
        for record in seen
        if (record["ImageId"] in wanted if wanted else query.flag("IncludeDeprecated") or not _hidden(record))
        and (not owners or is_owned(record, owners))
        and (not users or _is_executable(record, users))
        and filters.passes(record, record["ImageId"], given, FILTERS)
    ]
    items, next_token = filters.one_page(query, found, SMALLEST_PAGE, LARGEST_PAGE)
    shown = "".join(_item(record) for record in items)
    return ec2._xml(200, "DescribeImagesResponse", f"<imagesSet>{shown}</imagesSet>{next_token}")


def _check_ids(wanted: Sequence[str], seen: Sequence[Record]) -> None:
    known = {record["ImageId"] for record in seen}
    for image_id in wanted:
        records.check_id(image_id)
        if image_id not in known:
            hidden = records.lookup(image_id)
            gone = hidden is None or records.state(hidden) == "deregistered"
            raise records.unknown(image_id) if gone else records.unauthorized(image_id)


def _hidden(record: Record) -> bool:
    return record["OwnerId"] != get_account_id() and records.is_deprecated(record)


def is_owned(record: Record, owners: Sequence[str]) -> bool:
    """Whether one of the owners, which are account ids, `self` or aliases, owns the image."""
    named = {record["OwnerId"], record.get("ImageOwnerAlias")} - {"", None}
    return bool(named & {get_account_id() if owner == "self" else owner for owner in owners})


def _is_executable(record: Record, users: Sequence[str]) -> bool:
    own = get_account_id()
    wanted = [{"Group": "all"} if user == "all" else {"UserId": own if user == "self" else user} for user in users]
    return any(permission in record["LaunchPermissions"] for permission in wanted)


def _item(record: Record) -> str:
    fields = {
        "imageId": record["ImageId"],
        "imageLocation": record.get("ImageLocation") or f"{record['OwnerId']}/{record['Name']}",
        "imageState": records.state(record),
        "imageOwnerId": record["OwnerId"],
        "imageOwnerAlias": record.get("ImageOwnerAlias"),
        "creationDate": record["CreationDate"],
        "deprecationTime": record.get("DeprecationTime"),
        "isPublic": _truth(records.is_public(record)),
        "architecture": record["Architecture"],
        "imageType": "machine",
        "name": record["Name"],
        "description": record["Description"],
        "platform": record.get("Platform"),
        "platformDetails": "Windows" if record.get("Platform") else "Linux/UNIX",
        "enaSupport": "true",
        "rootDeviceType": record["RootDeviceType"],
        "rootDeviceName": record["RootDeviceName"],
        "virtualizationType": record["VirtualizationType"],
        "hypervisor": "xen",
        "sourceImageId": record.get("SourceImageId"),
        "sourceImageRegion": record.get("SourceImageRegion"),
        "sourceInstanceId": record.get("SourceInstanceId"),
    }
    shown = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items() if value)
    mappings = "".join(_mapping(mapping) for mapping in record["BlockDeviceMappings"])
    tags = ec2._tag_set_xml(record["ImageId"]) if filters.tags_of(record["ImageId"]) else ""
    return f"<item>{shown}<blockDeviceMapping>{mappings}</blockDeviceMapping>{tags}</item>"


def _mapping(mapping: Record) -> str:
    fields = {f"{name[0].lower()}{name[1:]}": value for name, value in (mapping.get("Ebs") or {}).items()}
    shown = "".join(
        f"<{name}>{_truth(value) if isinstance(value, bool) else escape(str(value))}</{name}>"
        for name, value in fields.items()
    )
    ebs = f"<ebs>{shown}</ebs>" if shown else ""
    virtual = f"<virtualName>{escape(mapping['VirtualName'])}</virtualName>" if mapping.get("VirtualName") else ""
    return f"<item><deviceName>{escape(mapping['DeviceName'])}</deviceName>{virtual}{ebs}</item>"
