"""The journals of replays: in a folder of this machine, and in the account, where the next on-call finds them."""

import contextlib
import json
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opscore import aws_faults
from opscore.dead_letters.engine.journal import FileStorage, RunJournal
from opscore.dead_letters.engine.run_state import RunState, parse
from opscore.dead_letters.ndjson import to_line
from opscore.dead_letters.replay.account_runs import AccountJournal, AccountRuns, Part
from opscore.dead_letters.replay.runs import Runs, pick
from opscore.errors import OpsError

SILENT_SECONDS = 150
"""How long a run on another machine may write nothing before it counts as dead: longer than a watch of canaries."""


class Journals:
    """All journals of one environment, `place`.

    A run that was begun, or continued, on another machine is brought here first: the lines that this machine does not
    have are added to its file, and every other reader knows files only. `warn` is told, once, why there are only the
    journals of this machine.
    """

    def __init__(
        self, runs: Runs, account: AccountRuns | None, place: str, warn: Callable[[str], None] = lambda _why: None
    ) -> None:
        self._runs, self._account, self._place, self._warn = runs, account, place, warn

    def names(self) -> list[str]:
        """Return all runs, the newest first."""
        return sorted({*self._runs.names(), *self._in_account()}, reverse=True)

    def named(self, said: str) -> str:
        """Return the run whose name is `said`, or the only one whose name begins so; see `pick` for the errors."""
        return pick(said, self.names())

    def summary(self, run: str) -> RunState:
        """Return how a run began and ended, for a list. Of one that is only in the account, what arrived is a count."""
        if run in self._runs.names() or not self._account:
            return self._runs.read(run)
        return self._account.summary(run)

    def read(self, run: str) -> RunState:
        """Return all that is known of a run; raises what `Runs.read` raises."""
        self._bring(run)
        return self._runs.read(run)

    def header(self, run: str) -> Mapping[str, Any]:
        """Return the first line of a run's journal, with what was asked for; an empty one when there is none."""
        if run in self._runs.names() or not self._account:
            with self._runs.path(run).open("rb") as lines:
                return next(parse(lines), {})
        return self._account.summary(run).header

    def lines(self, run: str) -> Iterator[Mapping[str, Any]]:
        """Yield the lines of a run's journal, those of other machines last."""
        self._bring(run)
        with self._runs.path(run).open("rb") as lines:
            yield from parse(lines)

    def path(self, run: str) -> Path:
        """Return the file of a run that was read."""
        return self._runs.path(run)

    @contextlib.contextmanager
    def open(self, run: str) -> Iterator[RunJournal]:
        """Open the journal of a run to write on; raises `OpsError` when another process is writing it."""
        holder = f"{socket.gethostname()}/{secrets.token_hex(4)}"
        self._refuse_at_work(run)
        copy = None
        if self._account:
            with self._or_without():
                copy = _Copy(self._account.open(run, holder), self._refused)
        with FileStorage(self._runs.path(run)) as storage:
            yield RunJournal(storage, holder=holder, copy=copy)

    def _in_account(self) -> list[str]:
        if self._account:
            with self._or_without():
                return self._account.names()
        return []

    def _bring(self, run: str) -> None:
        if not self._account:
            return
        known = _known(self._runs.path(run))
        with self._or_without():
            parts = [part for part in self._account.parts(run, known.parts) if part.holder not in known.own]
            if parts:
                with FileStorage(self._runs.path(run)) as storage:
                    for part in parts:
                        storage.write(b"\n" + b"".join(self._here(part)))
                    storage.sync()

    def _here(self, part: Part) -> Iterator[bytes]:
        """Yield the lines of a part, the run's environment under the name that it has here."""
        for fields in parse(part.lines.splitlines()):
            yield to_line({**fields, "environment": self._place} if "run" in fields else fields)

    def _refused(self, error: Exception) -> None:
        """Do without the account when it has no bucket for journals, or we have no right to it."""
        if isinstance(error, OpsError) or not (aws_faults.code(error) or aws_faults.is_transient(error)):
            raise error
        self._account = None
        self._warn(f"the account's journals cannot be used ({aws_faults.code(error) or aws_faults.message(error)})")

    def _refuse_at_work(self, run: str) -> None:
        known = _known(self._runs.path(run))
        if known.ended or not known.last:
            return
        host = known.last.partition("/")[0]
        if host == socket.gethostname() or not self._account:
            return  # a file has one writer
        silent = self._account.seconds_since_written(run)
        if silent < SILENT_SECONDS:
            raise OpsError(
                f"{run} is at work on {host}: it wrote to its journal {silent:.0f} seconds ago.",
                hint=f"End it there, or wait until it has been silent for {SILENT_SECONDS} seconds.",
            )

    @contextlib.contextmanager
    def _or_without(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  Raised again unless the run can do without.
            self._refused(error)


class _Copy:
    """The account's copy of a journal. Without a right to write there, which the first part shows, there is none."""

    def __init__(self, copy: AccountJournal, refused: Callable[[Exception], None]) -> None:
        self._copy: AccountJournal | None = copy
        self._refused = refused
        self._begun = False

    def put(self, lines: Sequence[Mapping[str, Any]]) -> int | None:
        """Make lines durable and return the number of their part; None when there is no copy."""
        if not self._copy:
            return None
        try:
            number = self._copy.put(lines)
        except Exception as error:
            if self._begun:
                raise
            self._refused(error)
            self._copy = None
            return None
        self._begun = True
        return number


@dataclass
class _Known:
    """What a file says of those who wrote it: parts it has, processes of this machine, the last one, how it ended."""

    parts: set[int] = field(default_factory=set)
    own: set[str] = field(default_factory=set)
    last: str = ""
    ended: bool = False


def _known(path: Path) -> _Known:
    known = _Known()
    with contextlib.suppress(FileNotFoundError), path.open("rb") as lines:
        _read_known(lines, known)
    return known


def _read_known(lines: Iterable[bytes], known: _Known) -> None:
    for line in lines:
        if not line.startswith((b'{"part"', b'{"here"', b'{"end"')):
            continue
        with contextlib.suppress(ValueError):
            fields = json.loads(line)
            known.ended = "end" in fields
            if "part" in fields:
                known.parts.add(fields["part"])
            if holder := fields.get("here"):
                known.own.add(holder)
            known.last = holder or fields.get("holder") or known.last
