"""What one look at a fleet in a roll-out found, whoever owns the fleet and whichever engine rolls it."""

from enum import StrEnum
from typing import NamedTuple


class RunState(StrEnum):
    """How far the engine's own work is: an instance refresh, or the update of a stack."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_live(self) -> bool:
        """Whether the engine still works."""
        return self in (RunState.RUNNING, RunState.ROLLING_BACK, RunState.CANCELLING)


class Run(NamedTuple):
    """The engine's work: its id, what it launches (a template version, a change set), and what the engine says."""

    run: str
    launches: str
    state: RunState
    why: str = ""
    percent: int = 0


class Gate(NamedTuple):
    """Something that must hold while images change; red longer than its patience, it turns the roll-out round."""

    name: str
    red: bool
    why: str = ""
    patience_seconds: int = 0


class Seen(NamedTuple):
    """A fleet as it is now.

    `launches` is what the group launches at this moment. `published` and `returned` are what this roll-out has made for
    the new image and for the way back, found by their marks, whether or not the record knows of them. `run` is the
    engine's work that the record names; without one the live one, else None. `failed_launches` counts since the phase
    began. `replaced` of `hosts` in service launch what was published.
    """

    launches: str
    published: str = ""
    returned: str = ""
    run: Run | None = None
    gates: tuple[Gate, ...] = ()
    failed_launches: int = 0
    replaced: int = 0
    hosts: int = 0
