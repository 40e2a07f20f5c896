"""The record of a roll-out: who wanted what, how far each fleet is, and what was done with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

AUDIT_SECONDS = 365 * 86_400
"""How long the record of a roll-out that has ended is kept; a live one has no expiry."""


class Phase(StrEnum):
    """How far a fleet of a roll-out is: in the order of this list, and any phase may be left for a later one."""

    WAITING = "waiting"
    PUBLISHING = "publishing"
    ROLLING = "rolling"
    SETTLING = "settling"
    REVERTING = "reverting"
    RETURNING = "returning"
    PINNING = "pinning"
    DONE = "done"
    ROLLED_BACK = "rolled-back"
    ABORTED = "aborted"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done to the fleet."""
        return self in (Phase.DONE, Phase.ROLLED_BACK, Phase.ABORTED, Phase.FAILED, Phase.SKIPPED)

    @property
    def has_begun(self) -> bool:
        """Whether something may have been done to the fleet."""
        return self not in (Phase.WAITING, Phase.SKIPPED)


class Wish(StrEnum):
    """What the operator wants of a live roll-out."""

    NONE = ""
    ABORT = "abort"
    ROLL_BACK = "rollback"


class Event(NamedTuple):
    """One thing that was seen or done, in seconds since the epoch; `fleet` is empty for the roll-out as a whole."""

    at: int
    fleet: str
    what: str
    why: str = ""


@dataclass(frozen=True)
class FleetProgress:
    """One fleet of a roll-out; times in seconds since the epoch, 0 for never.

    `published` is what launches the new image (a launch template's version, a change set), `run` the engine's own work
    (an instance refresh, a stack update), `returned` what launches the old image after a way back, and `way_back` the
    refresh that brings it. `verdict` is how the fleet will end once what launches the old image is pinned. `red_since`
    says since when each gate is red. `suspended` names the processes of the group that the roll-out has suspended.
    `errors` counts the calls that AWS refused one after the other, `error` is the last one.
    """

    fleet: str
    group: str
    phase: Phase = Phase.WAITING
    why: str = ""
    published: str = ""
    run: str = ""
    returned: str = ""
    way_back: str = ""
    verdict: Phase | None = None
    red_since: Mapping[str, int] = field(default_factory=dict)
    suspended: tuple[str, ...] = ()
    cancelled: bool = False
    percent: int = 0
    replaced: int = 0
    to_replace: int = 0
    errors: int = 0
    error: str = ""
    began: int = 0
    phase_began: int = 0
    ended: int = 0

    def entering(self, phase: Phase, why: str, now: int) -> "FleetProgress":
        """Return the fleet in another phase, which began now."""
        return replace(
            self,
            phase=phase,
            why=why,
            phase_began=now,
            began=self.began or (now if phase.has_begun else 0),
            ended=now if phase.is_over else 0,
            red_since={},
            errors=0,
            error="",
        )

    def ending(self, verdict: Phase, why: str, now: int) -> "FleetProgress":
        """Return the fleet on its way to `verdict`, with the pin of the old image before it."""
        return replace(self.entering(Phase.PINNING, why, now), verdict=verdict)


@dataclass(frozen=True)
class Rollout:
    """A roll-out of one image to fleets in their order; `plan` is what the operator agreed to, as plain values.

    `revision` counts the supervisor's writes: whoever writes says which one it has read. `events` counts the events.
    """

    rollout_id: str
    by: str
    started: int
    plan: Mapping[str, Any]
    fleets: tuple[FleetProgress, ...]
    reason: str = ""
    parallel: int = 1
    wish: Wish = Wish.NONE
    wished_by: str = ""
    events: int = 0
    revision: int = 0
    ended: int = 0

    @property
    def is_live(self) -> bool:
        """Whether a fleet still has something to be done."""
        return not all(fleet.phase.is_over for fleet in self.fleets)

    @property
    def outcome(self) -> Phase | None:
        """How the roll-out ended: as its worst fleet did; None while it is live."""
        if self.is_live:
            return None
        return max((fleet.phase for fleet in self.fleets), key=_WORST_LAST.index)

    def fleet(self, name: str) -> FleetProgress:
        """Return the progress of a fleet; raises KeyError for one that is not rolled."""
        return {one.fleet: one for one in self.fleets}[name]

    def with_fleet(self, progress: FleetProgress) -> "Rollout":
        """Return the roll-out with one fleet's progress replaced."""
        return replace(self, fleets=tuple(progress if one.fleet == progress.fleet else one for one in self.fleets))


_WORST_LAST = (Phase.DONE, Phase.SKIPPED, Phase.ABORTED, Phase.ROLLED_BACK, Phase.FAILED)


def to_plain(progress: FleetProgress) -> dict[str, Any]:
    """Return a fleet's progress as texts, whole numbers, lists and maps; what is empty is left out."""
    found = {name: value for name, value in vars(progress).items() if value not in (None, "", (), {}, 0, False)}
    kinds: dict[str, Any] = {"phase": str(progress.phase)}
    if progress.verdict:
        kinds["verdict"] = str(progress.verdict)
    if progress.suspended:
        kinds["suspended"] = list(progress.suspended)
    if progress.cancelled:
        kinds["cancelled"] = 1
    return {**found, **kinds}


def from_plain(found: Mapping[str, Any]) -> FleetProgress:
    """Return the progress that `to_plain` made plain; what this version does not know is left alone."""
    known = {name: found[name] for name in FleetProgress.__dataclass_fields__ if name in found}
    kinds: dict[str, Any] = {
        "phase": Phase(found["phase"]),
        "verdict": Phase(found["verdict"]) if found.get("verdict") else None,
        "suspended": tuple(found.get("suspended", ())),
        "cancelled": bool(found.get("cancelled")),
    }
    return FleetProgress(**{**known, **kinds})
