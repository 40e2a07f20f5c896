"""AMIs that an account sees without having made them, and the public parameters that name the newest ones.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html

The ids are this sandbox's own, the dates those in the names. RegisterImage makes more. An AMI that nobody knows is
refused at launch.
"""

import json
import re
from dataclasses import dataclass

from ministack.core.responses import get_region
from ministack.services import ec2, ssm

AGENT_VERSION = "1.89.0"
_OWNER = "591542846629"
_NAMESPACE = "/aws/service/ecs/optimized-ami"


@dataclass(frozen=True)
class Image:
    """A public AMI; `channel` is where its public parameter lives."""

    image_id: str
    name: str
    channel: str
    operating_system: str

    @property
    def made(self) -> str:
        """The day that stands in the name, as DescribeImages writes it."""
        found = re.search(r"\.(\d{4})(\d\d)(\d\d)-", self.name)
        return f"{'-'.join(found.groups())}T00:00:00.000Z" if found else ""


AL2023 = "Amazon Linux 2023"
AL2 = "Amazon Linux 2"

IMAGES = (
    Image("ami-0ec52023090100001", "al2023-ami-ecs-hvm-2023.0.20250901-kernel-6.1-x86_64", "amazon-linux-2023", AL2023),
    Image("ami-0ec52023100100002", "al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-x86_64", "amazon-linux-2023", AL2023),
    Image("ami-0ec52023110100003", "al2023-ami-ecs-hvm-2023.0.20251101-kernel-6.1-x86_64", "amazon-linux-2023", AL2023),
    Image(
        "ami-0ec5a023100100004",
        "al2023-ami-ecs-hvm-2023.0.20251001-kernel-6.1-arm64",
        "amazon-linux-2023/arm64",
        AL2023,
    ),
    Image(
        "ami-0ec5a023110100005",
        "al2023-ami-ecs-hvm-2023.0.20251101-kernel-6.1-arm64",
        "amazon-linux-2023/arm64",
        AL2023,
    ),
    Image("ami-0ec52002100100006", "amzn2-ami-ecs-hvm-2.0.20251001-x86_64-ebs", "amazon-linux-2", AL2),
    Image("ami-0ec52002110100007", "amzn2-ami-ecs-hvm-2.0.20251101-x86_64-ebs", "amazon-linux-2", AL2),
)
"""Oldest first in each channel; the last of a channel is the recommended one."""


def install() -> None:
    """Let DescribeImages list them."""
    known = {row[0] for row in ec2._STUB_AMIS}
    for image in IMAGES:
        if image.image_id not in known:
            row = (image.image_id, image.name, image.operating_system, "", "/dev/xvda", _OWNER, "amazon")
            ec2._STUB_AMIS.append(row)


def architecture(name: str) -> str:
    """Return the architecture that an AMI's name says."""
    return "arm64" if "arm64" in name else "x86_64"


def exists(image_id: str) -> bool:
    """Whether the account can launch from this AMI."""
    if any(row[0] == image_id for row in ec2._STUB_AMIS):
        return True
    return any(image.get("ImageId") == image_id for image in ec2._images.values())


def publish_parameters() -> None:
    """Write the public parameters of the present account and region, where they are not there yet."""
    newest = {image.channel: image for image in IMAGES}
    for channel, image in newest.items():
        value = {
            "ecs_agent_version": AGENT_VERSION,
            "ecs_runtime_version": "Docker version 25.0.8",
            "image_id": image.image_id,
            "image_name": image.name,
            "image_version": image.name.split("2023.0." if "2023" in channel else "2.0.")[1][:8],
            "os": image.operating_system,
            "schema_version": 1,
            "source_image_name": image.name.replace("-ecs-", "-"),
        }
        _write(f"{_NAMESPACE}/{channel}/recommended", json.dumps(value))
        _write(f"{_NAMESPACE}/{channel}/recommended/image_id", image.image_id)
    for image in IMAGES:
        _write(f"{_NAMESPACE}/{image.channel}/{image.name}/image_id", image.image_id)


def _write(name: str, value: str) -> None:
    if name in ssm._parameters:
        return
    ssm._parameters[name] = {
        "Name": name,
        "Value": value,
        "OriginalValue": value,
        "Type": "String",
        "KeyId": "",
        "Version": 1,
        "ARN": f"arn:aws:ssm:{get_region()}::parameter{name}",
        "LastModifiedDate": 1_762_000_000,
        "DataType": "text",
        "Description": "",
        "Tier": "Standard",
        "AllowedPattern": "",
        "Policies": [],
        "Labels": [],
    }
