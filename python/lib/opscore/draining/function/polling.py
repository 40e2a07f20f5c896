"""What the poller's state machine runs between two waits, and when it ends."""

from collections.abc import Mapping
from typing import Any

from opscore import structured_log
from opscore.draining.aws.drain_table import Changed
from opscore.draining.function.pollers import TICKS_PER_EXECUTION, Pollers
from opscore.draining.function.tick import tick
from opscore.draining.function.wiring import Wiring

IDLE_TICKS = 2
"""Looks that must find nothing before a poller ends: the index of open drains may lag behind."""


def poll(state: Mapping[str, Any], wiring: Wiring, pollers: Pollers) -> dict[str, Any]:
    """Look once at the cluster in `state` and return the state for the next look; `done` ends the poller.

    A poller that is not the current one any more ends without a look. One that has looked often hands over to a fresh
    execution, long before AWS would end it for its history.
    """
    cluster, generation = state["cluster"], state["generation"]
    try:
        wiring.drains.touch_lease(cluster, generation, wiring.now())
    except Changed:
        structured_log.write("INFO", "another poller took over", cluster=cluster, generation=generation)
        return {**state, "done": True}
    found = tick(cluster, wiring)
    structured_log.write(
        "INFO", "looked", cluster=cluster, open=found.open, ended=found.ended, failed=found.failed, reads=found.reads
    )
    # Named one by one: the state machine may have added the error of the look before.
    after = {
        "cluster": cluster,
        "generation": generation,
        "ticks": state["ticks"] + 1,
        "idle": 0 if found.open else state.get("idle", 0) + 1,
    }
    if after["idle"] >= IDLE_TICKS:
        pollers.retire(cluster, generation)
        return {**after, "done": True}
    if after["ticks"] >= TICKS_PER_EXECUTION:
        pollers.succeed(cluster, generation)
        return {**after, "done": True}
    return {**after, "done": False}
