"""What an instance of a type offers to the container agent.

https://aws.amazon.com/ec2/instance-types/ and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html

Sizes follow AWS's naming: a family fixes the memory per vCPU, a size the vCPUs. The agent registers less memory than
the type has, because the kernel takes some; here that is a fixed share. Families that are not listed are refused.
"""

import re
from dataclasses import dataclass

GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
BURSTABLE = {
    "nano": (2, 512),
    "micro": (2, 1024),
    "small": (2, 2048),
    "medium": (2, 4096),
    "large": (2, 8192),
    "xlarge": (4, 16384),
    "2xlarge": (8, 32768),
}
KERNEL_SHARE = 0.05
CPU_UNITS_PER_VCPU = 1024


@dataclass(frozen=True)
class Capacity:
    """CPU units and MiB that an instance registers with its cluster."""

    cpu: int
    memory: int


def capacity(instance_type: str) -> Capacity | None:
    """Return what an instance of this type registers; None for a type that is not modelled."""
    family, _, size = instance_type.partition(".")
    if re.fullmatch(r"t[234][ag]?", family):
        vcpus, memory = BURSTABLE.get(size, (0, 0))
    elif re.fullmatch(r"[cmr][4-9][a-z]*", family):
        vcpus = _vcpus(size)
        memory = vcpus * GIB_PER_VCPU[family[0]] * 1024
    else:
        return None
    return Capacity(vcpus * CPU_UNITS_PER_VCPU, int(memory * (1 - KERNEL_SHARE))) if vcpus else None


def _vcpus(size: str) -> int:
    if size == "medium":
        return 1
    if size == "large":
        return 2
    times = re.fullmatch(r"(\d*)xlarge", size)
    return 4 * int(times[1] or 1) if times else 0
