"""Reads of images, the parameters that name them, their snapshots and instance types, in as few calls as AWS allows.

Errors of AWS are passed on, except where a sentence helps more: a parameter that is not there or names no image.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opscore import aws_faults
from opscore.batches import batches
from opscore.errors import NotFound, OpsError
from opscore.rollouts.images.image import Image, Source, Volume
from opscore.rollouts.images.instance_type import InstanceType
from opscore.rollouts.images.missing import Missing, Why
from opscore.rollouts.images.reference import ByParameter, image_id_in

VALUES_PER_FILTER = 200
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html"""

TYPES_PER_CALL = 100
IMAGES_PER_PAGE = SNAPSHOTS_PER_PAGE = 1000


@dataclass(frozen=True)
class Parameter:
    """A parameter as it was read once: which version, and the image that it names."""

    name: str
    version: int
    image_id: str


@dataclass(frozen=True)
class Found:
    """Images by id, and for the ids that gave none, why."""

    images: Mapping[str, Image] = field(default_factory=dict)
    missing: Mapping[str, Missing] = field(default_factory=dict)


class Catalogue:
    """Reads through an EC2 and an SSM client. `account` is the caller's own account number."""

    def __init__(self, ec2: Any, ssm: Any, account: str) -> None:
        self._ec2 = ec2
        self._ssm = ssm
        self.account = account

    def images(self, image_ids: Iterable[str]) -> Found:
        """Return images by id, deprecated and disabled ones too: one call for all that are there.

        What is there and available may also be launched: EC2 shows an account its own images, the public ones, and
        those that are shared with it. Each id that is missing costs one more call, because a filter does not say why.
        """
        wanted = sorted({image_id for image_id in image_ids if image_id})
        images: dict[str, Image] = {}
        for some in batches(wanted, VALUES_PER_FILTER):
            request = {"IncludeDeprecated": True, "IncludeDisabled": True, "Filters": [_filter("image-id", some)]}
            images |= {image.image_id: image for image in self._pages(request)}
        missing = {image_id: self._missing(image_id) for image_id in wanted if image_id not in images}
        return Found(images, missing)

    def search(self, owner: str, pattern: str, architecture: str) -> list[Image]:
        """Return what may be launched of an owner (an account, `amazon` or `self`) with a name that fits a pattern.

        Every page is read. The caller's own deprecated images are among them: EC2 never leaves those out.
        """
        filters = [
            _filter("name", [pattern]),
            _filter("architecture", [architecture]),
            _filter("state", ["available"]),
        ]
        return list(self._pages({"Owners": [owner], "IncludeDeprecated": False, "Filters": filters}))

    def parameter(self, reference: ByParameter) -> Parameter:
        """Read a parameter once.

        Raises `NotFound` when it or its version is not there, and `OpsError` when its value names no image.
        """
        absent = (self._ssm.exceptions.ParameterNotFound, self._ssm.exceptions.ParameterVersionNotFound)
        try:
            found = self._ssm.get_parameter(Name=reference.selected)["Parameter"]
        except absent as error:
            raise _no_parameter(reference, aws_faults.name(error)) from error
        image_id = image_id_in(found["Value"])
        if not image_id:
            raise _no_image(reference, found["Type"])
        return Parameter(reference.name, int(found["Version"]), image_id)

    def with_snapshots(self, images: Iterable[Image]) -> list[Image]:
        """Return the images with what their snapshots say: sizes and keys. One call for up to 200 snapshots.

        Snapshots that the account may not see, such as most of Amazon's, leave their volumes as they are.
        """
        known = list(images)
        wanted = sorted({volume.snapshot for image in known for volume in image.volumes if volume.snapshot})
        snapshots: dict[str, Mapping[str, Any]] = {}
        for some in batches(wanted, VALUES_PER_FILTER):
            request = {"Filters": [_filter("snapshot-id", some)], "MaxResults": SNAPSHOTS_PER_PAGE}
            for page in _paged(self._ec2.describe_snapshots, request):
                snapshots |= {entry["SnapshotId"]: entry for entry in page["Snapshots"]}
        return [
            replace(image, volumes=tuple(_with_snapshot(volume, snapshots) for volume in image.volumes))
            for image in known
        ]

    def instance_types(self, names: Iterable[str]) -> dict[str, InstanceType]:
        """Return instance types by name; those that the region does not have are missing."""
        wanted = sorted({name for name in names if name})
        try:
            return self._types(wanted)
        except self._ec2.exceptions.ClientError as error:
            unknown = _unknown_types(error, wanted)
            if not unknown:
                raise
            return self._types([name for name in wanted if name not in unknown])

    def _types(self, names: list[str]) -> dict[str, InstanceType]:
        found: list[InstanceType] = []
        for some in batches(names, TYPES_PER_CALL):
            answer = self._ec2.describe_instance_types(InstanceTypes=list(some))
            found += [InstanceType.parse(entry) for entry in answer["InstanceTypes"]]
        return {one.name: one for one in found}

    def _pages(self, request: Mapping[str, Any]) -> Iterator[Image]:
        for page in _paged(self._ec2.describe_images, {**request, "MaxResults": IMAGES_PER_PAGE}):
            yield from (Image.parse(entry) for entry in page["Images"])

    def _missing(self, image_id: str) -> Missing:
        """Ask for one image by its id, which is answered with an error that says why it cannot be had.

        A deregistered one that an instance still runs is answered with nothing instead:
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
        """
        try:
            self._ec2.describe_images(ImageIds=[image_id], IncludeDeprecated=True, IncludeDisabled=True)
        except self._ec2.exceptions.ClientError as error:
            if why := Why.of_error(aws_faults.code(error), aws_faults.message(error)):
                return Missing(image_id, why)
            raise
        return Missing(image_id, Why.DEREGISTERED)


def found_by_parameter(image: Image, reference: ByParameter, parameter: Parameter) -> Image:
    """Return an image with the parameter that named it."""
    return image.found_by(
        Source("parameter", typed=reference.typed, parameter=parameter.name, version=parameter.version)
    )


def _filter(name: str, values: Collection[str]) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def _paged(call: Any, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    token: dict[str, str] = {}
    while True:
        answer = call(**request, **token)
        yield answer
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _with_snapshot(volume: Volume, snapshots: Mapping[str, Mapping[str, Any]]) -> Volume:
    found = snapshots.get(volume.snapshot)
    if found is None:
        return volume
    return replace(
        volume,
        snapshot_size=found["VolumeSize"],
        encrypted=bool(found.get("Encrypted")),
        kms_key=found.get("KmsKeyId", volume.kms_key),
    )


def _unknown_types(error: Exception, wanted: Collection[str]) -> set[str]:
    """Return the types that EC2 says do not exist: one of them fails the whole call, and only the text names them."""
    if aws_faults.code(error) not in ("InvalidInstanceType", "InvalidParameterValue"):
        return set()
    return set(re.findall(r"[\w-]+\.[\w-]+", aws_faults.message(error))) & set(wanted)


def _no_parameter(reference: ByParameter, code: str) -> NotFound:
    if code == "ParameterVersionNotFound":
        what = f"The parameter {reference.name} has no version or label {reference.selector}."
        return NotFound(what, hint=f"`aws ssm get-parameter-history --name {reference.name}` lists what it has.")
    what = f"There is no parameter {reference.name} in this account and region."
    return NotFound(what, hint="Look at its spelling and at the region; a parameter of another account needs its ARN.")


def _no_image(reference: ByParameter, kind: str) -> OpsError:
    what = f"The value of the parameter {reference.selected} is neither an image's id nor JSON with image_id."
    if kind == "SecureString":
        return OpsError(what, hint="It is a SecureString: an image's id is no secret, make the parameter a String.")
    return OpsError(what, hint="Name a parameter whose value is ami-…, or JSON as …/recommended has it.")
