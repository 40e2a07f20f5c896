"""The supervisor of a roll-out: the watcher that looks at it until it is over, and the sweep that finds one without."""

from collections.abc import Callable, Mapping
from typing import Any

from opscore.logs import structured_log
from opscore.rollouts.rollout_table import RolloutTable
from opscore.rollouts.supervising.tick import Wiring, tick
from opscore.watchers import Start, Watchers, watch

POLL_SECONDS = 15
SILENT_SECONDS = 4 * POLL_SECONDS


def supervisors(table: RolloutTable, start: Start, now: Callable[[], int]) -> Watchers:
    """Return what starts the supervisors of roll-outs."""
    return Watchers("rollout", table, start, now, SILENT_SECONDS)


def supervise(state: Mapping[str, Any], wiring: Wiring, watchers: Watchers) -> dict[str, Any]:
    """Look once at the roll-out in `state` and return the state for the next look; `done` ends the supervisor."""

    def look(rollout_id: str, generation: int) -> bool:
        rollout = wiring.table.read(rollout_id)
        if rollout is None or not rollout.is_live:
            return False
        found = tick(rollout, wiring, generation)
        phases = {fleet.fleet: str(fleet.phase) for fleet in found.rollout.fleets}
        structured_log.write("INFO", "looked", rollout=rollout_id, phases=phases, failed=found.failed)
        return True

    return watch(state, watchers, look)


def sweep(table: RolloutTable, watchers: Watchers) -> dict[str, int]:
    """Start a supervisor for every live roll-out that has none; returns how many are live and how many had none."""
    live = table.live()
    return {"live": len(live), "started": sum(watchers.ensure(one.rollout_id) for one in live)}
