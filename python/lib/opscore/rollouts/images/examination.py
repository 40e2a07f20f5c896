"""One image examined for one fleet: chosen, its keys read, what is against it, and whether there is a way back."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from opscore.rollouts.images.catalogue import Found
from opscore.rollouts.images.choice import Images, choose
from opscore.rollouts.images.fleet_facts import FleetFacts
from opscore.rollouts.images.image import Image
from opscore.rollouts.images.keys import KeyUse
from opscore.rollouts.images.reason import Reason
from opscore.rollouts.images.reference import Reference
from opscore.rollouts.images.suitability import refuse, warn, way_back


class Keys(Protocol):
    """Where keys are read: `keys.KeyReader`, or what stands for it."""

    def uses(self, keys: Iterable[str]) -> dict[str, KeyUse]:
        """Return whether Auto Scaling may use the keys."""


@dataclass(frozen=True)
class Examined:
    """An image with what refuses it, what should be read before it is rolled, and what blocks the way back."""

    image: Image
    refusals: tuple[Reason, ...] = ()
    warnings: tuple[Reason, ...] = ()
    no_way_back: tuple[Reason, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what was found as JSON takes it."""
        return {
            "image": self.image.to_dict(),
            "refusals": [reason.to_dict() for reason in self.refusals],
            "warnings": [reason.to_dict() for reason in self.warnings],
            "no_way_back": [reason.to_dict() for reason in self.no_way_back],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Examined":
        """Read what `to_dict` gave."""
        reasons = {
            name: tuple(Reason.from_dict(entry) for entry in data.get(name, ()))
            for name in ("refusals", "warnings", "no_way_back")
        }
        return cls(Image.from_dict(data["image"]), **reasons)


def examine(
    reference: Reference,
    facts: FleetFacts,
    catalogue: Images,
    now: dt.datetime,
    keys: Keys | None = None,
    *,
    allow_older: bool = False,
    allow_deprecated: bool = False,
) -> Examined:
    """Choose an image for a fleet and say everything that is for the operator to know of it.

    Raises what `choice.choose` raises when there is no image to speak of. Without `keys` no key is read.
    """
    image = choose(reference, facts, catalogue, now, allow_older=allow_older)
    before = _before(facts, catalogue)
    wanted = image.kms_keys.union(*(one.kms_keys for one in before.images.values()))
    uses = keys.uses(sorted(wanted)) if keys else {}
    return Examined(
        image,
        tuple(refuse(image, facts, now, uses, allow_deprecated=allow_deprecated)),
        tuple(warn(image, facts, now, uses, allow_deprecated=allow_deprecated)),
        tuple(way_back(facts.present_id, before, uses)),
    )


def _before(facts: FleetFacts, catalogue: Images) -> Found:
    """Read the image that the fleet launches now, to see whether it is still there."""
    found = catalogue.images([facts.present_id])
    return replace(found, images={one.image_id: one for one in catalogue.with_snapshots(found.images.values())})
