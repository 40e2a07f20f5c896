"""The write-ahead journal of a run: what was about to be sent, what arrived, what was deleted.

One line of NDJSON each, on the disk before the step it announces. After a crash it says which messages of the
dead-letter queue have arrived already (delete them, do not send them) and which may have (that cannot be known).
Reading it is making the run's `Attempts` again, event by event.
"""

import fcntl
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from opscore.dead_letters.ndjson import to_line, to_record
from opscore.dead_letters.sending.destinations import Outcome
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.errors import OpsError

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
