"""What an instance type needs of an image.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTypeInfo.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class InstanceType:
    """An instance type; empty where DescribeInstanceTypes is silent. `ena` is unsupported, supported or required."""

    name: str
    architectures: tuple[str, ...] = ()
    virtualizations: tuple[str, ...] = ()
    root_devices: tuple[str, ...] = ()
    boot_modes: tuple[str, ...] = ()
    ena: str = ""
    tpm: str = ""

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "InstanceType":
        """Read an entry of DescribeInstanceTypes."""
        return cls(
            name=found["InstanceType"],
            architectures=tuple(found.get("ProcessorInfo", {}).get("SupportedArchitectures", ())),
            virtualizations=tuple(found.get("SupportedVirtualizationTypes", ())),
            root_devices=tuple(found.get("SupportedRootDeviceTypes", ())),
            boot_modes=tuple(found.get("SupportedBootModes", ())),
            ena=found.get("NetworkInfo", {}).get("EnaSupport", ""),
            tpm=found.get("NitroTpmSupport", ""),
        )
