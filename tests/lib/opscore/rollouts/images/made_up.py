"""Images, fleets and a shelf of images for the tests: small, and true where the tests look."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from opscore.errors import NotFound
from opscore.rollouts.images.catalogue import Found, Parameter
from opscore.rollouts.images.fleet_facts import FleetFacts, Running, TemplateVolume
from opscore.rollouts.images.image import Image, Volume
from opscore.rollouts.images.instance_type import InstanceType
from opscore.rollouts.images.missing import Missing, Why
from opscore.rollouts.images.reference import ByParameter

ACCOUNT, AMAZONS, STRANGER = "111122223333", "591542846629", "444455556666"
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
LARGE = InstanceType(
    "m6i.large", ("x86_64",), ("hvm",), ("ebs",), ("legacy-bios", "uefi"), ena="required", tpm="supported"
)


def day(number: int) -> dt.datetime:
    """Return noon of a day of the past, counted from the first of January 2026."""
    return dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC) + dt.timedelta(days=number)


def image(number: int, **changed: Any) -> Image:
    """Return Amazon's ECS image of a day: number 0 is the first of January 2026."""
    made = day(number)
    usual = Image(
        image_id=f"ami-{number:017x}",
        name=f"al2023-ami-ecs-hvm-2023.0.{made:%Y%m%d}-kernel-6.1-x86_64",
        description="Amazon Linux AMI 2023 for ECS",
        created=made,
        owner_id=AMAZONS,
        owner_alias="amazon",
        architecture="x86_64",
        virtualization="hvm",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        volumes=(Volume("/dev/xvda", 30, snapshot=f"snap-{number:017x}", snapshot_size=30),),
        state="available",
        public=True,
        ena=True,
        boot_mode="uefi-preferred",
        imds="v2.0",
    )
    return replace(usual, **changed)


def fleet(present: Image | None, *, runs: Iterable[Running] | None = None, **changed: Any) -> FleetFacts:
    """Return a fleet of three hosts that launches `present` and runs nothing else, unless `runs` says so."""
    usual = FleetFacts(
        fleet="web",
        account=ACCOUNT,
        present_id=present.image_id if present else "",
        present=present,
        running=tuple(runs) if runs is not None else ((run(present),) if present else ()),
        type_names=("m6i.large",),
        types={"m6i.large": LARGE},
        volumes=(TemplateVolume("/dev/xvda", 40, encrypted=True),),
        http_tokens="required",
        cluster="web",
    )
    return replace(usual, **changed)


def run(what: Image, count: int = 3) -> Running:
    """Return instances of an image, launched an hour after it was made."""
    return Running(what.image_id, count, what.created and what.created + dt.timedelta(hours=1), what)


class Shelf:
    """Images that never change. Its search finds all of them: what is chosen must be right by itself."""

    def __init__(self, *images: Image, parameters: dict[str, Parameter] | None = None, account: str = ACCOUNT) -> None:
        self.account = account
        self.known = {one.image_id: one for one in images}
        self.parameters = parameters or {}
        self.searched: list[tuple[str, str, str]] = []

    def images(self, image_ids: Iterable[str]) -> Found:
        wanted = [image_id for image_id in image_ids if image_id]
        here = {image_id: self.known[image_id] for image_id in wanted if image_id in self.known}
        return Found(here, {one: Missing(one, Why.UNKNOWN) for one in wanted if one not in here})

    def search(self, owner: str, pattern: str, architecture: str) -> list[Image]:
        self.searched.append((owner, pattern, architecture))
        return list(self.known.values())

    def parameter(self, reference: ByParameter) -> Parameter:
        if reference.selected not in self.parameters:
            raise NotFound(f"There is no parameter {reference.selected}.")
        return self.parameters[reference.selected]

    def with_snapshots(self, images: Iterable[Image]) -> list[Image]:
        return list(images)
