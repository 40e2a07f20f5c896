"""Why letters died, looked up in one way by all who ask: `show`, `analyse`, `--group` and the canaries."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from opscore.dead_letters.causes.consumer_log import (
    PATTERN,
    Cause,
    ids_of,
    is_crash,
    named_ids,
    own_cause,
    read_crash,
    read_error,
    signature_of,
)
from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import BATCH, QueueFacts
from opscore.dead_letters.message import DeadLetter
from opscore.errors import NotFound
from opscore.id_set import IdMap, IdSet
from opscore.logs import log_events
from opscore.logs.log_events import LogEvent

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient

EARLIER_MS = 60_000
"""How long before a message's own time stamp to begin: the clocks of SQS and of Lambda are not the same."""

EARLIER_FIFO_MS = 7_200_000
"""The same where that time stamp is the one of the death: a FIFO dead-letter queue gives a new one, after all tries."""

MAXIMUM_LINES = 1_000_000
MAXIMUM_SIGNATURES = 5_000

ReadBetween = Callable[[int, int], Iterable[LogEvent]]
"""Returns the errors that were logged from one time until another, in milliseconds."""


class CauseIndex:
    """The errors that consumers logged in a time span, by the message or request they name; each is read once.

    The span grows backwards when a letter is older than it. Memory is one number an id and the texts of the signatures,
    and of the ids `in_full` the whole error, too. It may be asked by several threads.
    """

    def __init__(self, in_full: Collection[str] = ()) -> None:
        self._in_full = frozenset(in_full)
        self._causes: dict[str, Cause] = {}
        self._signatures: list[str] = []
        self._numbers: dict[str, int] = {}
        self._latest = IdMap()
        self._last_crash: Cause | None = None
        self._read_between: ReadBetween | None = None
        self._start_ms = self._end_ms = 0
        self._lock = threading.Lock()

    @classmethod
    def read(
        cls,
        logs: "CloudWatchLogsClient",
        log_groups: Collection[str],
        start_ms: int,
        in_full: Collection[str] = (),
        end_ms: int | None = None,
    ) -> "CauseIndex":
        """Read the errors and crashes in the log groups since `start_ms`; `end_ms` is about now, by SQS's clock."""

        def read_between(start_ms: int, end_ms: int | None = None) -> Iterator[LogEvent]:
            for group in log_groups:
                yield from _errors(logs, group, start_ms, end_ms)

        index = cls.of(read_between(start_ms), in_full)
        index._read_between = read_between
        index._start_ms, index._end_ms = start_ms, max(start_ms, end_ms or 0)
        return index

    @classmethod
    def of(cls, events: Iterable[LogEvent], in_full: Collection[str] = ()) -> "CauseIndex":
        """Return the index of log lines. CloudWatch gives them by time; of an id the last one counts."""
        index = cls(in_full)
        index._take_in(events)
        return index

    def of_id(self, name: str) -> str | None:
        """Return the signature of the last error that named a message or request id."""
        with self._lock:
            return self._known(name)

    def cause(self, letter: DeadLetter) -> str | None:
        """Return the signature of why `letter` died, None when nothing names it."""
        if own := own_cause(letter):
            return signature_of(own)
        with self._lock:
            self._reach(letter)
            return next((found for name in ids_of(letter) if (found := self._known(name))), None)

    def explain(self, letter: DeadLetter) -> Cause | None:
        """Return the same with its particulars, where the letter's ids are kept `in_full`; failing it, the guess."""
        signature = self.cause(letter)
        if signature is None:
            return self.guess(letter)
        kept = (self._causes[name] for name in ids_of(letter) if name in self._causes)
        return own_cause(letter) or next(kept, Cause("", signature, letter.sent_ms))

    def guess(self, letter: DeadLetter) -> Cause | None:
        """Return the last crash of a consumer, when that was after `letter` was sent: the line names no message."""
        crash = self._last_crash
        return crash if crash and crash.at_ms >= _since(letter) else None

    def _known(self, name: str) -> str | None:
        number = self._latest.get(name)
        return None if number is None else self._signatures[number]

    def _reach(self, letter: DeadLetter) -> None:
        """Read what was logged earlier, when `letter` may have died then; so far back that few letters ask for more."""
        wanted = _since(letter)
        if self._read_between and letter.sent_ms and wanted < self._start_ms:
            end_ms = self._start_ms
            self._start_ms = max(0, min(wanted, 2 * end_ms - self._end_ms))
            self._take_in(self._read_between(self._start_ms, end_ms - 1), earlier=True)

    def _take_in(self, events: Iterable[LogEvent], *, earlier: bool = False) -> None:
        """Read log lines; those from `earlier` say nothing about what a later one has named already."""
        fresh = IdSet()
        for event in events:
            if is_crash(event.message) and not (earlier and self._last_crash):
                self._last_crash = read_crash(event)
            if cause := read_error(event):
                names = [name for name in named_ids(event.message) if name not in self._latest or name in fresh]
                self._add(names if earlier else list(named_ids(event.message)), cause)
                for name in names if earlier else ():
                    fresh.add(name)

    def _add(self, names: Iterable[str], cause: Cause) -> None:
        number = self._number(signature_of(cause))
        for name in names:
            self._latest.put(name, number)
            if name in self._in_full:
                self._causes[name] = cause

    def _number(self, text: str) -> int:
        if text not in self._numbers and len(self._numbers) >= MAXIMUM_SIGNATURES:
            text = "other errors"
        number = self._numbers.setdefault(text, len(self._numbers))
        if number == len(self._signatures):
            self._signatures.append(text)
        return number


def read_causes(
    sqs: "SQSClient",
    logs: "CloudWatchLogsClient",
    dead_letters: QueueFacts,
    log_groups: Collection[str],
    letters: Sequence[DeadLetter] = (),
) -> CauseIndex:
    """Return the consumers' errors since about the time the oldest dead letter was sent, those of `letters` whole."""
    first = letters or (peek(sqs, dead_letters, limit=BATCH) if dead_letters.visible else [])
    start_ms = min(map(_since, first), default=dead_letters.asked_ms - EARLIER_MS)
    ids = {name for letter in letters for name in ids_of(letter)}
    return CauseIndex.read(logs, log_groups, start_ms, ids, dead_letters.asked_ms)


def _since(letter: DeadLetter) -> int:
    """Return from when on the log may name `letter`, in milliseconds since the epoch."""
    return max(0, letter.sent_ms - (EARLIER_FIFO_MS if "SequenceNumber" in letter.system else EARLIER_MS))


def _errors(logs: "CloudWatchLogsClient", group: str, start_ms: int, end_ms: int | None) -> Iterator[LogEvent]:
    try:
        lines = log_events.read(logs, group, start_ms=start_ms, pattern=PATTERN, end_ms=end_ms)
        yield from islice(lines, MAXIMUM_LINES)
    except NotFound:
        return
