"""Dead letters to a file and back: NDJSON, byte-exact, readable by its owner only."""

import contextlib
import dataclasses
import itertools
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

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
_PROBE_BYTES = 64 * 1024
_OF_A_MESSAGE = {
    "BatchRequestTooLong",
    "InvalidAttributeValue",
    "InvalidMessageContents",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "MissingParameter",
    "ParamValidationError",
    "UnsupportedOperation",
    "ValidationError",
    "ValidationException",
}
"""What SQS, or the client before it asks, says of a whole batch because of one message in it."""


class FileTaken(OpsError):
    """There is a file of that name; no file is ever overwritten."""


def create_private(path: Path) -> IO[bytes]:
    """Create a file that only its owner can read, on a disk that has room.

    Raises `FileTaken` when it exists, and `OSError` with the path where it cannot be.
    """
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise FileTaken(f"{path} exists already.", hint="Name another file, or move this one away.") from None
    try:
        _probe(file, path)
    except OSError as error:
        file.close()
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
    return file


def _probe(file: IO[bytes], path: Path) -> None:
    """Write something, take it back, and let the disk know the file's name."""
    file.write(bytes(_PROBE_BYTES))
    _sync(file)
    file.seek(0)
    file.truncate()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def reserve_rest(path: Path) -> Path:
    """Create the file for what of `path` cannot be sent: `path`.rest, or the first of .rest.2, .rest.3 that is free."""
    for number in itertools.count(1):
        rest = path.with_name(f"{path.name}.rest{'' if number == 1 else f'.{number}'}")
        if not os.path.lexists(rest):
            with contextlib.suppress(FileTaken):
                create_private(rest).close()
                return rest
    raise AssertionError("there is always another number")


def write_rest(path: Path, lines: Sequence[bytes], done: Collection[int]) -> Path | None:
    """Write to `path`, which is reserved, the lines that were not sent; without such, remove it and return None."""
    left = [line for number, line in enumerate(lines, start=1) if number not in done]
    if not left:
        path.unlink(missing_ok=True)
        return None
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(left)
        _sync(file)
    return path


def _append(file: int, data: bytes, label: str) -> None:
    """Write all of `data` and let it reach the disk, or none of it."""
    end = os.lseek(file, 0, os.SEEK_CUR)
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError as error:
        os.ftruncate(file, end)
        os.lseek(file, end, os.SEEK_SET)
        raise OSError(error.errno, error.strerror, label.removeprefix("file:")) from None


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
        """Append the messages as they are in the queue; a disk that becomes full keeps none of them by half."""
        lines = b"".join(to_line(to_record(message.letter)) for message in messages)
        with self._lock:
            _append(self._file.fileno(), lines, self.label)
        return Outcome({m.letter.message_id: Confirmation(m.letter.message_id) for m in messages})


def export_to(sqs: "SQSClient", queue: QueueFacts, path: Path, report: Callable[[int], None] = lambda _n: None) -> int:
    """Copy the messages of `queue` to `path`, leave them there, and return how many could be read.

    A disk that becomes full leaves no half of a file.
    """
    file = create_private(path)
    try:
        with file:
            count = export_lines(sqs, queue, lambda record: file.write(to_line(record)), report)
            _sync(file)
    except OSError as error:
        if aws_faults.is_of_aws(error):
            raise
        path.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None
    return count


def export_lines(
    sqs: "SQSClient",
    queue: QueueFacts,
    put: Callable[[Mapping[str, Any]], object],
    report: Callable[[int], None] = lambda _n: None,
) -> int:
    """Hand each message of `queue` to `put` as its record, tell `report` how many, and return how many there were."""
    done = itertools.count(1)

    def visit(letter: DeadLetter) -> None:
        put(to_record(letter))
        report(next(done))

    return Sweep(sqs, queue, visit).run()


def purge_into(sqs: "SQSClient", queue: QueueFacts, path: Path) -> Tally:
    """Move every message that is in `queue` now to `path`. The file is the journal of what may be deleted."""
    with create_private(path) as file:
        destination = FileDestination(file, f"file:{path}")
        bound = describe(sqs, queue.url).end_of_second_ms
        admission = Admission("purge", bound, lambda _letter: destination)
        return ClientEngine(sqs, queue, admission, NoJournal(), limits=Limits(ordered=queue.fifo)).run()


@dataclass
class Imported:
    """What became of the lines of a file, by line number.

    Of both, the `doubtful` may be in the queue once more than that says: a send of them got no answer.
    """

    done: set[int] = field(default_factory=set)
    failed: dict[int, str] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)


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
                    self._arrived(message)
                elif refusal.final or attempt + 1 == MAXIMUM_TRIES:
                    self._fail(message, str(refusal))
                    failed.append(message)
                else:
                    again.append(message)
                if refusal and refusal.doubtful:
                    with self._lock:
                        self.result.doubtful.add(_line_number(message))
            waiting = again
            if not waiting:
                break
        return failed

    def _try(self, batch: list[Outgoing]) -> Outcome:
        try:
            return self._destination.send(batch)
        except Exception as error:
            final = not aws_faults.is_transient(error)
            if final and aws_faults.name(error) not in _OF_A_MESSAGE:
                raise
            if final and len(batch) > 1:  # one message made SQS refuse all
                return _joined(self._try([message]) for message in batch)
            return Outcome({}, dict.fromkeys((one.letter.message_id for one in batch), Refusal.of(error, final=final)))

    def _arrived(self, message: Outgoing) -> None:
        with self._lock:
            self.result.done.add(_line_number(message))
            if self._destination.fifo:  # the second send was recognised by its deduplication id
                self.result.doubtful.discard(_line_number(message))

    def _fail(self, message: Outgoing, why: str) -> None:
        with self._lock:
            self.result.failed[_line_number(message)] = why


def _joined(outcomes: Iterable[Outcome]) -> Outcome:
    confirmed: dict[str, Confirmation] = {}
    refused: dict[str, Refusal] = {}
    for outcome in outcomes:
        confirmed |= outcome.confirmed
        refused |= outcome.refused
    return Outcome(confirmed, refused)


def _line_number(message: Outgoing) -> int:
    return int(message.letter.message_id.rsplit("#", 1)[1])
