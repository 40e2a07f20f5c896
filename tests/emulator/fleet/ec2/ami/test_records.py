"""AMIs outlive the emulator, and so do the flaws in them and the parameters that name them."""

from ministack.core.responses import request_scope
from ministack.services import ssm as parameters

from emulated_aws.fleet.ec2.images import IMAGES
from emulated_aws.fleet.ssm import public_parameters
from ops_cli.clone.places import Places
from ops_cli.sandbox.emulator import lifecycle
from tests.emulator.emulated_account import Account
from tests.emulator.fleet.fleet_account import Fleet, unique

PARAMETER = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


def test_images_their_parameters_and_flaws_are_there_after_down_and_up(places: Places) -> None:
    fleet = Fleet(Account(lifecycle.ensure_running(places, print)))
    published = fleet.ask("POST", "/images", {"flaw": "boot_failure"})[1]["image_id"]
    token, name = unique("t"), unique("copy")
    request = {"SourceImageId": published, "SourceRegion": "eu-west-1", "Name": name, "ClientToken": token}
    copy = fleet.ec2.copy_image(**request)["ImageId"]
    gone = fleet.ec2.register_image(Name=unique("gone"))["ImageId"]
    fleet.ec2.deregister_image(ImageId=gone)
    before = _seen(fleet)
    lifecycle.stop(places, print)
    fleet = Fleet(Account(lifecycle.ensure_running(places, print)))
    assert _seen(fleet) == before
    assert {published, copy} <= set(before[0])
    assert gone not in before[0]
    assert fleet.ec2.copy_image(**request)["ImageId"] == copy
    faults = fleet.ask("GET", "")[1]["faults"]
    assert [(one["kind"], one["match"]) for one in faults] == [
        ("boot_failure", {"image_id": image_id}) for image_id in (published, copy)
    ]


def _seen(fleet: Fleet) -> tuple[dict[str, str], str, int]:
    images = {one["ImageId"]: one["CreationDate"] for one in fleet.ec2.describe_images()["Images"]}
    parameter = fleet.account.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]
    return images, parameter["Value"], parameter["Version"]


def test_the_copies_of_public_parameters_that_an_older_sandbox_saved_are_dropped() -> None:
    def load(_data: object) -> None:
        for name in (PARAMETER, "/own"):
            parameters._parameters[name] = {"Name": name, "Value": IMAGES[0].image_id}

    with request_scope("000000000000", "eu-south-1"):
        public_parameters._without_copies(load)({})
        assert list(parameters._parameters) == ["/own"]
        parameters._parameters.pop("/own")
