"""Faults on demand: what shall go wrong, with whom, how often.

A fault is a kind, a `match` that all of its members must fit (a missing member fits everything, `*` stands for any
text), how many times it strikes (`times`, none for always), and the kind's own members. README.md lists them.
"""

import fnmatch
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from emulated_aws.fleet.refusals import Refused

KINDS: Mapping[str, frozenset[str]] = {
    "boot_failure": frozenset({"group", "image_id", "instance_type", "zone"}),
    "agent_never_connects": frozenset({"group", "image_id", "instance_type", "zone", "instance_id"}),
    "agent_disconnects": frozenset({"instance_id"}),
    "ignores_sigterm": frozenset({"task", "family", "group", "instance_id"}),
    "slow_deregistration": frozenset({"group"}),
    "unhealthy_task": frozenset({"family", "group", "image_id"}),
    "api_error": frozenset({"service", "action"}),
    "delayed_event": frozenset({"source", "detail_type"}),
    "duplicated_event": frozenset({"source", "detail_type"}),
    "lost_event": frozenset({"source", "detail_type", "instance_id"}),
}
DETAILS: Mapping[str, frozenset[str]] = {
    "slow_deregistration": frozenset({"seconds"}),
    "api_error": frozenset({"code", "message", "status"}),
    "delayed_event": frozenset({"seconds"}),
    "duplicated_event": frozenset({"copies"}),
}


@dataclass
class Fault:
    """One thing that goes wrong."""

    kind: str
    match: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def fits(self, facts: Mapping[str, str]) -> bool:
        """Whether it is meant for something of which these facts hold."""
        return all(fnmatch.fnmatchcase(str(facts.get(name, "")), pattern) for name, pattern in self.match.items())


def read(given: Mapping[str, Any]) -> Fault:
    """Read a fault from a request; raises `Refused` when it says something that no fault has."""
    kind = str(given.get("kind", ""))
    if kind not in KINDS:
        raise Refused("BadRequest", f"No fault is called {kind!r}; there are {', '.join(sorted(KINDS))}.")
    match = dict(given.get("match") or {})
    details = {name: value for name, value in given.items() if name not in ("kind", "match", "times")}
    for found, known in ((match, KINDS[kind]), (details, DETAILS.get(kind, frozenset()))):
        if unknown := sorted(set(found) - known):
            raise Refused("BadRequest", f"{kind} has no {unknown[0]!r}; it has {', '.join(sorted(known)) or 'none'}.")
    times = given.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise Refused("BadRequest", f"times cannot be {times!r}.")
    return Fault(kind, {name: str(value) for name, value in match.items()}, times, details)


class Faults:
    """The faults that are set, oldest first; the first that fits strikes."""

    def __init__(self) -> None:
        self._set: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Set a fault."""
        self._set.append(fault)
        return fault

    def remove(self, fault_id: str) -> bool:
        """Take a fault back; return whether there was one."""
        before = len(self._set)
        self._set = [fault for fault in self._set if fault.id != fault_id]
        return len(self._set) < before

    def inherit(self, member: str, source: str, heir: str) -> None:
        """Set for `heir` what is set for exactly `source`, as long as nothing limits how often it strikes."""
        for fault in [one for one in self._set if one.match.get(member) == source and one.times is None]:
            self.add(Fault(fault.kind, {**fault.match, member: heir}, None, dict(fault.details)))

    def clear(self) -> None:
        """Take all of them back."""
        self._set = []

    def strike(self, kind: str, **facts: str) -> Fault | None:
        """Return the fault that hits something of which these facts hold, and count it; None when none does."""
        for fault in self._set:
            if fault.kind == kind and fault.fits(facts):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self.remove(fault.id)
                return fault
        return None

    def applies(self, kind: str, **facts: str) -> Fault | None:
        """Return the fault that holds for something, without counting: for conditions, not for events."""
        return next((fault for fault in self._set if fault.kind == kind and fault.fits(facts)), None)

    def saved(self) -> list[dict[str, Any]]:
        """Return the faults as plain data."""
        return [asdict(fault) for fault in self._set]

    def restore(self, found: list[dict[str, Any]]) -> None:
        """Set the faults that `saved` returned."""
        self._set = [Fault(**fault) for fault in found]
