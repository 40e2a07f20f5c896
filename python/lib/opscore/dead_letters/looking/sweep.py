"""Read a whole queue once and leave it as it was: every message hidden until all are read, then shown again."""

import json
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING

from opscore.batches import batches
from opscore.dead_letters.looking.queue import BATCH, EMPTY_ANSWERS, MAXIMUM_HELD, QueueFacts, QueueReader
from opscore.dead_letters.message import DeadLetter
from opscore.id_set import IdSet

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SHORTEST_SECONDS = 120
MESSAGES_PER_SECOND = 200
LONGEST_SECONDS = 3600


class Sweep:
    """One reading of a queue. `visit` is called once a message, never twice at a time; `maximum` bounds the reading.

    The receipt handles wait in an unnamed file for the release: at AWS they are several hundred bytes each.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        queue: QueueFacts,
        visit: Callable[[DeadLetter], None],
        *,
        maximum: int = MAXIMUM_HELD,
        threads: int = 16,
    ) -> None:
        self._queue = QueueReader(sqs, queue)
        self._visit = visit
        self._maximum = min(maximum, MAXIMUM_HELD)
        self._threads = threads
        # Long enough for the whole reading, or the first messages would come again before the last are read.
        self._hidden_seconds = min(LONGEST_SECONDS, SHORTEST_SECONDS + queue.depth // MESSAGES_PER_SECOND)
        self._seen = IdSet()
        self._empty_answers = 0
        self._stopped = False
        self._lock = threading.Lock()

    def run(self) -> int:
        """Read everything, release everything, and return how many messages were read; also releases on Ctrl-C."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as handles:
            try:
                self._in_parallel(lambda: self._read(handles))
            finally:
                self._release(handles)
        return len(self._seen)

    def _in_parallel(self, work: Callable[[], None]) -> None:
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for future in [pool.submit(work) for _ in range(self._threads)]:
                    future.result()
            finally:
                self._stopped = True

    def _read(self, handles: IO[str]) -> None:
        while not self._is_over:
            letters = self._queue.receive(BATCH, self._hidden_seconds)
            with self._lock:
                self._take_in(letters, handles)

    @property
    def _is_over(self) -> bool:
        return self._stopped or self._empty_answers >= EMPTY_ANSWERS or len(self._seen) >= self._maximum

    def _take_in(self, letters: list[DeadLetter], handles: IO[str]) -> None:
        handles.writelines(json.dumps(letter.receipt_handle) + "\n" for letter in letters)
        self._empty_answers = 0 if letters else self._empty_answers + 1
        for letter in letters:
            if letter.message_id not in self._seen and len(self._seen) < self._maximum:
                self._seen.add(letter.message_id)
                self._visit(letter)

    def _release(self, handles: IO[str]) -> None:
        handles.seek(0)
        with ThreadPoolExecutor(self._threads) as pool:
            for some in batches(map(json.loads, handles), self._threads * BATCH):
                list(pool.map(self._queue.release, batches(some, BATCH)))
