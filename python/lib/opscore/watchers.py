"""Watchers: executions of a state machine that look at one thing again and again, one for each thing at a time.

A lease says which watcher is the current one. One that has looked often hands over to a fresh execution; one that died
is followed by another as soon as somebody finds its lease old.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from opscore.logs import structured_log

TICKS_PER_EXECUTION = 1000
"""A look is about eleven events, and AWS ends an execution at 25,000:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

IDLE_TICKS = 2
"""Looks that must find nothing before a watcher ends: the index of what is open may lag behind."""

Start = Callable[[str, str], object]
"""(execution name, input as JSON) -> anything; the same name twice is no error and starts nothing."""


class Changed(Exception):
    """Somebody else wrote first; read again."""


class Leases(Protocol):
    """Who watches what."""

    def lease(self, name: str) -> tuple[int, int]:
        """Return which watcher is the current one, and when it last looked; (0, 0) for none yet."""

    def take_lease(self, name: str, generation: int, now: int) -> None:
        """Make the watcher after `generation` the current one; raises `Changed` when another was quicker."""

    def touch_lease(self, name: str, generation: int, now: int) -> None:
        """Say that the watcher looks now; raises `Changed` when it is not the current one."""


class Watchers:
    """Starts watchers of what `key` names in their state; one silent for `silent_seconds` is taken for dead."""

    def __init__(self, key: str, leases: Leases, start: Start, now: Callable[[], int], silent_seconds: int) -> None:
        self.key = key
        self._leases = leases
        self._start = start
        self._now = now
        self._silent_seconds = silent_seconds

    def ensure(self, name: str) -> bool:
        """Start a watcher unless one has looked lately; says whether it did.

        A crash between the lease and the start is mended by the next caller: the lease then grows old.
        """
        generation, ticked_at = self._leases.lease(name)
        if generation and 0 <= self._now() - ticked_at < self._silent_seconds:
            return False
        return self.succeed(name, generation)

    def succeed(self, name: str, generation: int) -> bool:
        """Start the watcher that comes after `generation`; says whether nobody was quicker."""
        try:
            self._leases.take_lease(name, generation, self._now())
        except Changed:
            return False
        execution = f"{name[:60]}-{generation + 1}-{self._now()}"
        self._start(execution, json.dumps({self.key: name, "generation": generation + 1, "ticks": 0}))
        return True

    def is_current(self, name: str, generation: int) -> bool:
        """Say that a watcher looks now; False when it is not the current one any more."""
        try:
            self._leases.touch_lease(name, generation, self._now())
        except Changed:
            return False
        return True

    def retire(self, name: str, generation: int) -> None:
        """Make the lease old, so that what opens next starts a watcher at once."""
        self._leases.touch_lease(name, generation, self._now() - self._silent_seconds)


def starter(stepfunctions: Any, state_machine_arn: str) -> Start:
    """Return what starts executions of a state machine."""

    def start(name: str, payload: str) -> None:
        stepfunctions.start_execution(stateMachineArn=state_machine_arn, name=name, input=payload)

    return start


def watch(state: Mapping[str, Any], watchers: Watchers, look: Callable[[str, int], bool]) -> dict[str, Any]:
    """Look once at what `state` names and return the state for the next look; `done` ends the watcher.

    `look` is called with the name and the watcher's generation, and says whether something is still open. A watcher
    that is not the current one any more ends without a look.
    """
    name, generation = state[watchers.key], state["generation"]
    if not watchers.is_current(name, generation):
        structured_log.write("INFO", "another watcher took over", **{watchers.key: name, "generation": generation})
        return {**state, "done": True}
    is_open = look(name, generation)
    # Named one by one: the state machine may have added the error of the look before.
    after = {
        watchers.key: name,
        "generation": generation,
        "ticks": state["ticks"] + 1,
        "idle": 0 if is_open else state.get("idle", 0) + 1,
    }
    if after["idle"] >= IDLE_TICKS:
        watchers.retire(name, generation)
        return {**after, "done": True}
    if after["ticks"] >= TICKS_PER_EXECUTION:
        watchers.succeed(name, generation)
        return {**after, "done": True}
    return {**after, "done": False}
