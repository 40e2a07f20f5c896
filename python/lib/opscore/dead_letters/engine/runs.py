"""The journals of all runs: where they lie, what each of them says."""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opscore.dead_letters.sending.destinations import Arrived, Confirmation
from opscore.errors import NotFound, OpsError

SUFFIX = ".ndjson"


@dataclass
class RunState:
    """What a journal says. `header` is its first line; of what is `in_doubt` only the intent to send it is known.

    `ended` is how the last process ended: done, interrupted, failed; None when it was killed, or still runs.
    """

    header: Mapping[str, Any] = field(default_factory=dict)
    arrived: Arrived = field(default_factory=Arrived)
    deleted: int = 0
    tally: Mapping[str, Any] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    ended: str | None = None

    @property
    def moved(self) -> int:
        """How many messages arrived: as written down one by one, or as SQS's own move task counted."""
        return len(self.arrived) or int(self.tally.get("moved", 0))

    @property
    def open(self) -> int:
        """How many messages arrived and are not known to be deleted."""
        return max(0, len(self.arrived) - self.deleted)


def read_state(lines: Iterable[bytes]) -> RunState:
    """Return what the lines of a journal add up to. Half a line, left by a crash, was never acted on and is skipped."""
    state = RunState()
    for fields in parse(lines):
        if "run" in fields:
            state.header = fields
        elif "intent" in fields:
            state.ended = None
            state.in_doubt |= {record["message_id"] for record in fields["intent"]}
        elif "sent" in fields:
            _settle(state, fields)
        elif "deleted" in fields:
            state.deleted += len(fields["deleted"])
        elif "end" in fields:
            state.ended, state.tally = fields["end"], fields.get("tally", {})
    return state


def _settle(state: RunState, fields: Mapping[str, Any]) -> None:
    for message_id, new_id in fields["sent"].items():
        state.arrived.add(Confirmation(message_id, new_id))
    refused = fields.get("refused", {})
    state.in_doubt -= fields["sent"].keys() | refused.keys()
    state.refused |= refused


def parse(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the whole lines, decoded."""
    for line in lines:
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if isinstance(fields, dict):
            yield fields


def new_run(now: str) -> str:
    """Return a name for a run that sorts by time: `20261124-0934-3f9a`."""
    return f"{now}-{secrets.token_hex(2)}"


class Runs:
    """The folder of journals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, run: str) -> Path:
        """Return where the journal of a run is or will be."""
        return self._folder / f"{run}{SUFFIX}"

    def names(self) -> list[str]:
        """Return all runs, the newest first."""
        return sorted((path.stem for path in self._folder.glob(f"*{SUFFIX}")), reverse=True)

    def find(self, run: str) -> Path:
        """Return the journal of a run; raises `NotFound` with the nearest names."""
        if run not in self.names():
            raise NotFound.among("replay run", run, self.names(), listing="opsctl dlq history")
        return self.path(run)

    def read(self, run: str) -> RunState:
        """Return what the journal of a run says; raises `NotFound`, and `OpsError` when it is no journal."""
        path = self.find(run)
        with path.open("rb") as lines:
            state = read_state(lines)
        if not state.header:
            raise OpsError(f"{path} is not the journal of a replay.", hint="Nothing was sent by it; delete it.")
        return state
