"""What DescribeImages says, read and kept."""

import datetime as dt
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from opscore.rollouts.images.image import Image, Source, Volume, newest
from tests.lib.opscore.rollouts.images.made_up import NOW, day, image

SAID = {
    "ImageId": "ami-0123456789abcdef0",
    "Name": "al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-x86_64",
    "Description": "for ECS",
    "CreationDate": "2025-10-01T07:08:09.000Z",
    "DeprecationTime": "2027-10-01T00:00:00.000Z",
    "OwnerId": "591542846629",
    "ImageOwnerAlias": "amazon",
    "Architecture": "x86_64",
    "VirtualizationType": "hvm",
    "RootDeviceType": "ebs",
    "RootDeviceName": "/dev/xvda",
    "State": "available",
    "Public": True,
    "EnaSupport": True,
    "BootMode": "uefi-preferred",
    "ImdsSupport": "v2.0",
    "TpmSupport": "v2.0",
    "ImageAllowed": True,
    "ProductCodes": [{"ProductCodeId": "code", "ProductCodeType": "marketplace"}],
    "InstanceTypeSpecification": {"SupportedInstanceTypes": ["m6i.*"], "UnsupportedInstanceTypes": ["m6i.metal"]},
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvdb", "VirtualName": "ephemeral0"},
        {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 30, "Encrypted": False}},
    ],
}


def test_an_entry_of_describe_images_is_read_whole() -> None:
    read = Image.parse(SAID)
    assert read.created == dt.datetime(2025, 10, 1, 7, 8, 9, tzinfo=dt.UTC)
    assert read.deprecated_at == dt.datetime(2027, 10, 1, tzinfo=dt.UTC)
    assert (read.owner, read.architecture, read.virtualization) == ("amazon", "x86_64", "hvm")
    assert (read.root_device_type, read.root_device_name, read.state) == ("ebs", "/dev/xvda", "available")
    assert read.volumes == (Volume("/dev/xvda", 30, encrypted=False, snapshot="snap-1"),)
    assert (read.ena, read.boot_mode, read.imds, read.tpm, read.allowed) == (
        True,
        "uefi-preferred",
        "v2.0",
        "v2.0",
        True,
    )
    assert (read.product_codes, read.supported_types, read.unsupported_types) == (("code",), ("m6i.*",), ("m6i.metal",))


def test_what_nobody_says_is_not_known_instead_of_no() -> None:
    read = Image.parse({"ImageId": "ami-12345678", "CreationDate": ""})
    assert (read.created, read.deprecated_at, read.ena, read.allowed) == (None, None, None, None)
    assert read.age_days(NOW) is None
    assert not read.is_deprecated(NOW)


texts = st.text(max_size=5)
times = st.none() | st.datetimes(timezones=st.just(dt.UTC))
volumes = st.builds(
    Volume, texts, st.none() | st.integers(1, 99), st.booleans(), texts, st.none() | st.integers(1, 99), texts
)
images = st.builds(
    Image,
    image_id=texts,
    name=texts,
    created=times,
    deprecated_at=times,
    volumes=st.lists(volumes, max_size=3).map(tuple),
    public=st.booleans(),
    allowed=st.none() | st.booleans(),
    ena=st.none() | st.booleans(),
    product_codes=st.lists(texts, max_size=2).map(tuple),
    unsupported_types=st.lists(texts, max_size=2).map(tuple),
    source=st.builds(Source, texts, texts, texts, st.integers(0, 9)),
)


@given(images)
def test_every_image_comes_back_from_json_as_it_was(one: Image) -> None:
    assert Image.from_dict(json.loads(json.dumps(one.to_dict()))) == one


def test_a_later_version_may_say_more_of_an_image() -> None:
    told = image(3).to_dict()
    told["source"]["new"] = told["volumes"][0]["new"] = told["new"] = 1
    assert Image.from_dict(told) == image(3)


def test_an_image_is_deprecated_from_the_very_moment_on() -> None:
    assert image(0, deprecated_at=NOW).is_deprecated(NOW)
    assert not image(0, deprecated_at=NOW + dt.timedelta(seconds=1)).is_deprecated(NOW)


def test_the_smallest_volume_is_the_snapshots_size_and_without_it_the_images_word() -> None:
    assert Volume("/dev/xvda", 30, snapshot_size=8).smallest == 8
    assert Volume("/dev/xvda", 30).smallest == 30


@given(st.permutations([image(1), image(5), image(3), image(9, created=None), replace(image(4), created=day(5))]))
def test_the_newest_does_not_depend_on_the_order_and_has_a_date(several: list[Image]) -> None:
    assert newest(several) == image(5)


def test_of_no_dated_image_none_is_the_newest() -> None:
    assert newest([image(1, created=None)]) is None


def test_how_an_image_was_found_is_said_in_words() -> None:
    found = image(1).found_by(Source("parameter", "ssm:/golden", parameter="/golden", version=7))
    assert str(found.source) == "version 7 of the parameter /golden"
    assert found.source.image_id == found.image_id
    latest = Source("latest", pattern="web-*", owner="self", architecture="arm64")
    assert str(latest) == "the newest arm64 image of self named web-*"
    assert str(Source("id")) == "named by its id"
    assert str(image(1).source) == ""
