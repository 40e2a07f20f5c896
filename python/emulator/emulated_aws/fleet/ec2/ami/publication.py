"""Newer public AMIs for ECS, as Amazon publishes them every few weeks; here at once and on demand (see admin.py).

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-ami-versions.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html (public AMIs are deprecated after two years)

A flaw is a fault that is set for this image alone, always: whatever runs the image, or one that is made of it, has it.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from emulated_aws.fleet import clock, faults, state
from emulated_aws.fleet.ec2 import images
from emulated_aws.fleet.ec2.ami import records, sharing
from emulated_aws.fleet.ec2.images import Image
from emulated_aws.fleet.protocol import timestamp
from emulated_aws.fleet.refusals import Refused

FLAWS = ("agent_never_connects", "boot_failure", "unhealthy_task")
"""The faults that can lie in an image."""


def publish(given: Mapping[str, Any]) -> dict[str, str]:
    """Publish a newer image in the present region, from `architecture` and `flaw`, and say which; raises `Refused`."""
    if unknown := sorted(given.keys() - {"architecture", "flaw"}):
        raise Refused("BadRequest", f"An image has no {unknown[0]!r}; it has architecture, flaw.")
    architecture, flaw = str(given.get("architecture") or "x86_64"), str(given.get("flaw") or "")
    if architecture not in images.CHANNELS:
        raise Refused("BadRequest", f"architecture cannot be {architecture!r}; it is {' or '.join(images.CHANNELS)}.")
    if flaw and flaw not in FLAWS:
        raise Refused("BadRequest", f"No image has the flaw {flaw!r}; there are {', '.join(FLAWS)}.")
    image_id = records.new_id("ami")
    image = Image(image_id, _name(architecture), images.CHANNELS[architecture], images.AL2023)
    record = images.record(image, records.now())
    record["DeprecationTime"] = timestamp(sharing.years_after(clock.now() // 60 * 60, sharing.LONGEST_YEARS_PUBLIC))
    records.add(record)
    if flaw:
        state.faults.add(faults.read({"kind": flaw, "match": {"image_id": image_id}}))
    return {
        "image_id": image_id,
        "name": image.name,
        "architecture": architecture,
        "created": str(record["CreationDate"]),
        "flaw": flaw,
        "parameter": f"{images.NAMESPACE}/{image.channel}/recommended/image_id",
    }


def _name(architecture: str) -> str:
    """Return the name of an image of today; from the second of a day on with a number behind the date."""
    day = dt.datetime.fromtimestamp(clock.now(), dt.UTC).strftime("%Y%m%d")
    taken = {record["Name"] for record in records.here()}
    names = (
        f"al2023-ami-ecs-hvm-2023.0.{day}{f'.{number}' if number else ''}-kernel-6.1-{architecture}"
        for number in range(len(taken) + 1)
    )
    return next(name for name in names if name not in taken)


def channels() -> dict[str, list[records.Record]]:
    """Return ECS's public images of the present region, oldest first in each channel."""
    found: dict[str, list[records.Record]] = {}
    for record in records.here():
        if channel := record.get("_channel"):
            found.setdefault(channel, []).append(record)
    return {channel: sorted(ones, key=lambda one: str(one["CreationDate"])) for channel, ones in found.items()}
