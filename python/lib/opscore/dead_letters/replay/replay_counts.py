"""How often messages were replayed that have no room for the attribute that counts it.

SQS allows ten attributes and 1,048,576 bytes. For a message that has no room for another attribute the count is kept in
a file beside the journals, under the id the message got when it was sent; it comes back with that id.
"""

import os
import threading
from pathlib import Path

from opscore.dead_letters.engine.journal import parse
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import to_line
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing


class ReplayCounts:
    """The counts in the file, and those of this run."""

    def __init__(self, path: Path, run: str = "") -> None:
        self._path, self._run = path, run
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, int]] = {}
        if path.exists():
            with path.open("rb") as lines:
                self._known = {fields["id"]: (fields["run"], fields["replays"]) for fields in parse(lines)}

    def history(self, letter: DeadLetter) -> tuple[str, int]:
        """Return the run that replayed `letter` last and how often it was replayed, from its mark or from the file."""
        return letter.replay if letter.replay[0] else self._known.get(letter.message_id, ("", 0))

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
