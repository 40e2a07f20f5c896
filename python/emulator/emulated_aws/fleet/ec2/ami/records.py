"""The records of AMIs: which there are in a region, in which state each is, and who sees and may launch it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-lifecycle.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharing-amis.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (AuthFailure, InvalidAMIID)

A record is what DescribeImages shows plus members of ours: `_available_at` (seconds since 1970), `_deregistered`, and
for ECS's public images `_channel`. It lies in the scope of its owner.
"""

import re
import secrets
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import ec2

from emulated_aws.fleet import clock
from emulated_aws.fleet.ec2 import images
from emulated_aws.fleet.protocol import timestamp
from emulated_aws.fleet.refusals import Refused

Record = dict[str, Any]

store: Any = AccountRegionScopedDict()
"""AMI id -> record."""

_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")


def new_id(prefix: str) -> str:
    """Return an id that nothing has yet."""
    return f"{prefix}-{secrets.token_hex(9)[:17]}"


def now() -> str:
    """Return the time as images write it."""
    return str(timestamp(clock.now()))


def here() -> Iterator[Record]:
    """Yield every AMI of the present region, whoever owns it, the deregistered ones too."""
    region = get_region()
    if store.get_scoped(images.OWNER, region, images.IMAGES[0].image_id) is None:
        _seed(region)
    for (_account, place, _image_id), record in store.all_items():
        if place == region:
            yield record


def _seed(region: str) -> None:
    for record in [
        *(images.record(image) for image in images.IMAGES),
        *(images.foreign_record(row) for row in ec2._STUB_AMIS),
    ]:
        store.set_scoped(record["OwnerId"], region, record["ImageId"], record)


def add(record: Record) -> None:
    """Keep a new image of the present region in its owner's account."""
    store.set_scoped(record["OwnerId"], get_region(), record["ImageId"], record)


def state(record: Record) -> str:
    """Return pending, available or deregistered."""
    if record.get("_deregistered"):
        return "deregistered"
    return "pending" if clock.now() < record.get("_available_at", 0) else "available"


def is_public(record: Record) -> bool:
    """Whether every account may launch it."""
    return {"Group": "all"} in record["LaunchPermissions"]


def may_launch(record: Record) -> bool:
    """Whether the present account may see and launch an image: its own, a public one, one that is shared with it."""
    own = get_account_id()
    return record["OwnerId"] == own or is_public(record) or {"UserId": own} in record["LaunchPermissions"]


def is_deprecated(record: Record) -> bool:
    """Whether the image's deprecation time has come; times are ISO 8601 in UTC, so that texts compare as times do."""
    at = record.get("DeprecationTime", "")
    return bool(at) and at <= now()


def visible() -> list[Record]:
    """Return the images that the present account sees."""
    return [record for record in here() if state(record) != "deregistered" and may_launch(record)]


def check_id(image_id: str) -> None:
    """Refuse what is no AMI id."""
    if not _ID.fullmatch(image_id):
        raise Refused("InvalidAMIID.Malformed", f'Invalid id: "{image_id}"')


def unknown(image_id: str) -> Refused:
    """Return the refusal of an AMI that does not exist."""
    return Refused("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")


def unauthorized(image_id: str) -> Refused:
    """Return the refusal of an AMI that another account keeps to itself."""
    return Refused("AuthFailure", f"Not authorized for images: [{image_id}]")


def lookup(image_id: str) -> Record | None:
    """Return the image of the present region that has this id, whoever owns it; None when none has."""
    return next((one for one in here() if one["ImageId"] == image_id), None)


def find(image_id: str) -> Record:
    """Return an image that the present account may launch; raises `Refused` as RunInstances does."""
    check_id(image_id)
    record = lookup(image_id)
    if record is None:
        raise unknown(image_id)
    if not may_launch(record):
        raise unauthorized(image_id)
    if state(record) == "deregistered":
        raise Refused("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is no longer available")
    return record


def find_own(image_id: str) -> Record:
    """Return an image of the present account, for an operation that only its owner may do; raises `Refused`."""
    if not image_id:
        raise Refused("MissingParameter", "The request must contain the parameter ImageId")
    record = find(image_id)
    if record["OwnerId"] != get_account_id():
        raise Refused("AuthFailure", f"Not authorized for image:{image_id}")
    return record
