"""Which instance types there are, what each has, and which zones offer it, as Terraform's data sources ask."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.fleet.fleet_account import Fleet

ZONES = {"eu-west-1a", "eu-west-1b", "eu-west-1c"}


def _filters(**filters: str) -> list[dict[str, Any]]:
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]


def test_every_zone_with_a_subnet_offers_what_the_sandbox_models(fleet: Fleet) -> None:
    answer = fleet.ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["m6i.large", "c7g.xlarge", "x1.huge", "m7gd.large"]}],
    )
    found = {(one["InstanceType"], one["Location"]) for one in answer["InstanceTypeOfferings"]}
    assert found == {(name, zone) for name in ("m6i.large", "c7g.xlarge", "m7gd.large") for zone in ZONES}


def test_offerings_are_asked_for_by_region_pattern_and_zone(fleet: Fleet) -> None:
    answer = fleet.ec2.describe_instance_type_offerings(Filters=_filters(instance_type="t4g.*"))
    found = {(one["InstanceType"], one["LocationType"], one["Location"]) for one in answer["InstanceTypeOfferings"]}
    assert ("t4g.small", "region", "eu-west-1") in found
    assert {name.partition(".")[0] for name, _kind, _place in found} == {"t4g"}
    pages = fleet.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=_filters(location="eu-west-1a"), PaginationConfig={"PageSize": 50}
    )
    places = [[one["Location"] for one in page["InstanceTypeOfferings"]] for page in pages]
    assert (len(places[0]), {place for page in places for place in page}) == (50, {"eu-west-1a"})


def test_a_type_says_what_it_boots_and_what_it_has(fleet: Fleet) -> None:
    asked = ["m6i.xlarge", "c7g.4xlarge", "r6gd.large", "t3.medium", "t2.micro"]
    answer = fleet.ec2.describe_instance_types(InstanceTypes=asked)
    found = {
        one["InstanceType"]: (
            one["ProcessorInfo"]["SupportedArchitectures"],
            one["VCpuInfo"]["DefaultVCpus"],
            one["MemoryInfo"]["SizeInMiB"],
            one["NetworkInfo"]["MaximumNetworkInterfaces"],
        )
        for one in answer["InstanceTypes"]
    }
    assert found == {
        "m6i.xlarge": (["x86_64"], 4, 16384, 4),
        "c7g.4xlarge": (["arm64"], 16, 32768, 8),
        "r6gd.large": (["arm64"], 2, 16384, 3),
        "t3.medium": (["x86_64"], 2, 4096, 3),
        "t2.micro": (["i386", "x86_64"], 2, 1024, 2),
    }
    assert {tuple(one["SupportedVirtualizationTypes"]) for one in answer["InstanceTypes"]} == {("hvm",)}


def test_types_are_found_by_what_they_are(fleet: Fleet) -> None:
    filters = _filters(**{"processor-info.supported-architecture": "arm64", "vcpu-info.default-vcpus": "8"})
    answer = fleet.ec2.describe_instance_types(Filters=filters, MaxResults=5)
    names = [one["InstanceType"] for one in answer["InstanceTypes"]]
    assert len(names) == 5
    assert all(name.endswith(".2xlarge") and "g" in name.split(".")[0] for name in names)
    assert answer["NextToken"]


@pytest.mark.parametrize(
    ("operation", "asked", "code"),
    [
        ("describe_instance_types", {"InstanceTypes": ["m6i.large", "x1.huge"]}, r"InvalidInstanceType.*\[x1\.huge\]"),
        ("describe_instance_types", {"Filters": _filters(colour="blue")}, r"InvalidParameterValue.*colour"),
        ("describe_instance_types", {"Filters": _filters(**{"tag:a": "b"})}, r"InvalidParameterValue.*tag:a"),
        ("describe_instance_type_offerings", {"LocationType": "outpost"}, r"InvalidParameterValue.*models"),
        ("describe_instance_type_offerings", {"Filters": _filters(colour="blue")}, r"InvalidParameterValue.*colour"),
    ],
)
def test_other_questions_are_refused_by_name(fleet: Fleet, operation: str, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        getattr(fleet.ec2, operation)(**asked)
