"""The canaries of a replay: the messages that are watched, and what became of each group of them."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing

Note = Callable[[Mapping[str, Any]], None]
"""Writes down a fact of the run, so that another process can continue it."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A replayed message that is watched: its id at the destination, the group it had died in, what it holds."""

    new_id: str
    group: str
    digest: str = ""


@dataclass(frozen=True)
class GroupVerdict:
    """What became of the canaries of one group, and so whether its cause seems mended."""

    group: str
    replayed: int
    failed: int
    verdict: Literal["mended", "not mended", "mixed", "unknown"]


def by_group(canaries: Iterable[Canary], failed: Mapping[str, str], untold: int = 0) -> list[GroupVerdict]:
    """Return for each group whether its cause seems mended, the worst first; `untold` failures may be of any group."""
    total: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for canary in canaries:
        total[canary.group] += 1
        bad[canary.group] += canary.new_id in failed
    groups = [GroupVerdict(name, count, bad[name], _verdict(bad[name], count, untold)) for name, count in total.items()]
    return sorted(groups, key=lambda group: (-group.failed / group.replayed, group.group))


def _verdict(bad: int, total: int, untold: int) -> Literal["mended", "not mended", "mixed", "unknown"]:
    if bad == total:
        return "not mended"
    return "unknown" if untold else "mixed" if bad else "mended"


class Canaries:
    """The messages that arrived while `watching`, each with the group it was in, and what is written down of them.

    `earlier` are those of the process that began the run, with their groups, and `digests` what each of them holds.
    """

    def __init__(
        self,
        group_of: Callable[[DeadLetter], str],
        note: Note,
        earlier: Mapping[str, str] | None = None,
        digests: Mapping[str, str] | None = None,
    ) -> None:
        self._group_of, self._note = group_of, note
        known = digests or {}
        self.arrived = [Canary(new_id, group, known.get(new_id, "")) for new_id, group in (earlier or {}).items()]
        self.watching = True

    def on_arrival(self, message: Outgoing, proof: Confirmation) -> None:
        """Remember a message that arrived."""
        if self.watching:
            canary = Canary(proof.new_id, self._group_of(message.letter), message.digest)
            self.arrived.append(canary)
            self._note({"canaries": {canary.new_id: canary.group}, "digests": {canary.new_id: canary.digest}})

    def begin(self, backlog: int) -> None:
        """Note that a step begins while so many messages wait at its destinations."""
        self._note({"step": {"backlog": backlog}})
