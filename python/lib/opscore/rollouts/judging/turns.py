"""Whose turn it is: fleets in their order, so many at a time, and none after one that did not get its image."""

from collections.abc import Sequence

from opscore.rollouts.record import FleetProgress, Phase, Rollout

_STOPS = (Phase.FAILED, Phase.ROLLED_BACK, Phase.ABORTED, Phase.REVERTING, Phase.RETURNING, Phase.PINNING)


def due(rollout: Rollout) -> Sequence[FleetProgress]:
    """Return the fleets to look at now: those under way, and as many more as may be under way beside them."""
    under_way = [fleet for fleet in rollout.fleets if fleet.phase.has_begun and not fleet.phase.is_over]
    waiting = [fleet for fleet in rollout.fleets if fleet.phase is Phase.WAITING]
    if rollout.wish or stopper(rollout):
        return under_way
    return under_way + waiting[: max(0, rollout.parallel - len(under_way))]


def skipped(rollout: Rollout, now: int) -> Rollout:
    """Return the roll-out with the fleets skipped that will not have their turn any more."""
    stopped_by = stopper(rollout)
    if not rollout.wish and not stopped_by:
        return rollout
    why = f"{rollout.wish} was asked for before its turn" if rollout.wish else f"{stopped_by} did not get the image"
    for fleet in rollout.fleets:
        if fleet.phase is Phase.WAITING:
            rollout = rollout.with_fleet(fleet.entering(Phase.SKIPPED, why, now))
    return rollout


def stopper(rollout: Rollout) -> str:
    """Return the first fleet that did not get its image, or is on its way back; empty when there is none."""
    return next((fleet.fleet for fleet in rollout.fleets if fleet.phase in _STOPS), "")
