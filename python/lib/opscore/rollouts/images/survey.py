"""Reads the images of many fleets at once: each image, family and parameter costs its calls once."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from opscore.errors import OpsError
from opscore.rollouts.images import family
from opscore.rollouts.images.ages import FleetAges, Known, ages
from opscore.rollouts.images.catalogue import Found, Parameter
from opscore.rollouts.images.choice import Images
from opscore.rollouts.images.fleet_facts import Running
from opscore.rollouts.images.image import Image
from opscore.rollouts.images.reference import ByParameter


@dataclass(frozen=True)
class FleetImages:
    """What a fleet runs, the image of its launch template, and the parameter that names its images, if one does."""

    fleet: str
    wanted_id: str
    running: tuple[Running, ...] = ()
    parameter: ByParameter | None = None


def survey(fleets: Sequence[FleetImages], catalogue: Images, now: dt.datetime) -> list[FleetAges]:
    """Return how old the images of the fleets are, in the order of the fleets. Errors of AWS are passed on."""
    parameters = _parameters(fleets, catalogue)
    named = {one.image_id for one in parameters.values() if isinstance(one, Parameter)}
    ids = {run.image_id for one in fleets for run in one.running} | {one.wanted_id for one in fleets} | named
    found = catalogue.images(ids)
    families = _families((found.images.get(one.wanted_id) for one in fleets), catalogue)
    return [
        ages(
            one.fleet,
            tuple(replace(run, image=found.images.get(run.image_id)) for run in one.running),
            _known(one, found, families, parameters),
            now,
        )
        for one in fleets
    ]


def _parameters(fleets: Iterable[FleetImages], catalogue: Images) -> dict[str, Parameter | str]:
    """Return the parameters by the name that selects them; a sentence for one that names no image."""
    read: dict[str, Parameter | str] = {}
    for one in fleets:
        if one.parameter and one.parameter.selected not in read:
            try:
                read[one.parameter.selected] = catalogue.parameter(one.parameter)
            except OpsError as refused:
                read[one.parameter.selected] = refused.message
    return read


def _families(images: Iterable[Image | None], catalogue: Images) -> dict[family.Family, tuple[Image, ...]]:
    wanted = {family.of(image) for image in images if image}
    return {
        one: tuple(image for image in catalogue.search(one.owner_id, one.pattern, one.architecture) if one.holds(image))
        for one in sorted(wanted, key=lambda one: (one.owner_id, one.pattern, one.architecture))
        if one.is_open
    }


def _known(
    fleet: FleetImages,
    found: Found,
    families: Mapping[family.Family, tuple[Image, ...]],
    parameters: Mapping[str, Parameter | str],
) -> Known:
    wanted = found.images.get(fleet.wanted_id)
    read = parameters.get(fleet.parameter.selected, "") if fleet.parameter else ""
    parameter = read if isinstance(read, Parameter) else None
    notes = [_note(fleet, wanted, found), read if isinstance(read, str) else ""]
    return Known(
        wanted_id=fleet.wanted_id,
        wanted=wanted,
        family=families.get(family.of(wanted), ()) if wanted else (),
        parameter=parameter,
        parameter_image=found.images.get(parameter.image_id) if parameter else None,
        note=" ".join(note for note in notes if note),
    )


def _note(fleet: FleetImages, wanted: Image | None, found: Found) -> str:
    if wanted is None:
        missing = found.missing.get(fleet.wanted_id)
        return str(missing) if missing else "The launch template names no image."
    return "" if family.of(wanted).is_open else f"The name of {wanted} does not tell its successors."
