"""One poller for each cluster that drains: an execution of the state machine, started when none is alive."""

import json
from collections.abc import Callable
from typing import Any

from opscore.draining.aws.drain_table import Changed, Drains
from opscore.draining.policy import POLL_SECONDS

SILENT_SECONDS = 3 * POLL_SECONDS
"""A poller that has not looked for so long is taken for dead."""

TICKS_PER_EXECUTION = 1000
"""A look is about eleven events, and AWS ends an execution at 25,000:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

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
