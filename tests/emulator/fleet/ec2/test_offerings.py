"""Which zones offer an instance type, as Terraform's data source asks."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.fleet.fleet_account import Fleet

ZONES = {"eu-west-1a", "eu-west-1b", "eu-west-1c"}


def test_every_zone_with_a_subnet_offers_what_the_sandbox_models(fleet: Fleet) -> None:
    answer = fleet.ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["m6i.large", "c7g.xlarge", "x1.huge"]}],
    )
    found = {(one["InstanceType"], one["Location"]) for one in answer["InstanceTypeOfferings"]}
    assert found == {(name, zone) for name in ("m6i.large", "c7g.xlarge") for zone in ZONES}


@pytest.mark.parametrize(
    "request_",
    [
        {"LocationType": "region", "Filters": [{"Name": "instance-type", "Values": ["m6i.large"]}]},
        {"LocationType": "availability-zone", "Filters": [{"Name": "instance-type", "Values": ["m6i.*"]}]},
        {"LocationType": "availability-zone"},
    ],
    ids=["another location", "a pattern", "every type"],
)
def test_other_questions_are_refused_by_name(fleet: Fleet, request_: dict[str, object]) -> None:
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*models"):
        fleet.ec2.describe_instance_type_offerings(**request_)
