"""The record of the emulator that a clone's sandbox runs on: written when it starts, read by every command.

Reading it costs no call: the process tells by its beginning whether it is the one that was started, the folder whether
the record is this clone's own or came with a copy of another's.
"""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import Any

from ops_cli.clone.places import Places
from ops_cli.clone.process import Process

LOOPBACK = "127.0.0.1"
REGION = "eu-west-1"


@dataclass(frozen=True)
class Emulator:
    """An emulator that was started: its process, its port, the life of the account that it holds, since when, where."""

    process: Process
    port: int
    state_id: str
    version: str
    started_at: float
    folder: str

    @property
    def endpoint(self) -> str:
        """The URL that every AWS client of the sandbox talks to."""
        return endpoint_of(self.port)


def endpoint_of(port: int) -> str:
    """Return the URL of an emulator on `port`."""
    return f"http://{LOOPBACK}:{port}"


def folder_of(places: Places) -> str:
    """Return the folder of the sandbox as a record names it."""
    return str(places.folder.resolve())


def running(places: Places) -> Emulator | None:
    """Return this sandbox's emulator if its process runs now, whether or not it answers."""
    last = recorded(places)
    return last if last and last.process.is_running() else None


def recorded(places: Places) -> Emulator | None:
    """Return the emulator that was started here last and not stopped by us, running or not; None when there is none."""
    last = any_record(places)
    return last if last and last.folder == folder_of(places) else None


def any_record(places: Places) -> Emulator | None:
    """Return what the record says, be it of this folder or of the one that this was copied from."""
    try:
        return from_plain(json.loads(places.process.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def from_plain(record: Any) -> Emulator:
    """Return the emulator that `dataclasses.asdict` made plain; raises TypeError or KeyError for anything else."""
    return Emulator(**{**record, "process": Process(**record["process"])})


def write_record(places: Places, emulator: Emulator) -> None:
    """Replace the record in one step."""
    draft = places.process.with_name(f"{places.process.name}.draft")
    draft.write_text(json.dumps(asdict(emulator)), encoding="utf-8")
    draft.replace(places.process)


def time_of(seconds: float) -> dt.datetime:
    """Return a record's time."""
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)
