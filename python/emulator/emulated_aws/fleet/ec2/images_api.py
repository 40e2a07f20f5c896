"""DescribeImages with its filters and pages, and RunInstances of images that exist.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidAMIID)

An id that nobody knows is refused, in both operations. The filters in `FILTERS`, `tag:NAME` and `tag-key` are modelled,
with `*` and `?`; another one is refused by name. A public image has the date that stands in its name, or none.
RunInstances takes from a launch template what the request does not say itself.
"""

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, get_region
from ministack.services import autoscaling, ec2

from emulated_aws.fleet.ec2 import images, launch_templates
from emulated_aws.fleet.protocol import Query, page
from emulated_aws.fleet.refusals import Refused

View = Mapping[str, Any]

FILTERS: Mapping[str, str] = {
    "architecture": "Architecture",
    "creation-date": "CreationDate",
    "description": "Description",
    "image-id": "ImageId",
    "is-public": "IsPublic",
    "name": "Name",
    "owner-alias": "ImageOwnerAlias",
    "owner-id": "OwnerId",
    "platform": "Platform",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "state": "State",
    "virtualization-type": "VirtualizationType",
}
"""The name of a filter -> what it looks at."""
LARGEST_PAGE = 1000
_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")


def describe(query: Query) -> Any:
    """DescribeImages."""
    wanted, owners, users = (
        ec2._parse_member_list(query.params, name) for name in ("ImageId", "Owner", "ExecutableBy")
    )
    filters = ec2._parse_filters(query.params)
    size = query.number("MaxResults", LARGEST_PAGE) or 0
    if not 1 <= size <= LARGEST_PAGE:
        raise Refused("InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid.")
    seen = {view["ImageId"]: view for view in _views()}
    for image_id in wanted:
        check(image_id, set(seen))
    found = [
        view
        for view in seen.values()
        if (not wanted or view["ImageId"] in wanted)
        and (not owners or ec2._image_owner_matches(view, owners))
        and (not users or ec2._image_executable_by_matches(view, users))
        and all(_fits(_values(view, name), patterns) for name, patterns in filters.items())
    ]
    items, token = page(found, query.text("NextToken"), size)
    shown = "".join(_item(view) for view in items)
    next_token = f"<nextToken>{token}</nextToken>" if token else ""
    return ec2._xml(200, "DescribeImagesResponse", f"<imagesSet>{shown}</imagesSet>{next_token}")


def check(image_id: str, known: set[str]) -> None:
    """Refuse an id that is none, and one that nobody knows."""
    if not _ID.fullmatch(image_id):
        raise Refused("InvalidAMIID.Malformed", f'Invalid id: "{image_id}"')
    if image_id not in known:
        raise Refused("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def _views() -> list[View]:
    """Return the images that the caller sees: its own, those that others share with it, and the public ones."""
    own, region = get_account_id(), get_region()
    shared = [
        {**ec2._image_view(image), "CreationDate": image.get("CreationDate", "")}
        for (account, place, _key), image in ec2._images.all_items()
        if place == region and (account == own or _is_shared(image, own))
    ]
    dates = {image.image_id: image.made for image in images.IMAGES}
    public = [ec2._stub_image_view(*row) for row in ec2._STUB_AMIS]
    return [
        {**view, "State": "available", "CreationDate": view.get("CreationDate") or dates.get(view["ImageId"], "")}
        for view in (*shared, *({**one, "Architecture": images.architecture(one["Name"])} for one in public))
    ]


def _is_shared(image: Mapping[str, Any], account: str) -> bool:
    permissions = image.get("LaunchPermissions") or []
    return any(one.get("Group") == "all" or one.get("UserId") == account for one in permissions)


def _values(view: View, name: str) -> list[str]:
    tags = {tag["Key"]: tag.get("Value", "") for tag in ec2._tags.get(view["ImageId"], [])}
    if name.startswith("tag:"):
        return [tags[name[4:]]] if name[4:] in tags else []
    if name == "tag-key":
        return list(tags)
    if name not in FILTERS:
        raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid, or the sandbox does not model it")
    return [str(view.get(FILTERS[name]) or "")]


def _fits(values: list[str], patterns: list[str]) -> bool:
    # Brackets are no wildcards to EC2.
    plain = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatch.fnmatchcase(value, pattern) for value in values for pattern in plain)


def _item(view: View) -> str:
    tags = "".join(
        f"<item><key>{escape(tag['Key'])}</key><value>{escape(tag.get('Value', ''))}</value></item>"
        for tag in ec2._tags.get(view["ImageId"], [])
    )
    fields = {
        "imageId": view["ImageId"],
        "imageLocation": view["Name"],
        "imageState": view["State"],
        "imageOwnerId": view["OwnerId"],
        "imageOwnerAlias": view.get("ImageOwnerAlias"),
        "creationDate": view["CreationDate"],
        "isPublic": view["IsPublic"],
        "architecture": view["Architecture"],
        "imageType": "machine",
        "name": view["Name"],
        "description": view["Description"],
        "platform": view["Platform"],
        "rootDeviceType": view["RootDeviceType"],
        "rootDeviceName": view["RootDeviceName"],
        "virtualizationType": view["VirtualizationType"],
        "hypervisor": "xen",
    }
    shown = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in fields.items() if value)
    tag_set = f"<tagSet>{tags}</tagSet>" if tags else ""
    return f"<item>{shown}{ec2._image_bdm_xml(view)}{tag_set}</item>"


def run(stock: Callable[[Mapping[str, Any]], Any]) -> Callable[[Query], Any]:
    """RunInstances: from the request, and from the launch template that it names."""

    def run_instances(query: Query) -> Any:
        params = {**_from_template(query.params), **query.params}
        image_id = Query(params).text("ImageId")
        if not image_id:
            raise Refused("MissingParameter", "The request must contain the parameter ImageId")
        check(image_id, {str(view["ImageId"]) for view in _views()})
        return stock(params)

    return run_instances


def _from_template(params: Mapping[str, Any]) -> dict[str, str]:
    named = autoscaling._parse_nested(params, "LaunchTemplate")
    if not named:
        return {}
    data = launch_templates.resolve(named).data
    found = {name: str(data[name]) for name in ("ImageId", "InstanceType", "KeyName", "UserData") if data.get(name)}
    groups = {f"SecurityGroupId.{n}": group for n, group in enumerate(data.get("SecurityGroupIds") or (), 1)}
    profile = data.get("IamInstanceProfile") or {}
    return {**found, **groups, **{f"IamInstanceProfile.{name}": value for name, value in profile.items()}}
