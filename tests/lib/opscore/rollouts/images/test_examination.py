"""An image chosen and judged at once, as a plan carries it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from opscore.errors import OpsError
from opscore.rollouts.images.catalogue import Catalogue
from opscore.rollouts.images.examination import Examined, examine
from opscore.rollouts.images.fleet_facts import FleetFacts, Running, TemplateVolume
from opscore.rollouts.images.image import Image, Volume
from opscore.rollouts.images.keys import KeyReader, KeyUse
from opscore.rollouts.images.reference import read
from tests.lib.opscore.rollouts.images.made_up import NOW, Shelf, fleet, image

PRESENT, NEW = image(20), image(30)
LOCKED, LOST = "arn:aws:kms:eu-west-1:444455556666:key/new", "arn:aws:kms:eu-west-1:111122223333:key/old"


class OnlyNew:
    """A KMS in which nobody may use a key but the new one, and that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def uses(self, keys: Iterable[str]) -> dict[str, KeyUse]:
        self.asked += keys
        return {key: KeyUse(key, usable=key == LOCKED, why="no grant") for key in self.asked}


def encrypted(one: Image, key: str) -> Image:
    return replace(one, volumes=(Volume("/dev/xvda", 30, encrypted=True, kms_key=key),))


def test_a_good_image_has_nothing_against_it_and_a_way_back() -> None:
    found = examine(read("latest"), fleet(PRESENT), Shelf(PRESENT, NEW), NOW)
    assert found == Examined(found.image)
    assert found.image.image_id == NEW.image_id


def test_the_keys_of_both_images_are_read_once_and_judged_for_each_way() -> None:
    before, after, keys = encrypted(PRESENT, LOST), encrypted(NEW, LOCKED), OnlyNew()
    found = examine(read("latest"), fleet(before), Shelf(before, after), NOW, keys)
    assert keys.asked == [LOST, LOCKED]
    assert (found.refusals, found.warnings) == ((), ())
    assert [reason.rule for reason in found.no_way_back] == ["encryption-key"]


def test_images_without_keys_ask_nobody() -> None:
    keys = OnlyNew()
    examine(read("latest"), fleet(PRESENT), Shelf(PRESENT, NEW), NOW, keys)
    assert keys.asked == []


def test_what_is_said_to_allow_is_allowed() -> None:
    old = image(10, deprecated_at=NOW)
    shelf = Shelf(PRESENT, old)
    refused = examine(read(old.image_id), fleet(PRESENT), shelf, NOW)
    assert [reason.rule for reason in refused.refusals] == ["deprecated"]
    told = examine(read(old.image_id), fleet(PRESENT), shelf, NOW, allow_deprecated=True)
    assert (told.refusals, [reason.rule for reason in told.warnings]) == ((), ["older", "deprecated"])
    with pytest.raises(OpsError, match="may be older"):
        examine(read("latest"), fleet(PRESENT), Shelf(image(10)), NOW)
    assert examine(read("latest"), fleet(PRESENT), Shelf(image(10)), NOW, allow_older=True).image.name == image(10).name


def test_an_image_before_that_is_gone_blocks_the_way_back_alone() -> None:
    found = examine(read("latest"), fleet(PRESENT), Shelf(NEW), NOW)
    assert found.refusals == ()
    assert [reason.rule for reason in found.no_way_back] == ["way-back"]


def test_what_was_found_comes_back_from_json() -> None:
    bad = image(40, architecture="arm64", product_codes=("code",))
    found = examine(read(bad.image_id), fleet(PRESENT), Shelf(bad), NOW)
    assert all((found.refusals, found.warnings, found.no_way_back))
    assert Examined.from_dict(json.loads(json.dumps(found.to_dict()))) == found


@pytest.fixture
def clients() -> Iterator[dict[str, Any]]:
    make: Any = boto3.client
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}
    with mock_aws():
        yield {name: make(name, **keys) for name in ("ec2", "ssm", "kms")}


def test_it_reads_a_whole_account_of_moto(clients: dict[str, Any]) -> None:
    catalogue = Catalogue(clients["ec2"], clients["ssm"], "123456789012")
    there = catalogue.search("amazon", "amzn2-ami-ecs-hvm-2.0.*-x86_64-ebs", "x86_64")
    older, newer = sorted(there, key=lambda one: (str(one.created), one.image_id))[-2:]
    facts = FleetFacts(
        "web",
        "123456789012",
        present_id=older.image_id,
        present=older,
        running=(Running(older.image_id, 3, older.created, older),),
        type_names=("m5.large",),
        types=catalogue.instance_types(["m5.large"]),
        volumes=(TemplateVolume("/dev/xvda", 100),),
    )
    clients["ssm"].put_parameter(Name="/golden", Value=newer.image_id, Type="String")
    keys = KeyReader(clients["kms"], "", "123456789012")
    for typed in ("latest", "ssm:/golden:1", newer.image_id):
        found = examine(read(typed), facts, catalogue, NOW, keys)
        assert (found.image.image_id, found.refusals, found.no_way_back) == (newer.image_id, (), ())
        assert found.image.source.typed == typed
