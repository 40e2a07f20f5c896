"""The runs whose journals are on this machine: their names, files and states."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opscore.dead_letters.engine.run_state import RunState, read_state
from opscore.errors import NotFound, OpsError, UsageProblem
from opscore.words import counted

SUFFIX = ".ndjson"
_CANDIDATES = 5


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
        """Return the file of a run's journal; raises `NotFound` with the nearest names."""
        if run not in self.names():
            raise NotFound.among("replay run", run, self.names(), listing="opsctl dlq history")
        return self.path(run)

    def read(self, run: str) -> RunState:
        """Return what the journal of a run says; raises `NotFound`, and `OpsError` when it is no journal."""
        path = self.find(run)
        try:
            with path.open("rb") as lines:
                state = read_state(lines)
        except ValueError as error:
            raise OpsError(f"{path} is damaged: {error}.", hint="Move it away; it is read by no other run.") from None
        if not _is_header(state.header):
            raise OpsError(f"{path} is not the journal of a replay.", hint="Nothing was sent by it; delete it.")
        return state


def new_run(now: str) -> str:
    """Return a name for a run that sorts by time: `20261124-0934-3f9a`."""
    return f"{now}-{secrets.token_hex(2)}"


def pick(said: str, known: Sequence[str]) -> str:
    """Return the run whose name is `said`, or the only one whose name begins so.

    Raises `UsageProblem` with the names when there are several, `NotFound` with the nearest when there is none.
    """
    found = [run for run in known if run == said] or [run for run in known if said and run.startswith(said)]
    if not found:
        raise NotFound.among("replay run", said, known, listing="opsctl dlq history")
    if len(found) > 1:
        shown = ", ".join(found[:_CANDIDATES]) + (", …" if len(found) > _CANDIDATES else "")
        raise UsageProblem(f"{counted(len(found), 'run')} begin with {said}.", hint=f"Say more of it: {shown}.")
    return found[0]


def check_place(run: str, state: RunState, place: str) -> None:
    """Raise `UsageProblem` unless the run was begun in `place`: an environment's name, `NAME:WHICH` where several are.

    Journals of earlier versions have the name alone: such a run is taken for one of this place.
    """
    began_in = state.header.get("environment")
    if began_in not in (place, place.partition(":")[0]):
        raise UsageProblem(f"{run} was begun in {began_in}, and this is {place}.", hint=f"Say --env {began_in}.")


def _is_header(fields: Mapping[str, Any]) -> bool:
    match fields:
        case {"run": str(), "engine": str(), "request": {"queue": str()}, "source": {"name": str()}}:
            return True
    return False
