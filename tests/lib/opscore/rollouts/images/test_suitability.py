"""What refuses an image and what is warned of: each rule alone, with the reason and the next step."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.rollouts.images.catalogue import Found
from opscore.rollouts.images.fleet_facts import FleetFacts, TemplateVolume
from opscore.rollouts.images.image import Image, Volume
from opscore.rollouts.images.instance_type import InstanceType
from opscore.rollouts.images.keys import KeyUse
from opscore.rollouts.images.missing import Missing, Why
from opscore.rollouts.images.reason import Reason
from opscore.rollouts.images.suitability import refuse, warn, way_back
from tests.lib.opscore.rollouts.images.made_up import ACCOUNT, LARGE, NOW, STRANGER, fleet, image, run

PRESENT, NEW = image(20), image(30)
FLEET = fleet(PRESENT)
KEY = "arn:aws:kms:eu-west-1:444455556666:key/one"
GRAVITON = InstanceType("m7g.large", ("arm64",), ("hvm",), ("ebs",), ("uefi",), ena="required")
OLD_XEN = InstanceType("m1.large", ("i386", "x86_64"), ("paravirtual",), ("instance-store",), ("legacy-bios",))


def root(size: int = 30, **more: Any) -> tuple[Volume, ...]:
    return (Volume("/dev/xvda", size, snapshot="snap-1", **more),)


def rules(reasons: list[Reason]) -> list[str]:
    return [reason.rule for reason in reasons]


def types(*kinds: InstanceType) -> dict[str, Any]:
    return {"types": {kind.name: kind for kind in kinds}, "type_names": tuple(kind.name for kind in kinds)}


def test_the_next_image_of_the_family_is_neither_refused_nor_warned_of() -> None:
    assert refuse(NEW, FLEET, NOW) == []
    assert warn(NEW, FLEET, NOW) == []


REFUSED: dict[str, tuple[Image, FleetFacts, str]] = {
    "state": (replace(NEW, state="pending"), FLEET, "is pending"),
    "owner": (replace(NEW, owner_id=STRANGER, owner_alias=""), FLEET, f"belongs to {STRANGER}"),
    "deprecated": (replace(NEW, deprecated_at=NOW), FLEET, "deprecated since 2026-11-30"),
    "already": (PRESENT, FLEET, "all 3 instances run it"),
    "architecture": (replace(NEW, architecture="arm64"), FLEET, "made for arm64, which m6i.large cannot run"),
    "virtualization": (replace(NEW, virtualization="paravirtual"), FLEET, "virtualized as paravirtual"),
    "root-device-type": (replace(NEW, root_device_type="instance-store"), FLEET, "its root on instance-store"),
    "boot-mode": (
        replace(NEW, boot_mode="uefi"),
        fleet(PRESENT, **types(replace(LARGE, boot_modes=("legacy-bios",)))),
        "boots as uefi, which m6i.large cannot",
    ),
    "ena": (replace(NEW, ena=None), FLEET, "enhanced networking"),
    "instance-types": (replace(NEW, unsupported_types=("m6i.*",)), FLEET, "excludes m6i.large"),
    "root-device": (
        replace(NEW, root_device_name="/dev/sda1", volumes=(Volume("/dev/sda1", 8),)),
        FLEET,
        "instances would get a second volume there, and a root volume of 8 GiB",
    ),
    "volume-size": (replace(NEW, volumes=root(50, snapshot_size=41)), FLEET, "needs 41 GiB, and .* gives it 40 GiB"),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_each_defect_is_refused_by_its_rule_alone_and_says_what_to_do(rule: str) -> None:
    one, facts, said = REFUSED[rule]
    reasons = refuse(one, facts, NOW)
    assert rules(reasons) == [rule]
    (reason,) = reasons
    assert re.search(said, reason.what)
    assert one.image_id in reason.what
    assert reason.remedy.endswith(".")
    assert str(reason) == f"{reason.what} {reason.remedy}"


def test_every_reason_is_said_at_once() -> None:
    bad = replace(NEW, state="failed", architecture="arm64", owner_id=STRANGER, owner_alias="aws-marketplace")
    assert rules(refuse(bad, FLEET, NOW)) == ["state", "owner", "architecture"]


@pytest.mark.parametrize(
    "trusted",
    [
        (replace(NEW, owner_id=ACCOUNT, owner_alias=""), FLEET),
        (replace(NEW, owner_id=STRANGER, owner_alias=""), fleet(PRESENT, allowed_owners=frozenset({STRANGER}))),
        (replace(NEW, owner_alias="aws-marketplace"), fleet(PRESENT, allowed_owners=frozenset({"aws-marketplace"}))),
    ],
)
def test_images_of_the_account_itself_and_of_listed_owners_may_run(trusted: tuple[Image, FleetFacts]) -> None:
    assert refuse(*trusted, NOW) == []


def test_a_deprecated_image_is_refused_unless_told_and_then_warned_of() -> None:
    old = replace(NEW, deprecated_at=NOW - dt.timedelta(days=1))
    assert rules(refuse(old, FLEET, NOW)) == ["deprecated"]
    assert refuse(old, FLEET, NOW, allow_deprecated=True) == []
    assert rules(warn(old, FLEET, NOW, allow_deprecated=True)) == ["deprecated"]
    assert refuse(replace(NEW, deprecated_at=NOW + dt.timedelta(days=1)), FLEET, NOW) == []


def test_what_only_some_run_or_only_the_template_wants_is_rolled() -> None:
    assert refuse(PRESENT, fleet(PRESENT, runs=[run(PRESENT), run(image(10), 1)]), NOW) == []
    assert refuse(NEW, fleet(PRESENT, runs=[run(NEW)]), NOW) == []
    (already,) = refuse(PRESENT, fleet(PRESENT, runs=[]), NOW)
    assert "there are no instances" in already.what


def test_one_unfit_type_among_the_overrides_is_enough_and_is_named() -> None:
    (reason,) = refuse(NEW, fleet(PRESENT, **types(LARGE, GRAVITON, replace(GRAVITON, name="c7g.large"))), NOW)
    assert reason.rule == "architecture"
    assert "c7g.large and m7g.large cannot run" in reason.what


def test_an_old_type_that_knows_none_of_it_is_refused_on_every_count() -> None:
    found = rules(refuse(replace(NEW, boot_mode="uefi"), fleet(PRESENT, **types(OLD_XEN)), NOW))
    assert found == ["virtualization", "root-device-type", "boot-mode"]


def test_an_image_that_prefers_uefi_boots_without_it_and_one_without_a_mode_boots_as_the_type_does() -> None:
    legacy = fleet(PRESENT, **types(replace(LARGE, boot_modes=("legacy-bios",))))
    for mode in ("uefi-preferred", "legacy-bios", ""):
        assert refuse(replace(NEW, boot_mode=mode), legacy, NOW) == []


def test_ena_is_needed_only_by_types_that_require_it() -> None:
    optional = fleet(PRESENT, **types(replace(LARGE, ena="supported")))
    assert refuse(replace(NEW, ena=False), optional, NOW) == []
    assert rules(refuse(replace(NEW, ena=False), FLEET, NOW)) == ["ena"]


def test_an_image_without_the_mark_is_fit_where_the_present_one_goes_without_it_too() -> None:
    unmarked = fleet(replace(PRESENT, ena=None))
    assert refuse(replace(NEW, ena=None), unmarked, NOW) == []
    assert rules(refuse(replace(NEW, ena=False), unmarked, NOW)) == ["ena"]


def test_an_image_may_be_made_for_some_types_only() -> None:
    assert refuse(replace(NEW, supported_types=("m6i.*",)), FLEET, NOW) == []
    assert rules(refuse(replace(NEW, supported_types=("t3.*",)), FLEET, NOW)) == ["instance-types"]


def test_the_template_may_set_the_root_that_the_image_has_besides_another_device() -> None:
    moved = replace(NEW, root_device_name="/dev/sda1", volumes=(Volume("/dev/sda1", 8),))
    both = fleet(PRESENT, volumes=(TemplateVolume("/dev/xvda", 40), TemplateVolume("/dev/sda1", 40)))
    assert "root-device" not in rules(refuse(moved, both, NOW))
    data_only = fleet(PRESENT, volumes=(TemplateVolume("/dev/xvdf", 40),))
    assert refuse(moved, data_only, NOW) == []


def test_without_a_present_image_a_mapping_named_like_a_root_is_meant_for_the_root() -> None:
    moved = replace(NEW, root_device_name="/dev/sda1", volumes=(Volume("/dev/sda1", 8),))
    gone = replace(FLEET, present=None)
    assert rules(refuse(moved, gone, NOW)) == ["root-device"]
    assert refuse(NEW, gone, NOW) == []


def test_a_volume_is_measured_by_its_snapshot_and_without_one_by_the_images_word() -> None:
    assert refuse(replace(NEW, volumes=root(50, snapshot_size=40)), FLEET, NOW) == []
    assert rules(refuse(replace(NEW, volumes=root(41)), FLEET, NOW)) == ["volume-size"]
    own_snapshot = fleet(PRESENT, volumes=(TemplateVolume("/dev/xvda", 40, snapshot="snap-other"),))
    assert refuse(replace(NEW, volumes=root(41)), own_snapshot, NOW) == []
    unsized = fleet(PRESENT, volumes=(TemplateVolume("/dev/xvda"),))
    assert refuse(replace(NEW, volumes=root(41)), unsized, NOW) == []


@given(st.integers(1, 100), st.integers(1, 100), st.none() | st.integers(1, 100))
def test_no_volume_below_its_snapshot_is_ever_accepted_and_no_other_refused(
    template: int, size: int, snapshot: int | None
) -> None:
    facts = fleet(PRESENT, volumes=(TemplateVolume("/dev/xvda", template),))
    needed = size if snapshot is None else snapshot
    refused = "volume-size" in rules(refuse(replace(NEW, volumes=root(size, snapshot_size=snapshot)), facts, NOW))
    assert refused == (template < needed)


ENCRYPTED = replace(NEW, volumes=root(encrypted=True, kms_key=KEY))


def test_a_key_that_auto_scaling_may_not_use_refuses_the_image() -> None:
    (reason,) = refuse(ENCRYPTED, FLEET, NOW, {KEY: KeyUse(KEY, usable=False, why="no grant")})
    assert reason.rule == "encryption-key"
    assert KEY in reason.what
    assert "no grant" in reason.what
    assert "copy the image" in reason.remedy


@pytest.mark.parametrize("keys", [None, {KEY: KeyUse(KEY, why="this caller may not read the key")}])
def test_a_key_that_nobody_could_read_is_warned_of(keys: dict[str, KeyUse] | None) -> None:
    assert refuse(ENCRYPTED, FLEET, NOW, keys) == []
    (warning,) = warn(ENCRYPTED, FLEET, NOW, keys)
    assert warning.rule == "encryption-key"
    assert "not known" in warning.what


def test_a_key_that_may_be_used_or_that_the_present_image_has_too_is_no_news() -> None:
    assert warn(ENCRYPTED, FLEET, NOW, {KEY: KeyUse(KEY, usable=True, why="")}) == []
    same = fleet(replace(PRESENT, volumes=root(encrypted=True, kms_key=KEY)))
    assert warn(ENCRYPTED, same, NOW) == []
    assert rules(warn(replace(NEW, volumes=root(encrypted=True)), FLEET, NOW)) == ["encryption-key"]


WARNED: dict[str, tuple[Image, FleetFacts]] = {
    "allowed-images": (replace(NEW, allowed=False), FLEET),
    "product-codes": (replace(NEW, product_codes=("code",)), FLEET),
    "platform": (replace(NEW, platform="windows"), FLEET),
    "metadata": (replace(NEW, imds=""), fleet(PRESENT, http_tokens="")),
    "agent": (replace(NEW, name="golden-2026", description="recsys of many specs"), FLEET),
    "older": (image(10), FLEET),
    "instance-types": (NEW, fleet(PRESENT, type_names=("m6i.large", "m9z.large"))),
    "tpm": (replace(NEW, tpm="v2.0"), fleet(PRESENT, **types(replace(LARGE, tpm="unsupported")))),
    "encryption": (NEW, fleet(replace(PRESENT, volumes=root(encrypted=True)), volumes=())),
    "further-volume": (replace(NEW, volumes=(*root(), Volume("/dev/xvdf", 100))), FLEET),
}


@pytest.mark.parametrize("rule", WARNED)
def test_each_doubt_is_warned_of_and_does_not_refuse(rule: str) -> None:
    one, facts = WARNED[rule]
    assert rules(warn(one, facts, NOW)) == [rule]
    assert refuse(one, facts, NOW) == []


def test_an_image_that_requires_imdsv2_is_told_where_the_present_one_does_not() -> None:
    (warning,) = warn(NEW, fleet(replace(PRESENT, imds=""), http_tokens=""), NOW)
    assert "will require IMDSv2, with a hop limit of 2" in warning.what
    assert warn(NEW, fleet(replace(PRESENT, imds=""), http_tokens="optional"), NOW) == []


def test_the_agent_is_looked_for_in_name_and_description_and_only_where_a_cluster_is_joined() -> None:
    for name, description in (("golden", "with the ECS agent"), ("bottlerocket-aws-ecs-2-x86_64-v1.26.2", "")):
        assert warn(replace(NEW, name=name, description=description), FLEET, NOW) == []
    assert warn(replace(NEW, name="golden", description=""), fleet(PRESENT, cluster=""), NOW) == []


def test_a_fleet_without_types_is_warned_of() -> None:
    (warning,) = warn(NEW, fleet(PRESENT, types={}, type_names=()), NOW)
    assert "the instances of web would need" in warning.what


def found(one: Image) -> Found:
    return Found({one.image_id: one})


def test_the_way_back_is_open_to_an_image_that_is_there_even_deprecated() -> None:
    assert way_back(PRESENT.image_id, found(PRESENT)) == []
    assert way_back(PRESENT.image_id, found(replace(PRESENT, deprecated_at=NOW))) == []


@pytest.mark.parametrize("why", list(Why))
def test_there_is_no_way_back_to_an_image_that_cannot_be_had(why: Why) -> None:
    (reason,) = way_back(PRESENT.image_id, Found({}, {PRESENT.image_id: Missing(PRESENT.image_id, why)}))
    assert reason.rule == "way-back"
    assert PRESENT.image_id in reason.what
    assert reason.remedy


def test_there_is_no_way_back_to_a_disabled_image_to_a_lost_key_or_to_nothing() -> None:
    assert rules(way_back(PRESENT.image_id, found(replace(PRESENT, state="disabled")))) == ["state"]
    locked = replace(PRESENT, volumes=root(encrypted=True, kms_key=KEY))
    lost = {KEY: KeyUse(KEY, usable=False, why="the key is PendingDeletion")}
    assert rules(way_back(PRESENT.image_id, found(locked), lost)) == ["encryption-key"]
    assert way_back(PRESENT.image_id, found(locked)) == []
    assert rules(way_back("", Found())) == ["way-back"]


def test_a_reason_comes_back_from_json() -> None:
    (reason,) = refuse(PRESENT, FLEET, NOW)
    assert Reason.from_dict(reason.to_dict()) == reason
