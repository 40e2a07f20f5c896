"""How often messages were replayed that came back without the attribute that counts it.

SQS allows ten attributes and 1,048,576 bytes. For a message that has no room for another attribute the count is kept in
a file beside the journals, under the id the message got when it was sent; SQS moves it back with that id. What a
consumer puts among the dead letters itself has a new id, and perhaps no attributes: how often that was replayed is in
the journals, by what it holds.
"""

import os
import threading
from pathlib import Path
from typing import Protocol

from opscore.dead_letters.engine.run_state import parse
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import to_line
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing


class Counted(Protocol):
    """What knows how often a letter's content was sent."""

    def count(self, letter: DeadLetter) -> int:
        """Return how many runs have sent what `letter` holds."""


class ReplayCounts:
    """The counts in the file, those of this run, and, where `before` is given, what earlier runs sent."""

    def __init__(self, path: Path, run: str = "", before: Counted | None = None) -> None:
        self._path, self._run, self._before = path, run, before
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, int]] = {}
        if path.exists():
            with path.open("rb") as lines:
                self._known = {fields["id"]: (fields["run"], fields["replays"]) for fields in parse(lines)}

    def history(self, letter: DeadLetter) -> tuple[str, int]:
        """Return the run that replayed `letter` last, when that is known, and how often it was replayed."""
        if letter.replay[0]:
            return letter.replay
        if known := self._known.get(letter.message_id):
            return known
        return ("", self._before.count(letter) if self._before else 0)

    def on_arrival(self, message: Outgoing, proof: Confirmation) -> None:
        """Note how often a message was replayed that arrived without a mark."""
        if message.counted:
            return
        with self._lock:
            self._known[proof.new_id] = (self._run, message.replays)
            line = to_line({"id": proof.new_id, "run": self._run, "replays": message.replays})
            self._append(line)

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)
