"""What a run came to so far, read from the lines of its journal."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.sending.destinations import Arrived, Confirmation, Outcome, Refusal


@dataclass
class RunState:
    """What a journal says. `header` is its first line, `attempts` what became of each message.

    Of those that arrived, by their new ids: `undone` are back in the dead-letter queue; of those that an undo was about
    to put there, `undoing`, nobody knows more; `canaries` are watched, each with its group and a digest of what it
    holds. `backlog` is how many messages waited at the destinations before the last step of canaries. `ended` is how
    the last process ended: done, stopped by its canaries, interrupted, failed; None when it was killed, or still runs.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    attempts: Attempts = field(default_factory=Attempts)
    tally: Mapping[str, Any] = field(default_factory=dict)
    undone: Arrived = field(default_factory=Arrived)
    undoing: set[str] = field(default_factory=set)
    canaries: dict[str, str] = field(default_factory=dict)
    canary_digests: dict[str, str] = field(default_factory=dict)
    backlog: int | None = None
    ended: str | None = None

    @property
    def arrived(self) -> Arrived:
        """The messages that arrived."""
        return self.attempts.arrived

    @property
    def in_doubt(self) -> set[str]:
        """The messages that may have arrived, and of which nothing more is known."""
        return self.attempts.in_doubt

    @property
    def possibly_twice(self) -> int:
        """How many messages may be at their destination once more than is known, those that arrived included."""
        return self.attempts.possibly_twice

    @property
    def moved(self) -> int:
        """How many messages arrived: as written down one by one, or as SQS's own move task counted."""
        return len(self.arrived) or int(self.tally.get("moved", 0))

    @property
    def open(self) -> int:
        """How many messages arrived and are not known to be deleted."""
        return len(self.arrived) - self.arrived.deleted


def read_state(lines: Iterable[bytes]) -> RunState:
    """Return what the lines of a journal add up to. Half a line, left by a crash, was never acted on and is skipped.

    Raises `ValueError` when a line is none of a journal.
    """
    try:
        return _read_state(lines)
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _read_state(lines: Iterable[bytes]) -> RunState:
    state = RunState()
    for fields in parse(lines):
        if "run" in fields:
            state.header = fields
        elif "intent" in fields:
            state.ended = None
            state.attempts.intend(record["message_id"] for record in fields["intent"])
        elif "sent" in fields:
            state.attempts.settle(_outcome(fields))
        elif "deleted" in fields:
            state.attempts.deleted(fields["deleted"])
        elif "canaries" in fields:
            state.canaries |= fields["canaries"]
            state.canary_digests |= fields.get("digests", {})
        elif "step" in fields:
            state.backlog = fields["step"]["backlog"]
        elif "undone" in fields:
            _undo(state, fields["undone"])
        elif "undoing" in fields:
            state.undoing |= {*fields["undoing"]}
        elif "end" in fields:
            state.ended, state.tally = fields["end"], fields.get("tally", {})
    return state


def _undo(state: RunState, new_ids: Iterable[str]) -> None:
    for new_id in new_ids:
        state.undone.add(Confirmation(new_id))
        state.undoing.discard(new_id)


def _outcome(fields: Mapping[str, Any]) -> Outcome:
    refused = {name: Refusal("", why, final=False) for name, why in fields.get("refused", {}).items()}
    doubt = {name: Refusal("", why, final=False, doubtful=True) for name, why in fields.get("doubt", {}).items()}
    return Outcome({name: Confirmation(name, new_id) for name, new_id in fields["sent"].items()}, refused | doubt)


def parse(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the whole lines, decoded."""
    for line in lines:
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(fields, dict):
            yield fields
