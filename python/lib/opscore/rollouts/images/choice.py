"""Which image a reference means for a fleet. The same images and the same fleet give the same answer."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from opscore.errors import NotFound, OpsError
from opscore.rollouts.images import family
from opscore.rollouts.images.catalogue import Found, Parameter, found_by_parameter
from opscore.rollouts.images.fleet_facts import FleetFacts
from opscore.rollouts.images.image import AVAILABLE, Image, Source, newest
from opscore.rollouts.images.reference import AMAZON, SELF, ByParameter, Latest, Reference


class Images(Protocol):
    """Where images are read: `catalogue.Catalogue`, or what stands for it."""

    account: str

    def images(self, image_ids: Iterable[str]) -> Found:
        """Return images by id."""

    def search(self, owner: str, pattern: str, architecture: str) -> list[Image]:
        """Return images by filter."""

    def parameter(self, reference: ByParameter) -> Parameter:
        """Return a parameter."""

    def with_snapshots(self, images: Iterable[Image]) -> list[Image]:
        """Return images with what their snapshots say."""


@dataclass(frozen=True)
class Wanted:
    """What `latest` looks for: images of one owner and one architecture with a name of this pattern.

    With `exactly` the pattern is a family's: the name must have that very form, not only fit it.
    """

    owner: str
    pattern: str
    architecture: str
    exactly: bool = False

    def fits(self, image: Image, account: str, now: dt.datetime) -> bool:
        """Say whether an image is one of them, and one that may be launched today."""
        usable = image.state == AVAILABLE and not image.is_deprecated(now)
        return usable and self.is_one(image, account)

    def is_one(self, image: Image, account: str) -> bool:
        """Say whether an image is of the owner, the architecture and the name that are wanted."""
        if image.architecture != self.architecture or not family.fits(image.name, self.pattern):
            return False
        if self.exactly and family.form(image.name) != self.pattern:
            return False
        return is_of(self.owner, image, account)


def is_of(owner: str, image: Image, account: str) -> bool:
    """Say whether an image is of an owner: an account's number, `amazon`, or `self` for the caller's own account."""
    if owner == AMAZON:
        return image.owner_alias == AMAZON
    return image.owner_id == (account if owner == SELF else owner)


def choose(
    reference: Reference, facts: FleetFacts, catalogue: Images, now: dt.datetime, *, allow_older: bool = False
) -> Image:
    """Return the image that a reference means for a fleet, with its snapshots and how it was found.

    Raises `NotFound` when there is none, and `OpsError` when `latest` would go back to an older image: an operator
    who wants that says so with `allow_older`.
    """
    if isinstance(reference, Latest):
        return _latest(reference, facts, catalogue, now, allow_older=allow_older)
    if isinstance(reference, ByParameter):
        parameter = catalogue.parameter(reference)
        named = f" The parameter {parameter.name} names it in version {parameter.version}."
        return found_by_parameter(_by_id(parameter.image_id, catalogue, named), reference, parameter)
    return _by_id(reference.image_id, catalogue).found_by(Source("id", typed=reference.typed))


def _by_id(image_id: str, catalogue: Images, named: str = "") -> Image:
    found = catalogue.images([image_id])
    if missing := found.missing.get(image_id):
        raise NotFound(f"{missing}{named}", hint=missing.remedy)
    (image,) = catalogue.with_snapshots([found.images[image_id]])
    return image


def _latest(reference: Latest, facts: FleetFacts, catalogue: Images, now: dt.datetime, *, allow_older: bool) -> Image:
    wanted = what_is_wanted(reference, facts)
    candidates = catalogue.search(wanted.owner, wanted.pattern, wanted.architecture)
    image = pick(candidates, wanted, catalogue.account, now)
    if image is None:
        raise NotFound(
            f"There is no {wanted.architecture} image of {wanted.owner} named {wanted.pattern} that is available and "
            "not deprecated.",
            hint="Name an image by its id, or say latest:name=PATTERN,owner=OWNER.",
        )
    if not allow_older and (why := older_than(image, facts)):
        raise OpsError(why, hint="Name the image by its id, or allow an older one.")
    (whole,) = catalogue.with_snapshots([image])
    source = Source(
        "latest", reference.typed, pattern=wanted.pattern, owner=wanted.owner, architecture=wanted.architecture
    )
    return whole.found_by(source)


def what_is_wanted(reference: Latest, facts: FleetFacts) -> Wanted:
    """Return what `latest` looks for; raises `OpsError` when the fleet's present image does not say enough."""
    if not facts.architecture:
        raise OpsError(
            f"Which architecture the fleet {facts.fleet} runs is not known: its present image is gone.",
            hint="Name an image by its id.",
        )
    if reference.name and reference.owner:
        return Wanted(reference.owner, reference.name, facts.architecture)
    if facts.present is None:
        raise OpsError(
            f"The present image of the fleet {facts.fleet}, {facts.present_id or 'none'}, is not there to be compared.",
            hint="Say which images: latest:name=PATTERN,owner=OWNER, or name one by its id.",
        )
    owner = reference.owner or facts.present.owner_id
    if reference.name:
        return Wanted(owner, reference.name, facts.architecture)
    own_family = family.of(facts.present)
    if not own_family.is_open:
        raise OpsError(
            f"The name of {facts.present} has no date and no version that could tell its successors.",
            hint="Say how they are named: latest:name=PATTERN.",
        )
    return Wanted(owner, own_family.pattern, facts.architecture, exactly=True)


def pick(images: Iterable[Image], wanted: Wanted, account: str, now: dt.datetime) -> Image | None:
    """Return the newest of the images that is wanted, available and not deprecated; None when none is."""
    return newest([image for image in images if wanted.fits(image, account, now)])


def older_than(image: Image, facts: FleetFacts) -> str:
    """Say which image of the fleet is younger than `image`, or may be; empty when none is.

    An image that is gone has no date any more, but it is older than every instance that was launched from it.
    """
    dates: Mapping[str, dt.datetime | None] = {run.image_id: run.created_before for run in facts.running}
    if facts.present_id and facts.present_id not in dates:
        dates = {**dates, facts.present_id: facts.present.created if facts.present else None}
    for image_id, date in sorted(dates.items()):
        if image_id == image.image_id:
            continue
        if date is None or image.created is None:
            return f"Whether {image} is older than {image_id}, which {facts.fleet} has, is not known."
        if date > image.created:
            return f"{image} of {image.created:%Y-%m-%d} may be older than {image_id}, which {facts.fleet} has."
    return ""
