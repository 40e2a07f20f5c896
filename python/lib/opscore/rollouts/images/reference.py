"""What an operator types for an image: an id, a parameter that names one, or `latest`."""

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from opscore.errors import UsageProblem

ACCEPTED = (
    "An image is ami-… (8 or 17 hexadecimal digits), or ssm:/PATH or /aws/service/…, both also with :VERSION or "
    ":LABEL, or latest, or latest:name=PATTERN,owner=ACCOUNT|amazon|self."
)
SELF, AMAZON = "self", "amazon"

_IMAGE_ID = re.compile(r"ami-(?:[0-9a-f]{8}|[0-9a-f]{17})")
# A shared parameter has an ARN: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-shared-parameters.html
_PARAMETER = re.compile(
    r"(?P<name>(?:arn:[\w-]+:ssm:[\w-]+:\d{12}:parameter)?[\w./-]+)(?::(?P<selector>[^:]*))?", re.ASCII
)
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
_SELECTOR = re.compile(r"[1-9]\d*|(?!\d|aws|ssm)[\w.-]{1,100}", re.ASCII | re.IGNORECASE)
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html, with EC2's wildcards
_NAME_PATTERN = re.compile(r"[A-Za-z0-9()\[\] ./'@_*?-]+")
_OWNER = re.compile(r"\d{12}|amazon|self")


@dataclass(frozen=True)
class ById:
    """One image, named by its id."""

    typed: str
    image_id: str


@dataclass(frozen=True)
class ByParameter:
    """The image that an SSM parameter names; `selector` is a version or a label of it, empty for the present value."""

    typed: str
    name: str
    selector: str = ""

    @property
    def selected(self) -> str:
        """The name as GetParameter takes it."""
        return f"{self.name}:{self.selector}" if self.selector else self.name


@dataclass(frozen=True)
class Latest:
    """The newest image by a filter; what is empty is taken from the image that the fleet launches now."""

    typed: str
    name: str = ""
    owner: str = ""


Reference: TypeAlias = ById | ByParameter | Latest


def read(text: str) -> Reference:
    """Return what `text` refers to; raises `UsageProblem` with what is accepted."""
    typed = text.strip()
    if typed == "latest" or typed.startswith("latest:"):
        return _latest(typed)
    if typed.startswith("ssm:"):
        return _parameter(typed, typed.removeprefix("ssm:"))
    if typed.startswith("/"):
        return _parameter(typed, typed)
    if not is_image_id(typed):
        raise _unreadable(f"{typed!r} is no image." if typed else "No image is named.")
    return ById(typed, typed)


def is_image_id(text: str) -> bool:
    """Say whether a text has the form of an AMI's id."""
    return bool(_IMAGE_ID.fullmatch(text))


def image_id_in(value: str) -> str:
    """Return the image that a parameter's value names; empty when it names none.

    The value is an id, or JSON with `image_id`, as the parameters that end with /recommended have it:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
    """
    bare = value.strip()
    if is_image_id(bare):
        return bare
    try:
        data = json.loads(bare)
    except (ValueError, RecursionError):
        return ""
    named = data.get("image_id") if isinstance(data, dict) else None
    return named if isinstance(named, str) and is_image_id(named) else ""


def _parameter(typed: str, text: str) -> ByParameter:
    found = _PARAMETER.fullmatch(text)
    if not found:
        raise _unreadable(f"{typed!r} names no parameter.")
    selector = found["selector"]
    if selector is not None and not _SELECTOR.fullmatch(selector):
        raise _unreadable(f"{selector!r} in {typed!r} is neither a version nor a label of a parameter.")
    return ByParameter(typed, found["name"], selector or "")


def _latest(typed: str) -> Latest:
    if typed == "latest":
        return Latest(typed)
    found: dict[str, str] = {}
    for part in typed.removeprefix("latest:").split(","):
        key, _, value = (word.strip() for word in part.partition("="))
        if key not in ("name", "owner") or not value:
            raise _unreadable(f"{part!r} in {typed!r} is neither name=PATTERN nor owner=OWNER.")
        if key in found:
            raise _unreadable(f"{typed!r} says {key} twice.")
        found[key] = value
    return Latest(typed, _name(typed, found.get("name", "")), _owner(typed, found.get("owner", "")))


def _name(typed: str, pattern: str) -> str:
    if pattern and not _NAME_PATTERN.fullmatch(pattern):
        raise _unreadable(f"{pattern!r} in {typed!r} has characters that no image's name has.")
    if pattern and not pattern.strip("*?"):
        raise _unreadable(f"{pattern!r} in {typed!r} fits images of every kind: say how their names begin.")
    return pattern


def _owner(typed: str, owner: str) -> str:
    if owner and not _OWNER.fullmatch(owner):
        raise _unreadable(f"{owner!r} in {typed!r} is no owner: it is an account's 12 digits, amazon or self.")
    return owner


def _unreadable(what: str) -> UsageProblem:
    return UsageProblem(what, hint=ACCEPTED)
