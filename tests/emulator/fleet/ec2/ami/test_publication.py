"""Newer public AMIs: how they come to be, and how a flaw of one is a flaw of whatever runs it."""

import datetime as dt

import pytest

from emulated_aws.fleet.ec2.images import OWNER
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, Group, unique


def _publish(fleet: Fleet, **given: str) -> dict[str, str]:
    status, answer = fleet.ask("POST", "/images", given)
    assert status == 201, answer
    found: dict[str, str] = answer
    return found


def _group(fleet: Fleet, image_id: str, cluster: str = "", size: int = 1) -> Group:
    group = fleet.group(0, cluster)
    group.new_version(ImageId=image_id)
    template = {"LaunchTemplateId": group.template, "Version": "2"}
    fleet.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name, DesiredCapacity=size, LaunchTemplate=template
    )
    return group


def test_a_published_image_is_amazons_and_of_today(fleet: Fleet) -> None:
    published = _publish(fleet, architecture="arm64")
    image = fleet.ec2.describe_images(ImageIds=[published["image_id"]])["Images"][0]
    assert (image["OwnerId"], image["Public"], image["Architecture"]) == (OWNER, True, "arm64")
    assert (image["Name"], image["CreationDate"]) == (published["name"], published["created"])
    parameter = fleet.account.client("ssm").get_parameter(Name=published["parameter"])["Parameter"]
    assert parameter["Value"] == image["ImageId"]
    today = dt.datetime.now(dt.UTC)
    assert image["CreationDate"][:10] == today.date().isoformat()
    assert f".{today:%Y%m%d}" in image["Name"]
    assert image["DeprecationTime"][:4] == str(today.year + 2)


def test_two_images_of_a_day_have_two_names_and_the_later_one_is_the_newest(fleet: Fleet) -> None:
    first, second = _publish(fleet), _publish(fleet)
    assert first["name"] != second["name"]
    given = [{"Name": "name", "Values": ["al2023-ami-ecs-hvm-*x86_64"]}]
    found = fleet.ec2.describe_images(Owners=["amazon"], Filters=given)["Images"]
    assert max(found, key=lambda one: str(one["CreationDate"]))["ImageId"] == second["image_id"]


def test_hosts_of_an_image_that_does_not_boot_die_and_those_of_others_do_not(fleet: Fleet) -> None:
    bad, good = _publish(fleet, flaw="boot_failure"), _publish(fleet)
    healthy = _group(fleet, good["image_id"])
    failing = _group(fleet, bad["image_id"])
    healthy.await_in_service(1)
    failed = eventually(
        lambda: next((one for one in failing.activities() if one["StatusCode"] == "Failed"), None), "a failed launch"
    )
    assert "Internal error on launch" in failed["StatusMessage"]
    assert failing.ids() == []


def test_the_agents_of_an_image_that_has_this_flaw_never_connect(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    silent = _group(fleet, _publish(fleet, flaw="agent_never_connects")["image_id"], cluster, 2)
    heard = _group(fleet, _publish(fleet)["image_id"], cluster)
    silent.await_in_service(2)
    arn = fleet.await_registered(cluster, 1)[0]
    assert [fleet.describe_instance(cluster, arn)["ec2InstanceId"]] == heard.await_in_service(1)


def test_tasks_on_hosts_of_an_image_that_has_this_flaw_are_not_healthy(fleet: Fleet) -> None:
    bad, good = fleet.cluster(), fleet.cluster()
    _group(fleet, _publish(fleet, flaw="unhealthy_task")["image_id"], bad)
    _group(fleet, _publish(fleet)["image_id"], good)
    services = {cluster: fleet.service(cluster, fleet.definition(), 1) for cluster in (bad, good)}
    for cluster, name in services.items():
        fleet.await_registered(cluster, 1)
        fleet.await_running(cluster, name, 1)
    eventually(lambda: _rollout(fleet, good, services[good]) == "COMPLETED", "a complete deployment")
    assert _rollout(fleet, bad, services[bad]) == "IN_PROGRESS"


def _rollout(fleet: Fleet, cluster: str, service: str) -> str:
    return str(fleet.describe_service(cluster, service)["deployments"][0]["rolloutState"])


def test_a_copy_of_an_image_has_its_flaw(fleet: Fleet) -> None:
    fleet.settings(image_seconds=0.0)
    bad = _publish(fleet, flaw="boot_failure")["image_id"]
    copy = fleet.ec2.copy_image(SourceImageId=bad, SourceRegion="eu-west-1", Name=unique("copy"))["ImageId"]
    failing = _group(fleet, copy)
    eventually(lambda: any(one["StatusCode"] == "Failed" for one in failing.activities()), "a failed launch")
    assert failing.ids() == []


@pytest.mark.parametrize(
    ("given", "word"),
    [({"architecture": "i386"}, "x86_64 or arm64"), ({"flaw": "slow"}, "boot_failure"), ({"name": "x"}, "'name'")],
)
def test_an_image_that_cannot_be_published_is_refused_by_name(fleet: Fleet, given: dict[str, str], word: str) -> None:
    status, answer = fleet.ask("POST", "/images", given)
    assert (status, word in answer["error"]) == (400, True)
