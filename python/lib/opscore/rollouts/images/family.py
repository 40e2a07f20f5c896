"""Images of one family: of one owner and one architecture, with names that differ in their date or version alone.

EC2's filters know `*` and `?` only, so a pattern such as al2023-ami-*-x86_64 also finds al2023-ami-ecs-hvm-…-x86_64,
which is another thing. What the pattern finds is therefore compared again, by the form of its own name.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
"""

import fnmatch
import re
from dataclasses import dataclass

from opscore.rollouts.images.image import Image

_DAY = r"20\d\d([-._]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[-._ ]?T?(?:[01]\d|2[0-3])([-._]?)[0-5]\d(?:\2[0-5]\d)?Z?)?"
_EPOCH = r"1[4-9]\d{8}(?:\d{3})?"
_BUILD = r"(?:[-.]\d+(?![A-Za-z0-9_]))*"
_COMMIT = r"(?:-(?=[a-f]*\d)[0-9a-f]{7,40})?"
_BEGIN, _END = r"(?<![A-Za-z0-9.])v?", r"(?![A-Za-z0-9])"

_DATED = re.compile(rf"{_BEGIN}(?:\d+\.)*(?:{_DAY}{_CLOCK}|{_EPOCH}){_BUILD}{_COMMIT}{_END}")
_VERSION = re.compile(rf"{_BEGIN}\d+(?:\.\d+)+{_BUILD}{_COMMIT}{_END}")
_MARKED = re.compile(rf"(?<![A-Za-z0-9.])v\d+{_BUILD}{_COMMIT}{_END}")
_COUNTED = re.compile(r"(?<=[-_. /])\d+$")


@dataclass(frozen=True)
class Family:
    """What the images of a family have in common. `pattern` is a name in which `*` stands for date or version."""

    owner_id: str
    architecture: str
    pattern: str

    @property
    def is_open(self) -> bool:
        """Whether the pattern leaves room for a newer image: an owner has no two images of one name."""
        return "*" in self.pattern

    def holds(self, image: Image) -> bool:
        """Say whether an image belongs to the family."""
        return of(image) == self


def of(image: Image) -> Family:
    """Return the family of an image."""
    return Family(image.owner_id, image.architecture, form(image.name))


def form(name: str) -> str:
    """Return a name with `*` for what changes from one image to the next.

    That is every date, with the version numbers around it; in a name without a date the last version, or else a number
    at its end. Other numbers, such as a kernel's in a dated name, are part of the family.
    """
    if _DATED.search(name):
        return _DATED.sub("*", name)
    for kind in (_VERSION, _MARKED, _COUNTED):
        if found := list(kind.finditer(name)):
            start, end = found[-1].span()
            return f"{name[:start]}*{name[end:]}"
    return name


def fits(name: str, pattern: str) -> bool:
    """Say whether a name fits a pattern as EC2 reads it: case counts, and brackets are no wildcards."""
    return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))
