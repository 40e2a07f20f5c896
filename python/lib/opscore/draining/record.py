"""The record of a drain: one row for each, from the first event until its outcome, and then for the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from opscore.dynamodb_attributes import from_attribute, to_attribute
from opscore.fleets.host import SERVICE

AUDIT_SECONDS = 90 * 86_400
"""How long a closed drain is kept; the open ones have no expiry."""


class Cause(StrEnum):
    """Why a host drains."""

    TERMINATION = "termination"
    SPOT = "spot"
    OPERATOR = "operator"


class Outcome(StrEnum):
    """How a drain ended; each but `lost` and `let-go` left no task behind that was killed."""

    DRAINED = "drained"
    LET_GO = "let-go"
    KEPT = "kept"
    LOST = "lost"
    LEFT = "left"
    NEVER_JOINED = "never-joined"
    UNDONE = "undone"


@dataclass(frozen=True)
class Drain:
    """One drain of one host; times in seconds since the epoch, 0 for never.

    `left` maps the tasks that were not seen STOPPED yet to their groups; None means that nobody has listed them.
    `stopped` counts the standalone tasks that the policy had stopped.
    `ordered_at` is the time of the operator's machine, of a drain that began with an order.
    `verdict` is what was decided, written before the host is released; `outcome` is set once that is done.
    """

    instance_id: str
    attempt: int
    cluster: str
    group: str
    cause: Cause
    started: int
    deadline: int
    hook: str = ""
    token: str = ""
    detail: str = ""
    ordered_at: int = 0
    container_instance: str = ""
    image_id: str = ""
    zone: str = ""
    tasks_at_start: int | None = None
    left: Mapping[str, str] | None = None
    daemons: tuple[str, ...] = ()
    stopped: int = 0
    killed: int = 0
    heartbeat_at: int = 0
    looked_at: int = 0
    progressed_at: int = 0
    daemons_alone_since: int = 0
    blocker: str = ""
    why: str = ""
    verdict: Outcome | None = None
    outcome: Outcome | None = None
    ended: int = 0

    @property
    def drain_id(self) -> str:
        """The drain's id: the instance and which of its drains it is."""
        return f"{self.instance_id}/{self.attempt}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.outcome is None

    @property
    def tasks_left(self) -> int | None:
        """Tasks not seen STOPPED yet; None when nobody has looked."""
        return None if self.left is None else len(self.left)

    @property
    def moved(self) -> int | None:
        """Tasks that stopped because their service runs them elsewhere; None as long as that is not known.

        A daemon ends with its host, and runs nowhere instead.
        """
        if self.tasks_at_start is None or self.is_open:
            return None
        remaining = len(self.left or {}) if self.outcome in (Outcome.KEPT, Outcome.UNDONE) else self.killed
        still_there = set((self.left or {}).values())
        ended = sum(f"{SERVICE}{name}" not in still_there for name in self.daemons)
        return max(0, self.tasks_at_start - remaining - self.stopped - ended)

    def decided(self, verdict: Outcome, why: str, killed: int = 0) -> "Drain":
        """Return the drain with its verdict; what was decided is never decided anew."""
        blocker = "" if verdict in (Outcome.DRAINED, Outcome.LEFT) else self.blocker
        return replace(self, verdict=verdict, why=why, killed=killed, blocker=blocker)

    def closed(self, now: int) -> "Drain":
        """Return the drain with its verdict carried out."""
        return replace(self, outcome=self.verdict, ended=now)

    def to_item(self) -> dict[str, Any]:
        """Return the DynamoDB item: empty values left out, `open_in` only while open, `expires` only when closed."""
        item = {
            field.name: to_attribute(getattr(self, field.name)) for field in fields(self) if _said(self, field.name)
        }
        if self.is_open:
            item["open_in"] = to_attribute(self.cluster)
        else:
            item["expires"] = to_attribute(self.ended + AUDIT_SECONDS)
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Drain":
        """Read a DynamoDB item; attributes that this version does not know are left alone."""
        known = {field.name for field in fields(cls)}
        values = {name: from_attribute(attribute) for name, attribute in item.items() if name in known}
        values["cause"] = Cause(values["cause"])
        values["daemons"] = tuple(values.get("daemons", ()))
        for name in ("verdict", "outcome"):
            values[name] = Outcome(values[name]) if name in values else None
        return cls(**values)


def _said(drain: Drain, name: str) -> bool:
    value = getattr(drain, name)
    return value is not None and value not in ("", ()) and (value != 0 or name == "tasks_at_start")
