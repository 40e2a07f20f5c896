"""Which images are of one family, told from their names."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.rollouts.images import family
from tests.lib.opscore.rollouts.images.made_up import STRANGER, image


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-x86_64", "al2023-ami-ecs-hvm-*-kernel-6.1-x86_64"),
        ("al2023-ami-2023.5.20240701.0-kernel-6.1-x86_64", "al2023-ami-*-kernel-6.1-x86_64"),
        ("amzn2-ami-ecs-kernel-5.10-hvm-2.0.20240131-x86_64-ebs", "amzn2-ami-ecs-kernel-5.10-hvm-*-x86_64-ebs"),
        ("ubuntu/images/ubuntu-jammy-22.04-amd64-20240701.1", "ubuntu/images/ubuntu-jammy-22.04-amd64-*"),
        ("amazon-eks-node-1.29-v20240701", "amazon-eks-node-1.29-*"),
        ("debian-12-amd64-20240702-1796", "debian-12-amd64-*"),
        ("Windows_Server-2022-English-ECS_Optimized-2024.07.10", "Windows_Server-2022-English-ECS_Optimized-*"),
        ("bottlerocket-aws-ecs-2-x86_64-v1.26.2-360b7a38", "bottlerocket-aws-ecs-2-x86_64-*"),
        ("web-2025-11-01T10-22-33Z", "web-*"),
        ("web_20251101_120000", "web_*"),
        ("web-20251101-1a2b3c4", "web-*"),
        ("packer [x86_64] 1733040000", "packer [x86_64] *"),
        ("web-v1.2.3", "web-*"),
        ("web-v12", "web-*"),
        ("golden-42", "golden-*"),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_a_date_or_version_becomes_a_wildcard_and_the_rest_stays(name: str, form: str) -> None:
    assert family.form(name) == form
    assert family.fits(name, form)


@pytest.mark.parametrize(
    "other",
    [
        "al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-x86_64",
        "al2023-ami-minimal-2023.5.20240701.0-kernel-6.1-x86_64",
        "al2023-ami-2023.5.20240701.0-kernel-6.12-x86_64",
    ],
)
def test_a_name_that_merely_fits_the_pattern_is_of_another_family(other: str) -> None:
    plain = image(1, name="al2023-ami-2023.5.20240701.0-kernel-6.1-x86_64")
    assert family.of(plain).holds(image(2, name="al2023-ami-2023.6.20250101.1-kernel-6.1-x86_64"))
    assert not family.of(plain).holds(image(2, name=other))


def test_another_owner_and_another_architecture_are_other_families() -> None:
    own = family.of(image(1))
    assert own.holds(image(2))
    assert not own.holds(image(2, owner_id=STRANGER))
    assert not own.holds(image(2, architecture="arm64"))


def test_a_name_without_date_and_version_has_no_successor() -> None:
    assert not family.of(image(1, name="golden")).is_open
    assert family.of(image(1)).is_open


words = st.from_regex(r"[A-Za-z]{2,8}(-[A-Za-z]{2,8}){0,2}", fullmatch=True)
days = st.dates(min_value=dt.date(2014, 1, 1), max_value=dt.date(2059, 1, 1))


@given(words, words, days, days, st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%Y.%m.%d", "2023.0.%Y%m%d", "v%Y%m%d"]))
def test_two_days_of_one_name_are_one_family(head: str, tail: str, first: dt.date, second: dt.date, way: str) -> None:
    names = [f"{head}-{when.strftime(way)}-{tail}" for when in (first, second)]
    assert {family.form(name) for name in names} == {f"{head}-*-{tail}"}
