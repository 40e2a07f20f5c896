"""An AMI as facts: what DescribeImages says of it, what its snapshots say, and how it was found.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

AVAILABLE = "available"


@dataclass(frozen=True)
class Source:
    """How a chosen image was found. `kind` is `id`, `parameter` or `latest`; `typed` is the operator's own text.

    It is empty for images that nobody chose, such as what a fleet runs. A parameter is read once: its name, version and
    what it named are kept here. `pattern`, `owner` and `architecture` are what `latest` searched for.
    """

    kind: str = ""
    typed: str = ""
    parameter: str = ""
    version: int = 0
    image_id: str = ""
    pattern: str = ""
    owner: str = ""
    architecture: str = ""

    def __str__(self) -> str:
        if self.kind == "parameter":
            return f"version {self.version} of the parameter {self.parameter}"
        if self.kind == "latest":
            return f"the newest {self.architecture} image of {self.owner} named {self.pattern}"
        return "named by its id" if self.kind == "id" else ""


@dataclass(frozen=True)
class Volume:
    """One EBS volume that an image brings: its size and that of its snapshot in GiB, None where nobody says it.

    `kms_key` is the ARN of the key that encrypts the snapshot. DescribeImages has neither key nor snapshot size; both
    are known when the account sees the snapshot, which is not so for most of Amazon's images.
    """

    device: str
    size: int | None = None
    encrypted: bool = False
    snapshot: str = ""
    snapshot_size: int | None = None
    kms_key: str = ""

    @property
    def smallest(self) -> int | None:
        """The smallest size in GiB that EC2 makes this volume with: the snapshot's, or the image's own word."""
        return self.snapshot_size if self.snapshot_size is not None else self.size

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Volume":
        """Read an entry of BlockDeviceMappings that has an EBS volume."""
        ebs = found["Ebs"]
        return cls(
            device=found.get("DeviceName", ""),
            size=ebs.get("VolumeSize"),
            encrypted=bool(ebs.get("Encrypted")),
            snapshot=ebs.get("SnapshotId", ""),
            kms_key=ebs.get("KmsKeyId", ""),
        )


@dataclass(frozen=True)
class Image:
    """An AMI. Times are aware, `created` is None where nobody says it; flags are None where DescribeImages is silent.

    `supported_types` and `unsupported_types` are instance types or patterns such as t3.*, as the image's owner wrote.
    """

    image_id: str
    name: str = ""
    description: str = ""
    created: dt.datetime | None = None
    owner_id: str = ""
    owner_alias: str = ""
    architecture: str = ""
    virtualization: str = ""
    platform: str = ""
    root_device_type: str = ""
    root_device_name: str = ""
    volumes: tuple[Volume, ...] = ()
    deprecated_at: dt.datetime | None = None
    state: str = ""
    state_reason: str = ""
    public: bool = False
    allowed: bool | None = None
    ena: bool | None = None
    boot_mode: str = ""
    imds: str = ""
    tpm: str = ""
    product_codes: tuple[str, ...] = ()
    supported_types: tuple[str, ...] = ()
    unsupported_types: tuple[str, ...] = ()
    source: Source = Source()

    @property
    def owner(self) -> str:
        """The owner as people know it: Amazon's alias, or the account's number."""
        return self.owner_alias or self.owner_id

    def __str__(self) -> str:
        return f"{self.image_id} ({self.name})" if self.name else self.image_id

    @property
    def kms_keys(self) -> frozenset[str]:
        """The keys that encrypt its snapshots, as far as they are shown."""
        return frozenset(volume.kms_key for volume in self.volumes if volume.kms_key)

    def volume(self, device: str) -> Volume | None:
        """Return the volume at a device name; None when the image has none there."""
        return next((volume for volume in self.volumes if volume.device == device), None)

    def is_deprecated(self, now: dt.datetime) -> bool:
        """Say whether the time that its owner set for its deprecation has come.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
        """
        return self.deprecated_at is not None and self.deprecated_at <= now

    def age_days(self, now: dt.datetime) -> int | None:
        """Return its age in whole days; None when its date is not known."""
        return (now - self.created).days if self.created else None

    def found_by(self, source: Source) -> "Image":
        """Return the image with how it was found."""
        return replace(self, source=replace(source, image_id=self.image_id))

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Image":
        """Read an entry of DescribeImages."""
        types = found.get("InstanceTypeSpecification", {})
        volumes = [Volume.parse(entry) for entry in found.get("BlockDeviceMappings", ()) if "Ebs" in entry]
        return cls(
            image_id=found["ImageId"],
            name=found.get("Name", ""),
            description=found.get("Description", ""),
            created=_time(found.get("CreationDate")),
            owner_id=found.get("OwnerId", ""),
            owner_alias=found.get("ImageOwnerAlias", ""),
            architecture=found.get("Architecture", ""),
            virtualization=found.get("VirtualizationType", ""),
            platform=found.get("Platform", "").lower(),
            root_device_type=found.get("RootDeviceType", ""),
            root_device_name=found.get("RootDeviceName", ""),
            volumes=tuple(sorted(volumes, key=lambda volume: volume.device)),
            deprecated_at=_time(found.get("DeprecationTime")),
            state=found.get("State", ""),
            state_reason=found.get("StateReason", {}).get("Message", ""),
            public=bool(found.get("Public")),
            allowed=found.get("ImageAllowed"),
            ena=found.get("EnaSupport"),
            boot_mode=found.get("BootMode", ""),
            imds=found.get("ImdsSupport", ""),
            tpm=found.get("TpmSupport", ""),
            product_codes=_texts(code["ProductCodeId"] for code in found.get("ProductCodes", ())),
            supported_types=_texts(types.get("SupportedInstanceTypes", ())),
            unsupported_types=_texts(types.get("UnsupportedInstanceTypes", ())),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the image as JSON takes it: times as text, what is as usual or not known left out."""
        plain = _unusual(self)
        plain |= {name: plain[name].isoformat() for name in ("created", "deprecated_at") if name in plain}
        plain |= {name: list(value) for name, value in plain.items() if isinstance(value, tuple)}
        plain |= {"volumes": [_unusual(volume) for volume in self.volumes], "source": _unusual(self.source)}
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Image":
        """Read what `to_dict` gave; names that this version does not know are left alone."""
        values: dict[str, Any] = _known(cls, data)
        for name in ("created", "deprecated_at"):
            values[name] = _time(values.get(name))
        volumes = values.pop("volumes", ())
        values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        values["volumes"] = tuple(Volume(**_known(Volume, entry)) for entry in volumes)
        values["source"] = Source(**_known(Source, values.get("source", {})))
        return cls(**values)


def _time(text: str | dt.datetime | None) -> dt.datetime | None:
    """Read a time; EC2 writes UTC with a Z, and what has no zone is UTC."""
    if not text:
        return None
    time = text if isinstance(text, dt.datetime) else dt.datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(sorted(str(value) for value in values))


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def _unusual(one: "Image | Volume | Source") -> dict[str, Any]:
    values = {field.name: (getattr(one, field.name), field.default) for field in fields(one)}
    return {name: value for name, (value, usual) in values.items() if value != usual}


def newest(images: Sequence[Image]) -> Image | None:
    """Return the youngest of the images whose date is known; of two that are equally old, always the same one."""
    dated = [(image.created, image.image_id, image) for image in images if image.created]
    return max(dated, key=lambda entry: entry[:2])[2] if dated else None
