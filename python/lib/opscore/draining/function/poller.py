"""The poller of a draining cluster: the watcher that looks at it while any of its hosts drains."""

from collections.abc import Callable, Mapping
from typing import Any

from opscore.draining.function.tick import tick
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import POLL_SECONDS
from opscore.logs import structured_log
from opscore.watchers import Leases, Start, Watchers, watch

SILENT_SECONDS = 3 * POLL_SECONDS


def pollers(drains: Leases, start: Start, now: Callable[[], int]) -> Watchers:
    """Return what starts the pollers of clusters."""
    return Watchers("cluster", drains, start, now, SILENT_SECONDS)


def poll(state: Mapping[str, Any], wiring: Wiring, watchers: Watchers) -> dict[str, Any]:
    """Look once at the cluster in `state` and return the state for the next look; `done` ends the poller."""

    def look(cluster: str, _generation: int) -> bool:
        found = tick(cluster, wiring)
        counts = {"open": found.open, "ended": found.ended, "failed": found.failed, "reads": found.reads}
        structured_log.write("INFO", "looked", cluster=cluster, **counts)
        return bool(found.open)

    return watch(state, watchers, look)
