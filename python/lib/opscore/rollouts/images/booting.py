"""Whether the instance types of a fleet can boot an image."""

import fnmatch
from collections.abc import Callable, Iterable, Iterator

from opscore.rollouts.images.fleet_facts import FleetFacts
from opscore.rollouts.images.image import Image
from opscore.rollouts.images.instance_type import InstanceType
from opscore.rollouts.images.reason import Reason

UEFI, LEGACY, PREFERRED = "uefi", "legacy-bios", "uefi-preferred"
_TYPES_FIRST = "Choose another image, or change the fleet's instance types first."


def refusals(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    """Yield what keeps instances of the fleet's types from launching or booting with the image."""
    yield from _unfit(
        "architecture",
        facts,
        lambda kind: _differs(image.architecture, kind.architectures),
        f"{image} is made for {image.architecture}, which {{}} cannot run.",
    )
    yield from _unfit(
        "virtualization",
        facts,
        lambda kind: _differs(image.virtualization, kind.virtualizations),
        f"{image} is virtualized as {image.virtualization}, which {{}} cannot run.",
    )
    yield from _unfit(
        "root-device-type",
        facts,
        lambda kind: _differs(image.root_device_type, kind.root_devices),
        f"{image} has its root on {image.root_device_type}, which {{}} cannot start from.",
    )
    yield from _unfit(
        "boot-mode",
        facts,
        lambda kind: _differs(image.boot_mode.removesuffix("-preferred"), _boot_modes(image, kind)),
        f"{image} boots as {image.boot_mode}, which {{}} cannot.",
    )
    if _lacks_ena(image, facts):
        yield from _unfit(
            "ena",
            facts,
            lambda kind: kind.ena == "required",
            f"{image} does not support enhanced networking (ENA), without which {{}} cannot be launched.",
        )
    yield from _unfit(
        "instance-types",
        facts,
        lambda kind: not _is_supported(image, kind.name),
        f"The owner of {image} excludes {{}}.",
    )


def warnings(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    """Yield what is not known of the fleet's types, and what they may lack."""
    unknown = [name for name in facts.type_names if name not in facts.types]
    if unknown or not facts.type_names:
        named = _named(unknown) if unknown else f"the instances of {facts.fleet}"
        what = f"What {named} would need of an image is not known."
        yield Reason("instance-types", what, "The canary will be the first proof.")
    yield from _unfit(
        "tpm",
        facts,
        lambda kind: bool(image.tpm) and kind.tpm == "unsupported",
        f"{image} is made for a NitroTPM, which {{}} does not have.",
    )


def _unfit(
    rule: str, facts: FleetFacts, is_unfit: Callable[[InstanceType], bool], sentence: str, remedy: str = _TYPES_FIRST
) -> Iterator[Reason]:
    names = sorted(kind.name for kind in facts.types.values() if is_unfit(kind))
    if names:
        yield Reason(rule, sentence.format(_named(names)), remedy)


def _named(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _differs(value: str, accepted: Iterable[str]) -> bool:
    """Say whether a value is none of the accepted ones. Where either side is silent nothing differs."""
    known = tuple(accepted)
    return bool(value) and bool(known) and value not in known


def _boot_modes(image: Image, kind: InstanceType) -> tuple[str, ...]:
    """Return the boot modes of a type that suit an image; one that prefers UEFI also boots without.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-boot.html
    """
    return () if image.boot_mode == PREFERRED else kind.boot_modes


def _lacks_ena(image: Image, facts: FleetFacts) -> bool:
    """Say whether an image is not marked for ENA, and the image that the fleet launches now is.

    EC2 leaves the mark out where it is not set.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/enhanced-networking-ena.html
    """
    goes_without = facts.present is not None and not facts.present.ena
    return image.ena is False or (not image.ena and not goes_without)


def _is_supported(image: Image, name: str) -> bool:
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in image.unsupported_types):
        return False
    return not image.supported_types or any(fnmatch.fnmatchcase(name, pattern) for pattern in image.supported_types)
