"""Who may launch an AMI, what it is described as, and from when on it is deprecated.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageAttribute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetImageAttribute.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageDeprecation.html

Only the owner may. Launch permissions of accounts and of everybody are modelled, those of organisations are refused; so
are the other attributes.
"""

import datetime as dt
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

from emulated_aws.fleet import clock
from emulated_aws.fleet.ec2.ami import records
from emulated_aws.fleet.ec2.ami.records import Record
from emulated_aws.fleet.protocol import Query, timestamp
from emulated_aws.fleet.refusals import Refused

LONGEST_YEARS = 10
LONGEST_YEARS_PUBLIC = 2
_TRUE = "<return>true</return>"


def modify(query: Query) -> Any:
    """ModifyImageAttribute: launch permissions, in either form of the request, or the description."""
    record = records.find_own(query.text("ImageId"))
    add, remove = _permissions(query, "Add"), _permissions(query, "Remove")
    described = query.has("Description.Value") or query.text("Attribute") == "description"
    if not (add or remove or described):
        raise Refused("InvalidParameterCombination", "The sandbox models launchPermission and description alone")
    for permission in (*add, *remove):
        if permission.get("Group", "all") != "all" or not permission.keys() <= {"Group", "UserId"}:
            value = next(iter(permission.values()))
            raise Refused("InvalidParameterValue", f"Value ({value}) for parameter launchPermission is invalid.")
    kept = [one for one in record["LaunchPermissions"] if one not in remove]
    record["LaunchPermissions"] = [*kept, *(one for one in add if one not in kept)]
    if described:
        record["Description"] = query.text("Description.Value") or query.text("Value")
    return ec2._xml(200, "ModifyImageAttributeResponse", _TRUE)


def _permissions(query: Query, operation: str) -> list[Record]:
    given = query.tree(f"LaunchPermission.{operation}") or []
    found = [dict(one) for one in (given.values() if isinstance(given, dict) else given)]
    if query.text("OperationType") == operation.lower():
        found += [{"UserId": user} for user in ec2._parse_member_list(query.params, "UserId")]
        found += [{"Group": group} for group in ec2._parse_member_list(query.params, "UserGroup")]
    return found


def describe(query: Query) -> Any:
    """DescribeImageAttribute."""
    record = records.find_own(query.text("ImageId"))
    attribute = query.text("Attribute")
    if attribute == "launchPermission":
        names = {"UserId": "userId", "Group": "group"}
        items = "".join(
            f"<item><{names[name]}>{escape(value)}</{names[name]}></item>"
            for permission in record["LaunchPermissions"]
            for name, value in permission.items()
        )
        shown = f"<launchPermission>{items}</launchPermission>"
    elif attribute == "description":
        shown = f"<description><value>{escape(record['Description'])}</value></description>"
    else:
        raise Refused("InvalidParameterValue", f"Value ({attribute}) for parameter attribute is invalid.")
    return ec2._xml(200, "DescribeImageAttributeResponse", f"<imageId>{record['ImageId']}</imageId>{shown}")


def reset(query: Query) -> Any:
    """ResetImageAttribute: nobody but the owner may launch it."""
    record = records.find_own(query.text("ImageId"))
    if query.text("Attribute") != "launchPermission":
        raise Refused("InvalidParameterValue", "Only launchPermission can be reset.")
    record["LaunchPermissions"] = []
    return ec2._xml(200, "ResetImageAttributeResponse", _TRUE)


def enable_deprecation(query: Query) -> Any:
    """EnableImageDeprecation: at the nearest minute; not in the past, not too far ahead."""
    record = records.find_own(query.text("ImageId"))
    text = query.text("DeprecateAt")
    try:
        wanted = dt.datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise Refused("InvalidParameterValue", f"Value ({text}) for parameter DeprecateAt is invalid.") from None
    if wanted <= clock.now() or wanted > _latest(record):
        raise Refused("InvalidParameterValue", f"Value ({text}) for parameter DeprecateAt is in the past or too late.")
    record["DeprecationTime"] = timestamp(round(wanted / 60) * 60)
    return ec2._xml(200, "EnableImageDeprecationResponse", _TRUE)


def _latest(record: Record) -> float:
    if not records.is_public(record):
        return years_after(clock.now(), LONGEST_YEARS)
    return years_after(dt.datetime.fromisoformat(record["CreationDate"]).timestamp(), LONGEST_YEARS_PUBLIC)


def years_after(seconds: float, years: int) -> float:
    """Return the time that lies so many calendar years later; both in seconds since 1970."""
    day = dt.datetime.fromtimestamp(seconds, dt.UTC)
    last = day.replace(day=28) if (day.month, day.day) == (2, 29) else day
    return last.replace(year=day.year + years).timestamp()


def disable_deprecation(query: Query) -> Any:
    """DisableImageDeprecation."""
    records.find_own(query.text("ImageId")).pop("DeprecationTime", None)
    return ec2._xml(200, "DisableImageDeprecationResponse", _TRUE)
