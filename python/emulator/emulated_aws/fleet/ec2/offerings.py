"""DescribeInstanceTypeOfferings: every type that the sandbox models, in every zone that has a subnet.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html

Asked for types by name and for zones only; patterns, other filters and other locations are refused by name. On AWS some
zones lack some types, such as us-east-1e.
"""

from typing import Any

from ministack.services import ec2

from emulated_aws.fleet.ec2.instance_types import capacity
from emulated_aws.fleet.protocol import Query
from emulated_aws.fleet.refusals import Refused

ZONE = "availability-zone"


def describe(query: Query) -> Any:
    """DescribeInstanceTypeOfferings."""
    filters = ec2._parse_filters(query.params)
    wanted = filters.get("instance-type", [])
    if set(filters) != {"instance-type"} or any(set(name) & set("*?") for name in wanted):
        raise Refused("InvalidParameterValue", "The sandbox models the filter instance-type with whole names alone")
    if query.text("LocationType") != ZONE:
        raise Refused("InvalidParameterValue", f"The sandbox models the location type {ZONE} alone")
    zones = sorted({subnet["AvailabilityZone"] for subnet in ec2._subnets.values()})
    items = "".join(
        f"<item><instanceType>{name}</instanceType><location>{zone}</location><locationType>{ZONE}</locationType></item>"
        for name in sorted(set(wanted))
        if capacity(name)
        for zone in zones
    )
    body = f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>"
    return ec2._xml(200, "DescribeInstanceTypeOfferingsResponse", body)
