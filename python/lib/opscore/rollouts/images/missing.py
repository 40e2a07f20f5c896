"""Why an image cannot be had: what EC2 says when it is asked for an id that it does not show.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """Why EC2 does not show an image."""

    UNKNOWN = "unknown"
    HIDDEN = "hidden"
    DEREGISTERED = "deregistered"

    @classmethod
    def of_error(cls, code: str, message: str) -> "Why | None":
        """Return what an error of DescribeImages says about the image; None when it is about something else.

        AuthFailure is also what EC2 says of credentials that are no good.
        """
        if code == "AuthFailure" and "images" not in message:
            return None
        return _CODES.get(code)


_CODES = {
    "InvalidAMIID.NotFound": Why.UNKNOWN,
    "InvalidAMIID.Unavailable": Why.DEREGISTERED,
    "AuthFailure": Why.HIDDEN,
}

_WHAT = {
    Why.UNKNOWN: "There is no image {} in this region, or not any more.",
    Why.HIDDEN: "The image {} belongs to another account, which does not share it with this one.",
    Why.DEREGISTERED: "The image {} was deregistered: no instance can be launched from it.",
}
_NEXT = {
    Why.UNKNOWN: "Look at the id and the region; `aws ec2 copy-image` brings an image from another region.",
    Why.HIDDEN: "Its owner shares it with `aws ec2 modify-image-attribute --launch-permission`.",
    Why.DEREGISTERED: "Name another image; a Recycle Bin rule may have kept it: `aws ec2 list-images-in-recycle-bin`.",
}


@dataclass(frozen=True)
class Missing:
    """An image that cannot be had, and why."""

    image_id: str
    why: Why

    def __str__(self) -> str:
        return _WHAT[self.why].format(self.image_id)

    @property
    def remedy(self) -> str:
        """What the operator can do."""
        return _NEXT[self.why]
