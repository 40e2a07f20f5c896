"""What must be known of a fleet to say whether it can run an image: what it launches, with which volumes, for whom."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opscore.rollouts.images.image import Image
from opscore.rollouts.images.instance_type import InstanceType


@dataclass(frozen=True)
class Running:
    """An image that instances of a fleet run: how many, since when the oldest of them, and its facts if it is there.

    An image is never younger than an instance of it, so that even one that is gone has a latest possible date.
    """

    image_id: str
    count: int
    launched: dt.datetime | None = None
    image: Image | None = None

    @property
    def created_before(self) -> dt.datetime | None:
        """When the image was made, or a time before which it was; None when neither is known."""
        return self.image.created if self.image and self.image.created else self.launched


@dataclass(frozen=True)
class TemplateVolume:
    """A volume that the launch template sets; what it leaves to the image is None or empty. The size is in GiB."""

    device: str
    size: int | None = None
    encrypted: bool | None = None
    kms_key: str = ""
    snapshot: str = ""

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "TemplateVolume":
        """Read an entry of a launch template's BlockDeviceMappings that has an EBS volume."""
        ebs = found["Ebs"]
        return cls(
            device=found.get("DeviceName", ""),
            size=ebs.get("VolumeSize"),
            encrypted=ebs.get("Encrypted"),
            kms_key=ebs.get("KmsKeyId", ""),
            snapshot=ebs.get("SnapshotId", ""),
        )


def template_volumes(data: Mapping[str, Any]) -> tuple[TemplateVolume, ...]:
    """Return the volumes of a launch template's data, as DescribeLaunchTemplateVersions gives it."""
    return tuple(TemplateVolume.parse(entry) for entry in data.get("BlockDeviceMappings", ()) if "Ebs" in entry)


@dataclass(frozen=True)
class FleetFacts:
    """A fleet as an image meets it. `account` is the one that launches, `present` the image that it launches now.

    `type_names` are those of the launch template and of every override; `types` are those of them that the region has.
    `http_tokens` is the launch template's own word, empty when it leaves the metadata service to the image.
    `service_role` is the ARN of the role that Auto Scaling launches with, as DescribeAutoScalingGroups gives it.
    `allowed_owners` are accounts, or aliases such as aws-marketplace, whose images may run beside Amazon's and its own.
    """

    fleet: str
    account: str
    present_id: str = ""
    present: Image | None = None
    running: tuple[Running, ...] = ()
    type_names: tuple[str, ...] = ()
    types: Mapping[str, InstanceType] = field(default_factory=dict)
    volumes: tuple[TemplateVolume, ...] = ()
    http_tokens: str = ""
    cluster: str = ""
    service_role: str = ""
    allowed_owners: frozenset[str] = frozenset()

    @property
    def instances(self) -> int:
        """How many instances there are."""
        return sum(run.count for run in self.running)

    @property
    def architecture(self) -> str:
        """The architecture that the fleet runs: its image's, or the one that its types share; empty when not known."""
        if self.present:
            return self.present.architecture
        kinds = [{*kind.architectures} - {"i386"} for kind in self.types.values() if kind.architectures]
        shared = set.intersection(*kinds) if kinds else set()
        return shared.pop() if len(shared) == 1 else ""

    def volume(self, device: str) -> TemplateVolume | None:
        """Return what the template sets at a device name; None when it leaves that device to the image."""
        return next((volume for volume in self.volumes if volume.device == device), None)


def running(instances: Sequence[Mapping[str, Any]], images: Mapping[str, Image]) -> tuple[Running, ...]:
    """Return what instances, as DescribeInstances gives them, run: the most frequent image first."""
    by_image: dict[str, list[dt.datetime | None]] = {}
    for entry in instances:
        by_image.setdefault(entry.get("ImageId", ""), []).append(entry.get("LaunchTime"))
    found = [
        Running(image_id, len(times), min((time for time in times if time), default=None), images.get(image_id))
        for image_id, times in by_image.items()
        if image_id
    ]
    return tuple(sorted(found, key=lambda run: (-run.count, run.image_id)))
