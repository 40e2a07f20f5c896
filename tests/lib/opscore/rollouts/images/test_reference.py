"""What an operator may type, and what is said to the rest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.errors import UsageProblem
from opscore.rollouts.images.reference import ACCEPTED, ById, ByParameter, Latest, Reference, image_id_in, read

RECOMMENDED = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"
SHARED = "arn:aws:ssm:eu-west-1:444455556666:parameter/images/web"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ami-12345678", ById("ami-12345678", "ami-12345678")),
        (" ami-0123456789abcdef0 ", ById("ami-0123456789abcdef0", "ami-0123456789abcdef0")),
        (RECOMMENDED, ByParameter(RECOMMENDED, RECOMMENDED)),
        (f"ssm:{RECOMMENDED}:3", ByParameter(f"ssm:{RECOMMENDED}:3", RECOMMENDED, "3")),
        ("ssm:/images/web:live", ByParameter("ssm:/images/web:live", "/images/web", "live")),
        ("ssm:golden", ByParameter("ssm:golden", "golden")),
        (f"ssm:{SHARED}:2", ByParameter(f"ssm:{SHARED}:2", SHARED, "2")),
        ("latest", Latest("latest")),
        ("latest:name=web-*", Latest("latest:name=web-*", "web-*")),
        ("latest:owner=self,name=web (x) [y]*", Latest("latest:owner=self,name=web (x) [y]*", "web (x) [y]*", "self")),
        ("latest:owner=111122223333", Latest("latest:owner=111122223333", owner="111122223333")),
    ],
)
def test_what_is_typed_is_understood(typed: str, meant: Reference) -> None:
    assert read(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ami-",
        "ami-123456789",
        "ami-1234567g",
        "AMI-12345678",
        "ami-1234567",
        "ssm:",
        "ssm:/a b",
        "ssm:/images/web:",
        "ssm:/images/web:0",
        "ssm:/images/web:1:2",
        "ssm:/images/web:aws-label",
        "/images/web:2nd",
        "latest:",
        "latest:name",
        "latest:name=",
        "latest:name=*",
        "latest:name=?*",
        "latest:name=a,name=b",
        "latest:tag=web",
        "latest:owner=me",
        "latest:owner=12",
        "latest:name=web;rm",
        "latest-web",
        "newest",
        "resolve:ssm:/images/web",
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can(typed: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        read(typed)
    assert refused.value.hint == ACCEPTED
    assert refused.value.message.endswith(".")


@given(st.text(max_size=30) | st.text("amilatestssm:/=,*owner-0123456789", max_size=30))
def test_no_text_ends_in_anything_but_a_reference_or_a_sentence(typed: str) -> None:
    try:
        assert read(typed).typed == typed.strip()
    except UsageProblem as refused:
        assert refused.hint == ACCEPTED


def test_a_selector_is_handed_to_ssm_as_part_of_the_name() -> None:
    assert ByParameter("", "/images/web", "live").selected == "/images/web:live"
    assert ByParameter("", "/images/web").selected == "/images/web"


@pytest.mark.parametrize(
    ("value", "image_id"),
    [
        ("ami-12345678", "ami-12345678"),
        (" ami-12345678\n", "ami-12345678"),
        (json.dumps({"image_id": "ami-0123456789abcdef0", "schema_version": 1}), "ami-0123456789abcdef0"),
        (json.dumps({"image_id": "none"}), ""),
        (json.dumps({"image_id": ["ami-12345678"]}), ""),
        (json.dumps(["ami-12345678"]), ""),
        ("ami-12345678,ami-12345679", ""),
        ("[" * 100_000, ""),
        ("", ""),
    ],
)
def test_a_parameters_value_is_an_id_or_json_with_one(value: str, image_id: str) -> None:
    assert image_id_in(value) == image_id
