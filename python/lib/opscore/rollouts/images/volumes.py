"""Whether the volumes that a launch template sets fit those that an image brings."""

from collections.abc import Iterator, Mapping

from opscore.rollouts.images.fleet_facts import FleetFacts, TemplateVolume
from opscore.rollouts.images.image import Image, Volume
from opscore.rollouts.images.keys import KeyUse
from opscore.rollouts.images.reason import Reason

Keys = Mapping[str, KeyUse]

USUAL_ROOTS = ("/dev/xvda", "/dev/sda1", "/dev/sda")
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html"""


def refusals(image: Image, facts: FleetFacts, keys: Keys) -> Iterator[Reason]:
    """Yield why instances would not launch, or not with the volumes that the template means."""
    yield from _root(image, facts)
    yield from _sizes(image, facts)
    yield from key_refusals(image, keys)


def key_refusals(image: Image, keys: Keys) -> Iterator[Reason]:
    """Yield the image's keys that Auto Scaling certainly may not use."""
    for volume in image.volumes:
        use = keys.get(volume.kms_key)
        if use and use.usable is False:
            yield Reason(
                "encryption-key",
                f"The snapshot of {volume.device} of {image} is encrypted with {use.key}, which Auto Scaling may not "
                f"use: {use.why}.",
                "Give its service-linked role the key, or copy the image with a key that it may use "
                "(`aws ec2 copy-image --encrypted --kms-key-id`).",
            )


def warnings(image: Image, facts: FleetFacts, keys: Keys) -> Iterator[Reason]:
    """Yield what nobody can tell of the image's keys, and volumes that change without the template saying so."""
    for volume in image.volumes:
        yield from _unknown_key(volume, image, facts, keys)
        yield from _no_longer_encrypted(volume, image, facts)
        yield from _further(volume, image, facts)


def _root(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    """A mapping for another device than the image's root makes a second volume; the root stays as the image has it.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
    """
    meant = _meant_for_root(facts)
    if not meant or not image.root_device_name or meant.device == image.root_device_name:
        return
    if facts.volume(image.root_device_name):
        return
    root = image.volume(image.root_device_name)
    size = f" of {root.size} GiB" if root and root.size is not None else ""
    yield Reason(
        "root-device",
        f"{image} has its root volume at {image.root_device_name}, but the launch template sets {meant.device}: "
        f"instances would get a second volume there, and a root volume{size} as the image has it.",
        f"Choose an image whose root is {meant.device}, or change the template's device first.",
    )


def _meant_for_root(facts: FleetFacts) -> TemplateVolume | None:
    """Return the mapping that is the root volume of what the fleet launches now, or else is named like one."""
    if facts.present and facts.present.root_device_name:
        return facts.volume(facts.present.root_device_name)
    return next((volume for volume in facts.volumes if volume.device in USUAL_ROOTS), None)


def _sizes(image: Image, facts: FleetFacts) -> Iterator[Reason]:
    """EC2 makes no volume that is smaller than its snapshot.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EbsBlockDevice.html
    """
    for volume in image.volumes:
        set_by_template = facts.volume(volume.device)
        if set_by_template is None or set_by_template.snapshot or set_by_template.size is None:
            continue
        if volume.smallest is not None and set_by_template.size < volume.smallest:
            yield Reason(
                "volume-size",
                f"{volume.device} of {image} needs {volume.smallest} GiB, and the launch template gives it "
                f"{set_by_template.size} GiB.",
                f"Make the template's volume at least {volume.smallest} GiB.",
            )


def _unknown_key(volume: Volume, image: Image, facts: FleetFacts, keys: Keys) -> Iterator[Reason]:
    if not volume.encrypted or _is_in_use(volume, facts):
        return
    use = keys.get(volume.kms_key) or KeyUse(volume.kms_key)
    if use.usable is None:
        key = f"with {volume.kms_key}" if volume.kms_key else "with a key that is not shown"
        yield Reason(
            "encryption-key",
            f"The snapshot of {volume.device} of {image} is encrypted {key}; whether Auto Scaling may use it is not "
            f"known: {use.why}.",
            "The canary will be the first proof.",
        )


def _is_in_use(volume: Volume, facts: FleetFacts) -> bool:
    """Say whether the image that the fleet launches now needs the same key."""
    present = facts.present.volumes if facts.present and facts.instances else ()
    return bool(volume.kms_key) and any(one.kms_key == volume.kms_key for one in present)


def _no_longer_encrypted(volume: Volume, image: Image, facts: FleetFacts) -> Iterator[Reason]:
    before = facts.present.volume(volume.device) if facts.present else None
    set_by_template = facts.volume(volume.device)
    if before and before.encrypted and not volume.encrypted and not (set_by_template and set_by_template.encrypted):
        yield Reason(
            "encryption",
            f"{volume.device} of {image} is not encrypted, that of {facts.present_id} is, and the launch template does "
            "not say that it shall be.",
            "Set encrypted = true in the template, unless the account encrypts every volume.",
        )


def _further(volume: Volume, image: Image, facts: FleetFacts) -> Iterator[Reason]:
    known = facts.present is None or facts.present.volume(volume.device) or facts.volume(volume.device)
    if known or volume.device == image.root_device_name:
        return
    yield Reason(
        "further-volume",
        f"{image} brings a further volume at {volume.device}, which the image before did not have.",
        "Every instance will have it, and it is paid for.",
    )
