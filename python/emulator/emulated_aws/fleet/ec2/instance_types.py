"""Instance types: what one has, and what an instance of it offers to the container agent.

https://aws.amazon.com/ec2/instance-types/ and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html (a `g` after the generation is Graviton)
https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html (network interfaces and addresses)

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
BURSTABLE_INTERFACES = {"nano": (2, 2), "micro": (2, 2), "small": (3, 4), "medium": (3, 6), "large": (3, 12)}
INTERFACES = {1: (2, 4), 2: (3, 10), 4: (4, 15), 8: (4, 15), 48: (8, 30)}
LARGEST_INTERFACES = (15, 50)
"""vCPUs up to which a type has so many network interfaces and addresses on each; more vCPUs have the largest."""
KERNEL_SHARE = 0.05
CPU_UNITS_PER_VCPU = 1024

FAMILIES = ("c5", "c6g", "c6i", "c7g", "c7i", "m5", "m6g", "m6i", "m7g", "m7i", "r5", "r6g", "r6i", "r7g", "r7i")
SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
BURSTABLE_FAMILIES = ("t2", "t3", "t3a", "t4g")


@dataclass(frozen=True)
class InstanceType:
    """An instance type; memory in MiB."""

    name: str
    vcpus: int
    memory: int

    @property
    def family(self) -> str:
        """What stands before the size."""
        return self.name.partition(".")[0]

    @property
    def architecture(self) -> str:
        """The architecture of the images that it boots."""
        return "arm64" if "g" in self.family.lstrip("cmrt") else "x86_64"

    @property
    def architectures(self) -> tuple[str, ...]:
        """All that DescribeInstanceTypes says it supports."""
        return ("i386", "x86_64") if self.family == "t2" else (self.architecture,)

    @property
    def burstable(self) -> bool:
        """Whether it earns CPU credits."""
        return self.family.startswith("t")

    @property
    def hypervisor(self) -> str:
        """Nitro, or Xen for what came before."""
        return "xen" if self.family in ("t2", "m4", "c4", "r4") else "nitro"

    @property
    def interfaces(self) -> tuple[int, int]:
        """How many network interfaces it has, and how many IPv4 addresses each."""
        size = self.name.partition(".")[2]
        if self.burstable and size in BURSTABLE_INTERFACES:
            return BURSTABLE_INTERFACES[size]
        return next((found for most, found in INTERFACES.items() if self.vcpus <= most), LARGEST_INTERFACES)


@dataclass(frozen=True)
class Capacity:
    """CPU units and MiB that an instance registers with its cluster."""

    cpu: int
    memory: int


def find(name: str) -> InstanceType | None:
    """Return an instance type; None for one that is not modelled."""
    family, _, size = name.partition(".")
    if re.fullmatch(r"t[234][ag]?", family):
        vcpus, memory = BURSTABLE.get(size, (0, 0))
    elif re.fullmatch(r"[cmr][4-9][a-z]*", family):
        vcpus = _vcpus(size)
        memory = vcpus * GIB_PER_VCPU[family[0]] * 1024
    else:
        return None
    return InstanceType(name, vcpus, memory) if vcpus else None


def capacity(name: str) -> Capacity | None:
    """Return what an instance of this type registers; None for a type that is not modelled."""
    found = find(name)
    if found is None:
        return None
    return Capacity(found.vcpus * CPU_UNITS_PER_VCPU, int(found.memory * (1 - KERNEL_SHARE)))


def catalogue() -> list[InstanceType]:
    """Return the types that are listed when nobody asks for one by name, by name."""
    names = [f"{family}.{size}" for family in FAMILIES for size in SIZES]
    names += [f"{family}.{size}" for family in BURSTABLE_FAMILIES for size in BURSTABLE]
    return sorted((found for name in names if (found := find(name))), key=lambda one: one.name)


def _vcpus(size: str) -> int:
    if size == "medium":
        return 1
    if size == "large":
        return 2
    times = re.fullmatch(r"(\d*)xlarge", size)
    return 4 * int(times[1] or 1) if times else 0
