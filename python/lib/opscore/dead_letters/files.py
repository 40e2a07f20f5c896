"""Dead letters to a file and back: NDJSON, byte-exact, readable by its owner only."""

import dataclasses
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from opscore import aws_faults
from opscore.dead_letters.engine.dispatch import MAXIMUM_TRIES
from opscore.dead_letters.engine.engine import ClientEngine
from opscore.dead_letters.engine.journal import NoJournal
from opscore.dead_letters.engine.outbox import Outbox, open_outbox
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.looking.queue import MAXIMUM_BYTES, QueueFacts, describe
from opscore.dead_letters.looking.sweep import Sweep
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import from_line, to_line, to_record
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import Confirmation, Destination, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing, Unsendable, unchanged
from opscore.dead_letters.tally import Tally
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_WINDOW = 640
_WINDOW_BYTES = 16 * 1024 * 1024


def create_private(path: Path) -> IO[bytes]:
    """Create a file that only its owner can read; raises `OpsError` when it exists: no export is ever overwritten."""
    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise OpsError(f"{path} exists already.", hint="Name another file, or move this one away.") from None


class FileDestination:
    """A file of exported messages. It confirms a message once that is safe on the disk."""

    fifo = False
    batch_entries = 10
    batch_bytes = MAXIMUM_BYTES

    def __init__(self, file: IO[bytes], label: str) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.label = label

    def objection(self, message: Outgoing) -> Refusal | None:  # noqa: ARG002
        """Return None: a file takes everything."""
        return None

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        """Append the messages as they are in the queue."""
        with self._lock:
            self._file.writelines(to_line(to_record(message.letter)) for message in messages)
            self._file.flush()
            os.fsync(self._file.fileno())
        return Outcome({m.letter.message_id: Confirmation(m.letter.message_id) for m in messages})


def export_to(sqs: "SQSClient", queue: QueueFacts, path: Path) -> int:
    """Copy the messages of `queue` to `path`, leave them there, and return how many could be read."""
    with create_private(path) as file:

        def keep(letter: DeadLetter) -> None:
            file.write(to_line(to_record(letter)))

        return Sweep(sqs, queue, keep).run()


def purge_into(sqs: "SQSClient", queue: QueueFacts, path: Path) -> Tally:
    """Move every message that is in `queue` now to `path`. The file is the journal of what may be deleted."""
    with create_private(path) as file:
        destination = FileDestination(file, f"file:{path}")
        bound = describe(sqs, queue.url).end_of_second_ms
        admission = Admission("purge", bound, lambda _letter: destination)
        return ClientEngine(sqs, queue, admission, NoJournal(), limits=Limits(ordered=queue.fifo)).run()


@dataclass
class Imported:
    """What became of the lines of a file, by line number."""

    done: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)


class Import:
    """Sends the messages of a file to a queue, with all their attributes; `result` grows while it works."""

    def __init__(
        self, destination: Destination, *, threads: int = 16, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.result = Imported()
        self._destination = destination
        self._threads = threads
        self._sleep = sleep
        self._lock = threading.Lock()

    def run(self, lines: Iterable[bytes]) -> Imported:
        """Send what can be sent. Ctrl-C ends after the batches under way."""
        outbox = open_outbox(self._destination)
        with ThreadPoolExecutor(self._threads) as pool:
            for message in self._readable(lines):
                outbox.add(message, 0.0)
                if len(outbox) >= _WINDOW or outbox.waiting_bytes >= _WINDOW_BYTES:
                    self._empty(outbox, pool)
            self._empty(outbox, pool)
        return self.result

    def _readable(self, lines: Iterable[bytes]) -> Iterator[Outgoing]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                self.result.done.add(number)
                continue
            try:
                letter = from_line(line)
                message = unchanged(dataclasses.replace(letter, message_id=f"{letter.message_id}#{number}"))
            except (ValueError, Unsendable) as error:
                self.result.failed[number] = str(error)
                continue
            if objection := self._destination.objection(message):
                self.result.failed[number] = str(objection)
            else:
                yield message

    def _empty(self, outbox: Outbox, pool: ThreadPoolExecutor) -> None:
        """Send everything that waits, several batches at a time; of a FIFO group never two at a time."""
        while len(outbox):
            batches: list[list[Outgoing]] = []
            while len(batches) < self._threads and (batch := outbox.take(0.0, limit=10, flush=True)):
                batches.append(batch)
            for batch, failed in zip(batches, pool.map(self._send, batches), strict=True):
                outbox.settle(batch)
                for message in failed:
                    for after in outbox.take_group(message.letter.group_id):
                        self._fail(after, "comes after a message of its group that failed")

    def _send(self, batch: list[Outgoing]) -> list[Outgoing]:
        """Send a batch, and again what may be taken later; return what failed for good."""
        waiting, failed = batch, []
        for attempt in range(MAXIMUM_TRIES):
            if attempt:
                self._sleep(min(10.0, 0.2 * 2.0**attempt))
            outcome = self._try(waiting)
            again = []
            for message in waiting:
                refusal = outcome.refused.get(message.letter.message_id)
                if not refusal:
                    with self._lock:
                        self.result.done.add(_line_number(message))
                elif refusal.final or attempt + 1 == MAXIMUM_TRIES:
                    self._fail(message, str(refusal))
                    failed.append(message)
                else:
                    again.append(message)
            waiting = again
            if not waiting:
                break
        return failed

    def _try(self, batch: list[Outgoing]) -> Outcome:
        try:
            return self._destination.send(batch)
        except Exception as error:
            if not aws_faults.is_transient(error):
                raise
            refusal = Refusal(aws_faults.code(error) or type(error).__name__, aws_faults.message(error), final=False)
            return Outcome({}, {message.letter.message_id: refusal for message in batch})

    def _fail(self, message: Outgoing, why: str) -> None:
        with self._lock:
            self.result.failed[_line_number(message)] = why


def write_rest(path: Path, lines: Sequence[bytes], done: Collection[int]) -> Path | None:
    """Write to `path` the lines that were not sent; return it, or None when all were."""
    left = [line for number, line in enumerate(lines, start=1) if number not in done]
    if not left:
        return None
    with create_private(path) as file:
        file.writelines(left)
    return path


def _line_number(message: Outgoing) -> int:
    return int(message.letter.message_id.rsplit("#", 1)[1])
