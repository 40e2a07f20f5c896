"""The AMIs that AWS has published before a sandbox begins: ECS's own, and what the emulator knows of other publishers.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-optimized_AMI.html (one root volume of 30 GiB)

The ids are this sandbox's own and the same in every region; the dates are those in the names. They have no deprecation
time, where AWS's have one of two years, so that a sandbox of any year finds them. `ami/publication.py` adds newer ones.
"""

import re
from dataclasses import dataclass
from typing import Any

AGENT_VERSION = "1.89.0"
OWNER = "591542846629"
ALIAS = "amazon"
NAMESPACE = "/aws/service/ecs/optimized-ami"
"""Where the public parameters that name them live."""
ROOT_GIB = 30
_OTHERS_ROOT_GIB = 8
_UNDATED = "2025-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Image:
    """A public AMI for ECS; `channel` is where its public parameter lives."""

    image_id: str
    name: str
    channel: str
    operating_system: str

    @property
    def made(self) -> str:
        """The day that stands in the name, as DescribeImages writes it."""
        return date_in(self.name)


AL2023 = "Amazon Linux 2023"
AL2 = "Amazon Linux 2"
CHANNELS = {"x86_64": "amazon-linux-2023", "arm64": "amazon-linux-2023/arm64"}
"""Architecture -> the channel that newer images are published in."""

IMAGES = (
    Image("ami-0ec52023090100001", "al2023-ami-ecs-hvm-2023.0.20250901-kernel-6.1-x86_64", CHANNELS["x86_64"], AL2023),
    Image("ami-0ec52023100100002", "al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-x86_64", CHANNELS["x86_64"], AL2023),
    Image("ami-0ec52023110100003", "al2023-ami-ecs-hvm-2023.0.20251101-kernel-6.1-x86_64", CHANNELS["x86_64"], AL2023),
    Image("ami-0ec5a023100100004", "al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-arm64", CHANNELS["arm64"], AL2023),
    Image("ami-0ec5a023110100005", "al2023-ami-ecs-hvm-2023.0.20251101-kernel-6.1-arm64", CHANNELS["arm64"], AL2023),
    Image("ami-0ec52002100100006", "amzn2-ami-ecs-hvm-2.0.20251001-x86_64-ebs", "amazon-linux-2", AL2),
    Image("ami-0ec52002110100007", "amzn2-ami-ecs-hvm-2.0.20251101-x86_64-ebs", "amazon-linux-2", AL2),
)
"""Oldest first in each channel; the last of a channel is the recommended one."""


def date_in(name: str) -> str:
    """Return the day that an image's name says, as DescribeImages writes it; a day of our own where it says none."""
    found = re.search(r"\.(\d{4})(\d\d)(\d\d)[.-]", name)
    return f"{'-'.join(found.groups())}T00:00:00.000Z" if found else _UNDATED


def record(image: Image, made: str = "") -> dict[str, Any]:
    """Return the record of a public image for ECS."""
    return {**public_record(image.image_id, image.name, image.operating_system, made), "_channel": image.channel}


def public_record(image_id: str, name: str, description: str, made: str = "") -> dict[str, Any]:
    """Return the record of a public image of Amazon's with one root volume."""
    suffix = image_id.removeprefix("ami-")
    return {
        "ImageId": image_id,
        "Name": name,
        "Description": description,
        "Architecture": "arm64" if "arm64" in name else "x86_64",
        "VirtualizationType": "hvm",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "SnapshotId": f"snap-{suffix}",
                    "VolumeSize": ROOT_GIB,
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                    "Encrypted": False,
                },
            }
        ],
        "OwnerId": OWNER,
        "ImageOwnerAlias": ALIAS,
        "CreationDate": made or date_in(name),
        "Platform": "",
        "LaunchPermissions": [{"Group": "all"}],
    }


def foreign_record(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return the record of a public image that the emulator itself knows of."""
    image_id, name, description, platform, device, owner, alias = row
    found = public_record(image_id, name, description)
    found["BlockDeviceMappings"][0]["DeviceName"] = device
    found["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] = ROOT_GIB if platform else _OTHERS_ROOT_GIB
    return {**found, "OwnerId": owner, "ImageOwnerAlias": alias or "", "Platform": platform, "RootDeviceName": device}
