"""How old the images of a fleet are and how far it is behind: what `opsctl amis` shows. Facts in, rows out."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from opscore.rollouts.images.catalogue import Parameter
from opscore.rollouts.images.fleet_facts import Running
from opscore.rollouts.images.image import AVAILABLE, Image, newest


@dataclass(frozen=True)
class ImageAge:
    """An image with how many instances run it, its age, and how many days it is older than the newest; None: not known.

    `gone` says that no instance can be launched from it any more.
    """

    image_id: str
    name: str = ""
    count: int = 0
    age_days: int | None = None
    days_behind: int | None = None
    gone: bool = False


@dataclass(frozen=True)
class FleetAges:
    """A fleet's images: those that run, the one that is wanted, the newest that there is.

    `behind` counts the instances with an image that is older than the newest, or gone. `note` says why the newest, or
    what the parameter names, is not known.
    """

    fleet: str
    instances: int
    behind: int
    days_behind: int | None
    running: tuple[ImageAge, ...]
    wanted: ImageAge | None
    newest: ImageAge | None
    newest_source: str = ""
    parameter: str = ""
    parameter_version: int = 0
    parameter_image: str = ""
    note: str = ""

    def row(self) -> dict[str, Any]:
        """Return one line of the list: the images by id, with the number of instances where several run."""
        runs = [f"{run.image_id} ({run.count})" if len(self.running) > 1 else run.image_id for run in self.running]
        return {
            "fleet": self.fleet,
            "running": ", ".join(runs),
            "age_days": max((run.age_days for run in self.running if run.age_days is not None), default=None),
            "wanted": self.wanted.image_id if self.wanted else "",
            "newest": self.newest.image_id if self.newest else "",
            "newest_age_days": self.newest.age_days if self.newest else None,
            "instances": self.instances,
            "behind": self.behind,
            "days_behind": self.days_behind,
            "note": self.note,
        }


@dataclass(frozen=True)
class Known:
    """What the catalogue says for a fleet: the wanted image, those of its family, and the parameter's image."""

    wanted_id: str = ""
    wanted: Image | None = None
    family: tuple[Image, ...] = ()
    parameter: Parameter | None = None
    parameter_image: Image | None = None
    note: str = ""


def ages(fleet: str, running: tuple[Running, ...], known: Known, now: dt.datetime) -> FleetAges:
    """Return how old a fleet's images are. The newest is the youngest of its family and of what the parameter names."""
    best = newest(_candidates(known, now))
    runs = tuple(_age(run.image_id, run.image, run.created_before, best, now, run.count) for run in running)
    days = [run.days_behind for run in runs if run.days_behind is not None]
    return FleetAges(
        fleet=fleet,
        instances=sum(run.count for run in running),
        behind=sum(run.count for run in running if best and _is_behind(run, best)),
        days_behind=max(days, default=None),
        running=runs,
        wanted=_wanted(known, best, now),
        newest=_age(best.image_id, best, best.created, best, now) if best else None,
        newest_source=_source(best, known),
        parameter=known.parameter.name if known.parameter else "",
        parameter_version=known.parameter.version if known.parameter else 0,
        parameter_image=known.parameter.image_id if known.parameter else "",
        note=known.note,
    )


def _candidates(known: Known, now: dt.datetime) -> list[Image]:
    """Return what may be the newest: what a fleet of another architecture could run is not."""
    own = known.wanted.architecture if known.wanted else ""
    named = [known.parameter_image] if known.parameter_image else []
    usable = [one for one in (*known.family, *named) if one.state == AVAILABLE and not one.is_deprecated(now)]
    return [one for one in usable if not own or one.architecture == own]


def _is_behind(run: Running, best: Image) -> bool:
    if run.image_id == best.image_id:
        return False
    made = run.image.created if run.image else None
    return made is None or best.created is None or made < best.created


def _wanted(known: Known, best: Image | None, now: dt.datetime) -> ImageAge | None:
    if not known.wanted_id:
        return None
    made = known.wanted.created if known.wanted else None
    return _age(known.wanted_id, known.wanted, made, best, now)


def _age(
    image_id: str, image: Image | None, made: dt.datetime | None, best: Image | None, now: dt.datetime, count: int = 0
) -> ImageAge:
    """`made` is when the image was made, or the latest time at which that can have been."""
    behind = max(0, (best.created - made).days) if best and best.created and made else None
    age = (now - made).days if made else None
    return ImageAge(image_id, image.name if image else "", count, age, behind, gone=image is None)


def _source(best: Image | None, known: Known) -> str:
    if best is None:
        return ""
    return "parameter" if known.parameter_image and best.image_id == known.parameter_image.image_id else "family"
