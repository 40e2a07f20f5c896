"""The poller of a draining cluster: one execution of the state machine, which looks, waits, and looks again."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from opscore.draining.aws.drain_table import Changed, Drains
from opscore.draining.function.tick import tick
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import POLL_SECONDS
from opscore.logs import structured_log

SILENT_SECONDS = 3 * POLL_SECONDS
"""A poller that has not looked for so long is taken for dead."""

TICKS_PER_EXECUTION = 1000
"""A look is about eleven events, and AWS ends an execution at 25,000:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

IDLE_TICKS = 2
"""Looks that must find nothing before a poller ends: the index of open drains may lag behind."""

Start = Callable[[str, str], object]
"""(execution name, input as JSON) -> anything; the same name twice is no error and starts nothing."""


class Pollers:
    """Starts pollers; the lease in the table says which one is current."""

    def __init__(self, drains: Drains, start: Start, now: Callable[[], int]) -> None:
        self._drains = drains
        self._start = start
        self._now = now

    def ensure(self, cluster: str) -> bool:
        """Start a poller unless one has looked lately; says whether it did.

        A crash between the lease and the start is mended by the next caller: the lease then grows old.
        """
        generation, ticked_at = self._drains.lease(cluster)
        if generation and 0 <= self._now() - ticked_at < SILENT_SECONDS:
            return False
        return self.succeed(cluster, generation)

    def succeed(self, cluster: str, generation: int) -> bool:
        """Start the poller that comes after `generation`; says whether nobody was quicker."""
        try:
            self._drains.take_lease(cluster, generation, self._now())
        except Changed:
            return False
        name = f"{cluster[:60]}-{generation + 1}-{self._now()}"
        self._start(name, json.dumps({"cluster": cluster, "generation": generation + 1, "ticks": 0}))
        return True

    def retire(self, cluster: str, generation: int) -> None:
        """Make the lease old, so that the next drain starts a poller at once."""
        self._drains.touch_lease(cluster, generation, self._now() - SILENT_SECONDS)


def starter(stepfunctions: Any, state_machine_arn: str) -> Start:
    """Return what starts executions of a state machine."""

    def start(name: str, payload: str) -> None:
        stepfunctions.start_execution(stateMachineArn=state_machine_arn, name=name, input=payload)

    return start


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
