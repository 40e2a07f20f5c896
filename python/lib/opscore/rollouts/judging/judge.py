"""What to do next about one fleet of a roll-out: what is, in; what to do and why, out. No client, no clock, no cursor.

A phase is written before anything is done in it, and everything that is done can be found again by looking. A
supervisor that dies at any point is therefore followed by one that goes on from what it sees.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from opscore.rollouts.judging.observation import Gate, RunState, Seen
from opscore.rollouts.record import FleetProgress, Phase, Wish
from opscore.words import counted

LAUNCH_FAILURES = 3
"""Launches that may fail before the image is taken for one that does not start."""

LAUNCH = "Launch"
"""The process of a group that launches instances."""

REFUSALS = 5
"""Calls that AWS may refuse one after the other before a fleet of which no host was touched is given up."""


class Action(StrEnum):
    """What the supervisor does to the fleet."""

    PUBLISH = "publish the new image"
    START = "start"
    ROLL_BACK = "roll back"
    CANCEL = "cancel"
    PUBLISH_OLD = "publish the old image again"
    START_BACK = "start the way back"
    PIN = "pin the old image"
    STOP_LAUNCHES = "stop launching"


class Terms(NamedTuple):
    """What the plan says about one fleet.

    `was` is what the group launched when the plan was made. `pins` says that a fleet that does not get its new image
    needs the old one published and pinned, so that Terraform agrees: true where a launch template owns the image.
    """

    was: str
    pins: bool = True
    settle_seconds: int = 60


class Do(NamedTuple):
    """Do something now, and look again later."""

    action: Action
    why: str


class Enter(NamedTuple):
    """Write this progress, and judge again at once."""

    progress: FleetProgress


class Wait(NamedTuple):
    """Nothing to do before the next look; `progress` has what was seen."""

    progress: FleetProgress


Decision = Do | Enter | Wait

_PUBLISH_OLD = Do(Action.PUBLISH_OLD, "the latest has to launch the old image: the next apply takes the latest")


def judge(fleet: FleetProgress, terms: Terms, seen: Seen, wish: Wish, now: int) -> Decision:
    """Say what to do next about a fleet whose turn has come and whose phase is not over."""
    if fleet.errors >= REFUSALS and not fleet.run and fleet.phase in (Phase.PUBLISHING, Phase.ROLLING):
        return Enter(fleet.ending(Phase.FAILED, f"AWS refuses: {fleet.error}", now))
    return _BY_PHASE[fleet.phase](_noted(fleet, seen, now), terms, seen, wish, now)


def _noted(fleet: FleetProgress, seen: Seen, now: int) -> FleetProgress:
    """Return the fleet with what was just seen of its hosts and gates."""
    red = {gate.name: fleet.red_since.get(gate.name, now) for gate in seen.gates if gate.red}
    percent = seen.run.percent if seen.run else fleet.percent
    return replace(fleet, red_since=red, replaced=seen.replaced, to_replace=seen.hosts - seen.replaced, percent=percent)


def _waiting(fleet: FleetProgress, _terms: Terms, _seen: Seen, wish: Wish, now: int) -> Decision:
    if wish is not Wish.NONE:
        return Enter(fleet.entering(Phase.SKIPPED, f"{wish} was asked for before its turn", now))
    return Enter(fleet.entering(Phase.PUBLISHING, "its turn has come", now))


def _publishing(fleet: FleetProgress, terms: Terms, seen: Seen, wish: Wish, now: int) -> Decision:
    if not fleet.published and seen.published:
        return Enter(replace(fleet, published=seen.published))
    if wish is not Wish.NONE:
        return Enter(fleet.ending(Phase.ABORTED, f"{wish} was asked for before a host was replaced", now))
    if seen.launches != terms.was:
        why = f"the group launches {seen.launches} now and not {terms.was}, for which the plan was made"
        return Enter(fleet.ending(Phase.FAILED, why, now))
    if not fleet.published:
        return Do(Action.PUBLISH, "hosts are launched from what is published")
    return Enter(fleet.entering(Phase.ROLLING, f"{fleet.published} is published", now))


def _rolling(fleet: FleetProgress, _terms: Terms, seen: Seen, wish: Wish, now: int) -> Decision:
    run = seen.run
    if not fleet.run:
        return _starting(fleet, seen, wish, now)
    if run is None:
        return Enter(fleet.ending(Phase.FAILED, "AWS does not know the run any more: was the group made anew?", now))
    if run.state is RunState.RUNNING:
        return _running(fleet, seen, wish, now)
    if run.state is RunState.ROLLING_BACK:
        return Enter(fleet.entering(Phase.REVERTING, run.why or "the engine rolls back", now))
    if run.state is RunState.SUCCEEDED:
        return Enter(fleet.entering(Phase.SETTLING, "every host is replaced", now))
    if run.state is RunState.CANCELLING:
        return Wait(replace(fleet, why="the engine stops"))
    return Enter(_ended(fleet, seen, now))


def _starting(fleet: FleetProgress, seen: Seen, wish: Wish, now: int) -> Decision:
    run = seen.run
    if run and run.launches == fleet.published:
        return Enter(replace(fleet, run=run.run))
    if run and run.state.is_live:
        return Enter(fleet.ending(Phase.FAILED, f"another run began meanwhile: {run.run}", now))
    if wish is not Wish.NONE:
        return Enter(fleet.ending(Phase.ABORTED, f"{wish} was asked for before a host was replaced", now))
    return Do(Action.START, f"hosts that do not run {fleet.published} are replaced")


def _running(fleet: FleetProgress, seen: Seen, wish: Wish, now: int) -> Decision:
    if wish is Wish.ABORT:
        # Written first: a supervisor that finds the run cancelled must know by whom.
        return Do(Action.CANCEL, "abort was asked for") if fleet.cancelled else Enter(replace(fleet, cancelled=True))
    if why := _reason_to_turn(fleet, seen, wish, now):
        return Enter(fleet.entering(Phase.REVERTING, why, now))
    return Wait(replace(fleet, why=_doubts(seen) or (seen.run.why if seen.run else "")))


def _reason_to_turn(fleet: FleetProgress, seen: Seen, wish: Wish, now: int) -> str:
    if wish is Wish.ROLL_BACK:
        return "rollback was asked for"
    if seen.failed_launches >= LAUNCH_FAILURES:
        return f"{counted(seen.failed_launches, 'launch', 'launches')} of the new image failed"
    return "; ".join(f"{gate.name}: {gate.why}" for gate in seen.gates if _has_turned(gate, fleet.red_since, now))


def _has_turned(gate: Gate, red_since: Mapping[str, int], now: int) -> bool:
    return gate.red and now - red_since.get(gate.name, now) >= gate.patience_seconds


def _doubts(seen: Seen) -> str:
    return "; ".join(f"{gate.name}: {gate.why}" for gate in seen.gates if gate.red)


def _ended(fleet: FleetProgress, seen: Seen, now: int) -> FleetProgress:
    """Return how a fleet goes on whose run ended without its new image everywhere."""
    run = seen.run
    if run is None or run.state is RunState.FAILED:
        return fleet.ending(Phase.FAILED, (run and run.why) or "the engine failed without a reason", now)
    if run.state is RunState.ROLLED_BACK:
        return fleet.ending(Phase.ROLLED_BACK, run.why or fleet.why or "the engine rolled back", now)
    if fleet.cancelled:
        return fleet.ending(Phase.ABORTED, "abort was asked for", now)
    why = "somebody cancelled it; `terraform apply` does that where it changes the group"
    return fleet.ending(Phase.FAILED, why, now)


def _settling(fleet: FleetProgress, terms: Terms, seen: Seen, wish: Wish, now: int) -> Decision:
    if why := _reason_to_turn(fleet, seen._replace(failed_launches=0), wish, now):
        return Enter(fleet.entering(Phase.RETURNING, why, now))
    if doubts := _doubts(seen):
        return Wait(replace(fleet, why=doubts))
    if now - fleet.phase_began < terms.settle_seconds:
        return Wait(replace(fleet, why="every host is replaced, and the gates are watched for a while"))
    return Enter(fleet.entering(Phase.DONE, "every host runs the new image, and every gate holds", now))


def _reverting(fleet: FleetProgress, _terms: Terms, seen: Seen, _wish: Wish, now: int) -> Decision:
    run = seen.run
    if run is None:
        return Enter(fleet.ending(Phase.FAILED, f"{fleet.why}; AWS does not know the run any more", now))
    if run.state is RunState.RUNNING:
        return Do(Action.ROLL_BACK, fleet.why)
    if run.state is RunState.ROLLING_BACK:
        return _coming_back(fleet, seen)
    if run.state is RunState.CANCELLING:
        return Wait(fleet)
    if fleet.suspended:
        return Enter(_both_failed(fleet, now))
    if run.state in (RunState.SUCCEEDED, RunState.CANCELLED):
        return Enter(fleet.entering(Phase.RETURNING, fleet.why, now))
    if run.state is RunState.ROLLED_BACK:
        return Enter(fleet.ending(Phase.ROLLED_BACK, fleet.why, now))
    why = f"{fleet.why}; the way back failed: {run.why or 'AWS gives no reason'}"
    return Enter(fleet.ending(Phase.FAILED, why, now))


def _coming_back(fleet: FleetProgress, seen: Seen) -> Decision:
    """Judge a way back that runs: where the old image does not start either, no host that lives may go."""
    if fleet.suspended:
        return Do(Action.STOP_LAUNCHES, "the old image does not start either")
    if seen.failed_launches < LAUNCH_FAILURES:
        return Wait(fleet)
    return Enter(replace(fleet, suspended=(LAUNCH,)))


def _both_failed(fleet: FleetProgress, now: int) -> FleetProgress:
    why = f"{fleet.why}; the old image does not start either: launches are stopped, and the hosts that live stay"
    return fleet.ending(Phase.FAILED, why, now)


def _returning(fleet: FleetProgress, _terms: Terms, seen: Seen, _wish: Wish, now: int) -> Decision:
    if not fleet.returned:
        return Enter(replace(fleet, returned=seen.returned)) if seen.returned else _PUBLISH_OLD
    run = seen.run
    if not fleet.way_back:
        if run and run.launches == fleet.returned:
            return Enter(replace(fleet, way_back=run.run))
        if run and run.state.is_live:
            return Enter(fleet.ending(Phase.FAILED, f"{fleet.why}; another run began meanwhile: {run.run}", now))
        return Do(Action.START_BACK, fleet.why)
    if run and run.state in (RunState.RUNNING, RunState.ROLLING_BACK):
        return _coming_back(fleet, seen)
    if run and run.state is RunState.CANCELLING:
        return Wait(fleet)
    if run and run.state is RunState.SUCCEEDED:
        return Enter(fleet.entering(Phase.ROLLED_BACK, fleet.why, now))
    if fleet.suspended:
        return Enter(_both_failed(fleet, now))
    said = (run and run.why) or "AWS gives no reason"
    return Enter(fleet.ending(Phase.FAILED, f"{fleet.why}; the way back failed: {said}", now))


def _pinning(fleet: FleetProgress, terms: Terms, seen: Seen, _wish: Wish, now: int) -> Decision:
    published = fleet.published or seen.published
    if not terms.pins or not published:
        return Enter(_over(fleet, fleet.why, now))
    if seen.launches not in (terms.was, published, fleet.returned or seen.returned):
        return Enter(_over(fleet, f"{fleet.why}; the group launches {seen.launches}, which somebody else chose", now))
    if not fleet.returned:
        return Enter(replace(fleet, returned=seen.returned)) if seen.returned else _PUBLISH_OLD
    if seen.launches != fleet.returned:
        return Do(Action.PIN, "what is launched from now on is the old image, and Terraform agrees")
    return Enter(_over(fleet, fleet.why, now))


def _over(fleet: FleetProgress, why: str, now: int) -> FleetProgress:
    return fleet.entering(fleet.verdict or Phase.FAILED, why, now)


_Judge = Callable[[FleetProgress, Terms, Seen, Wish, int], Decision]

_BY_PHASE: Mapping[Phase, _Judge] = {
    Phase.WAITING: _waiting,
    Phase.PUBLISHING: _publishing,
    Phase.ROLLING: _rolling,
    Phase.SETTLING: _settling,
    Phase.REVERTING: _reverting,
    Phase.RETURNING: _returning,
    Phase.PINNING: _pinning,
}
