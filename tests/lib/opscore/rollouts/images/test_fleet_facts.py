"""What AWS says of a fleet, reduced to what an image meets."""

from typing import Any

from opscore.rollouts.images.fleet_facts import Running, TemplateVolume, running, template_volumes
from opscore.rollouts.images.instance_type import InstanceType
from tests.lib.opscore.rollouts.images.made_up import LARGE, day, fleet, image


def test_instances_are_counted_by_image_with_the_launch_of_the_oldest() -> None:
    web, api = image(1), image(2)
    instances: list[dict[str, Any]] = [
        {"ImageId": api.image_id, "LaunchTime": day(9)},
        {"ImageId": web.image_id, "LaunchTime": day(8)},
        {"ImageId": web.image_id, "LaunchTime": day(5)},
        {"ImageId": web.image_id},
        {},
    ]
    assert running(instances, {web.image_id: web}) == (
        Running(web.image_id, 3, day(5), web),
        Running(api.image_id, 1, day(9)),
    )


def test_an_image_is_as_old_as_it_says_and_else_no_younger_than_its_oldest_instance() -> None:
    assert Running("ami-1", 1, day(5), image(3)).created_before == day(3)
    assert Running("ami-1", 1, day(5), image(3, created=None)).created_before == day(5)
    assert Running("ami-1", 1).created_before is None


def test_only_ebs_volumes_of_a_template_count_and_say_only_what_they_say() -> None:
    data = {
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40, "Encrypted": True, "KmsKeyId": "key"}},
            {"DeviceName": "/dev/xvdb", "Ebs": {"SnapshotId": "snap-1"}},
            {"DeviceName": "/dev/xvdc", "VirtualName": "ephemeral0"},
            {"DeviceName": "/dev/xvdd", "NoDevice": ""},
        ]
    }
    assert template_volumes(data) == (
        TemplateVolume("/dev/xvda", 40, encrypted=True, kms_key="key"),
        TemplateVolume("/dev/xvdb", snapshot="snap-1"),
    )
    assert template_volumes({}) == ()


def test_the_architecture_is_that_of_the_present_image_or_the_one_that_all_types_share() -> None:
    both = InstanceType("m1.large", ("i386", "x86_64"))
    arm = InstanceType("m7g.large", ("arm64",))
    assert fleet(image(1, architecture="arm64")).architecture == "arm64"
    assert fleet(None, types={"a": both}).architecture == "x86_64"
    assert fleet(None, types={"a": LARGE, "b": both}).architecture == "x86_64"
    assert fleet(None, types={"a": LARGE, "b": arm}).architecture == ""
    assert fleet(None, types={}).architecture == ""
