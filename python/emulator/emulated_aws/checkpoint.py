"""Put the emulator's whole state on disk while it runs, so that killing it costs a few seconds of work, not all.

The emulator saves on SIGTERM only. A checkpoint writes the same files, each replaced in one step and only when it
changed, and last `checkpoint.json` with their digests: when that does not fit the files, the emulator was killed
while it wrote them.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ministack.app
from ministack.core import persistence

CHECKPOINT = "checkpoint.json"
TRIES = 5
"""A service's state can change under the copy; the copy is then made again."""


@dataclass(frozen=True)
class Checkpoint:
    """`state_id` names one life of the emulated account, `emulator` the version that wrote, `files` their digests.

    `written_at` is in seconds since 1970, a digest the SHA-256 in hexadecimal.
    """

    state_id: str
    emulator: str
    written_at: float
    files: Mapping[str, str]


class Checkpointer:
    """Writes checkpoints into `folder`, of the state called `state_id`.

    Safe to call beside the server, in a thread of its own: a state that holds functions takes a tenth of a second,
    mostly to hash their zips, in which requests go on.
    """

    def __init__(self, folder: Path, state_id: str, version: str) -> None:
        self._folder = folder
        self._state_id = state_id
        self._version = version
        self._digests: dict[str, str] = {}
        self._one_at_a_time = threading.Lock()

    def write(self) -> Checkpoint:
        """Write what changed since the last call, then the record of all of it."""
        with self._one_at_a_time:
            return self._write()

    def _write(self) -> Checkpoint:
        files = {
            f"{service}.json": self._write_service(service, get_state)
            for service, get_state in ministack.app._build_persistence_save_dict().items()
        }
        known = {**self._digests, **{name: digest for name, digest in files.items() if digest}}
        checkpoint = Checkpoint(self._state_id, self._version, time.time(), known)
        if known != self._digests or not (self._folder / CHECKPOINT).exists():
            self._replace(CHECKPOINT, json.dumps(asdict(checkpoint)))
        self._digests = known
        return checkpoint

    def _write_service(self, service: str, get_state: Callable[[], Mapping[str, Any] | None]) -> str:
        state = _copy(get_state)
        if state is None:
            return ""
        form = persistence._state_format_version(service)
        text = json.dumps({"__ministack_format__": form, "payload": state}, default=persistence._json_default)
        digest = hashlib.sha256(text.encode()).hexdigest()
        name = f"{service}.json"
        if self._digests.get(name) != digest:
            self._replace(name, text)
        return digest

    def _replace(self, name: str, text: str) -> None:
        draft = self._folder / f"{name}.draft"
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, self._folder / name)  # noqa: PTH105 - the name of the guarantee


def _copy(get_state: Callable[[], Mapping[str, Any] | None]) -> Mapping[str, Any] | None:
    for tries_left in reversed(range(TRIES)):
        try:
            return get_state()
        except RuntimeError:  # "dictionary changed size during iteration"
            if not tries_left:
                raise
    raise AssertionError("unreachable")
