"""The write-ahead journal of a run: what was about to be sent, what arrived, what was deleted.

One line of NDJSON each, on the disk before the step it announces. After a crash it says which messages of the
dead-letter queue have arrived already (delete them, do not send them) and which may have (that cannot be known).
Reading it is making the run's `Attempts` again, event by event.
"""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.ndjson import to_line, to_record
from opscore.dead_letters.sending.destinations import Arrived, Confirmation, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.errors import NotFound, OpsError, UsageProblem
from opscore.words import counted

VERSION = 1


class Journal(Protocol):
    """Where the engine writes down each step before it takes the next one."""

    def intend(self, destination: str, messages: Sequence[Outgoing]) -> None:
        """Write down what is about to be sent."""

    def sent(self, outcome: Outcome) -> None:
        """Write down what arrived, what was refused, and what got no answer."""

    def deleted(self, message_ids: Iterable[str]) -> None:
        """Write down what is gone from the dead-letter queue."""


class NoJournal:
    """The journal of a move that needs none, because its destination is the record: nothing is written."""

    def intend(self, destination: str, messages: Sequence[Outgoing]) -> None:
        """Write nothing."""

    def sent(self, outcome: Outcome) -> None:
        """Write nothing."""

    def deleted(self, message_ids: Iterable[str]) -> None:
        """Write nothing."""


class Storage(Protocol):
    """Where the lines are kept: `write` hands them over, `sync` returns when they would survive a power cut."""

    def write(self, data: bytes) -> None:
        """Append."""

    def sync(self) -> None:
        """Make durable what was written."""


class FileStorage:
    """A file that only its owner can read: the lines hold whole messages. The first line makes it.

    One process writes it at a time; raises `OpsError` when another one does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def write(self, data: bytes) -> None:
        """Append."""
        file = self._open()
        while data:
            data = data[os.write(file, data) :]

    def sync(self) -> None:
        """Make durable what was written."""
        os.fsync(self._open())

    def _open(self) -> int:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                what = f"{self._path.stem} is at work in another process of this machine."
                raise OpsError(what, hint="Wait for it, or end it.") from None
        return self._file

    def __enter__(self) -> "FileStorage":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._file is not None:
            os.close(self._file)


class Copy(Protocol):
    """Where a second copy of the lines is kept, in parts."""

    def put(self, lines: Sequence[Mapping[str, Any]]) -> int | None:
        """Make lines durable and return the number of their part; None when there is no copy."""


class RunJournal:
    """Writes the steps of a run; safe to use from many threads, which share their syncs.

    `holder` names this process. What is about to be sent is in the `copy`, too, before it goes: who continues from
    there knows of every message that may have arrived. The other lines go there with the next such line.
    """

    def __init__(self, storage: Storage, *, holder: str = "", copy: Copy | None = None) -> None:
        self._storage, self._holder, self._copy = storage, holder, copy
        self._lock = threading.Lock()
        self._syncing, self._copying = threading.Lock(), threading.Lock()
        self._written = self._synced = self._copied = 0
        self._to_copy: list[Mapping[str, Any]] = []

    def begin(self, run: str, facts: Mapping[str, Any]) -> None:
        """Write the first line: which run this is and what was asked for."""
        self._append({"run": run, "version": VERSION, **facts}, copied=True)
        self._append({"here": self._holder}, shared=False)

    def resume(self) -> None:
        """Begin on a line of its own: the last one may be half a line."""
        with self._lock:
            self._storage.write(b"\n")
        self._append({"here": self._holder}, shared=False)
        self._append({"resumed": self._holder}, copied=True)

    def intend(self, destination: str, messages: Sequence[Outgoing]) -> None:
        """Write down what is about to be sent. Returns when it is safe on the disk."""
        letters = [to_record(message.letter) | {"digest": message.digest} for message in messages]
        self._append({"intent": letters, "to": destination}, copied=True)

    def sent(self, outcome: Outcome) -> None:
        """Write down what arrived, what was refused, and what got no answer. What arrived is then safe on the disk.

        A line without arrivals may be lost: what was about to be sent and has no answer is taken for doubtful, too.
        """
        fields: dict[str, Any] = {"sent": {name: proof.new_id for name, proof in outcome.confirmed.items()}}
        for name, refusal in outcome.refused.items():
            fields.setdefault("doubt" if refusal.doubtful else "refused", {})[name] = str(refusal)
        self._append(fields, durable=bool(outcome.confirmed))

    def deleted(self, message_ids: Iterable[str]) -> None:
        """Write down what is gone from the dead-letter queue. Losing this line costs one more delete, no message."""
        self._append({"deleted": list(message_ids)}, durable=False)

    def note(self, fields: Mapping[str, Any]) -> None:
        """Write down something else about the run. Returns when it is safe on the disk."""
        self._append(fields, copied=True)

    def end(self, state: str, tally: Mapping[str, Any]) -> None:
        """Write the last line of this process."""
        self._append({"end": state, "tally": tally}, copied=True)

    def _append(
        self, fields: Mapping[str, Any], *, durable: bool = True, shared: bool = True, copied: bool = False
    ) -> None:
        line = to_line(fields)
        with self._lock:
            self._storage.write(line)
            if self._copy and shared:
                self._to_copy.append(fields)
            self._written += 1
            mine = self._written
        if durable:
            self._sync(mine)
        if self._copy and copied:
            self._put_copy(self._copy, mine)

    def _put_copy(self, copy: Copy, mine: int) -> None:
        with self._copying:
            if self._copied >= mine:
                return
            with self._lock:
                covered, lines, self._to_copy = self._written, self._to_copy, []
            try:
                number = copy.put(lines)
            except BaseException:
                with self._lock:
                    self._to_copy = [*lines, *self._to_copy]
                raise
            self._copied = covered
        if number is not None:
            self._append({"part": number, "holder": self._holder}, durable=False, shared=False)

    def _sync(self, mine: int) -> None:
        with self._syncing:
            if self._synced >= mine:  # another thread's sync covered this line while we waited
                return
            covered = self._written
            self._storage.sync()
            self._synced = covered


SUFFIX = ".ndjson"
_CANDIDATES = 5


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


def check_place(run: str, state: RunState, place: str) -> None:
    """Raise `UsageProblem` unless the run was begun in `place`: an environment's name, `NAME:WHICH` where several are.

    Journals of earlier versions have the name alone: such a run is taken for one of this place.
    """
    began_in = state.header.get("environment")
    if began_in not in (place, place.partition(":")[0]):
        raise UsageProblem(f"{run} was begun in {began_in}, and this is {place}.", hint=f"Say --env {began_in}.")


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


def new_run(now: str) -> str:
    """Return a name for a run that sorts by time: `20261124-0934-3f9a`."""
    return f"{now}-{secrets.token_hex(2)}"


def _is_header(fields: Mapping[str, Any]) -> bool:
    match fields:
        case {"run": str(), "engine": str(), "request": {"queue": str()}, "source": {"name": str()}}:
            return True
    return False


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
