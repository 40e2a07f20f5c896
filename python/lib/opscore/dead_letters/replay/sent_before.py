"""How often earlier runs have sent what a dead letter holds, by their journals: for letters that lost their mark."""

import contextlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.journals import Journals
from opscore.dead_letters.sending.digests import digest_of
from opscore.errors import OpsError
from opscore.id_set import IdMap

_Sends = tuple[tuple[int, int], ...]
"""In which runs something was sent, and how often in each: several dead letters may hold the same."""


class SentBefore:
    """What the runs on one dead-letter queue have sent: about 60 bytes for each message, read when it is asked for.

    A letter is taken for one that came back from a run when it was sent after that run had begun, and only as many are
    as the run had sent: a new one may hold the same as an old one.
    """

    def __init__(self, journals: Journals, source_arn: str) -> None:
        self._journals, self._source_arn = journals, source_arn
        self._is_read = False
        self._lock = threading.Lock()
        self._begun: list[int] = []
        self._numbers = IdMap()
        self._kinds: list[_Sends] = []
        self._number_of: dict[_Sends, int] = {}
        self._claimed: defaultdict[str, set[str]] = defaultdict(set)

    def count(self, letter: DeadLetter) -> int:
        """Return how many runs have sent what `letter` holds, since it or what it came from was first sent."""
        with self._lock:
            if not self._is_read:
                self._read()
            return self._count(letter)

    def _read(self) -> None:
        """Take in the journals; one that cannot be read says nothing."""
        self._is_read = True
        for run in reversed(self._journals.names()):
            with contextlib.suppress(OpsError, OSError, ValueError, LookupError, TypeError, AttributeError):
                header = self._journals.header(run)
                if header.get("engine") == "client" and header["source"]["arn"] == self._source_arn:
                    self._begun.append(int(header["bound_ms"]))
                    for digest in _sent(self._journals.lines(run)):
                        self._add(digest, len(self._begun) - 1)

    def _count(self, letter: DeadLetter) -> int:
        digest = digest_of(letter)
        number = self._numbers.get(digest)
        if number is None:
            return 0
        times = [times for run, times in self._kinds[number] if self._begun[run] <= letter.sent_ms]
        claimed = self._claimed[digest]
        if letter.message_id not in claimed and len(claimed) >= max(times, default=0):
            return 0
        claimed.add(letter.message_id)
        return len(times)

    def _add(self, digest: str, run: int) -> None:
        number = self._numbers.get(digest)
        sends = () if number is None else self._kinds[number]
        again = bool(sends) and sends[-1][0] == run
        sends = (*sends[:-1], (run, sends[-1][1] + 1)) if again else (*sends, (run, 1))
        if sends not in self._number_of:
            self._number_of[sends] = len(self._kinds)
            self._kinds.append(sends)
        self._numbers.put(digest, self._number_of[sends])


def _sent(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the digests of what arrived; journals of earlier versions have none."""
    under_way: dict[str, str] = {}
    for fields in lines:
        for record in fields.get("intent", ()):
            if digest := record.get("digest"):
                under_way[record["message_id"]] = digest
        for message_id in fields.get("sent", ()):
            if digest := under_way.pop(message_id, ""):
                yield digest
