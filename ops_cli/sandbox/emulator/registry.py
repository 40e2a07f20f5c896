"""The sandboxes of this machine that were started by this user: one small file each, so that none overwrites another.

The registry only helps to look: which sandbox is meant, and whether it runs, is known from its own folder alone.
"""

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator, from_plain, recorded, time_of
from ops_cli.frame.folders import state_folder
from ops_cli.sandbox.emulator.process import state_of


@dataclass(frozen=True)
class Known:
    """One row of `opsctl sandbox list`: `folder` is the clone; `here` says that the working folder means this one."""

    folder: str
    state: str
    endpoint: str | None
    since: datetime | None
    pid: int | None
    here: bool


def remember(places: Places, emulator: Emulator) -> str:
    """Note that `emulator` was started for `places`. Return a sentence when that is not possible, else nothing."""
    file = _file(places)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps({"root": str(places.root), "emulator": asdict(emulator)}), encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        return f"`opsctl sandbox list` will not show this sandbox: {file} cannot be written ({error.strerror})."
    return ""


def forget(places: Places) -> None:
    """Take `places` off the list."""
    with contextlib.suppress(OSError):
        _file(places).unlink()


def look_around(mine: Places | None) -> list[Known]:
    """Return every known sandbox by folder, with `mine` among them; one whose folder is gone is returned a last time.

    It stays on the list while its emulator runs.
    """
    started = _started()
    if mine is not None:
        started.setdefault(str(mine.root), None)
    return [_look(Places(Path(root)), last, mine) for root, last in sorted(started.items())]


def owner_of(port: int) -> str | None:
    """Return the clone whose emulator runs on `port`, if it is known."""
    for root, last in _started().items():
        if last and last.port == port and last.process.is_running():
            return root
    return None


def _look(places: Places, last: Emulator | None, mine: Places | None) -> Known:
    gone = not places.folder.is_dir()
    if not gone:
        last = recorded(places)
    runs = last is not None and last.process.is_running()
    if gone and not runs:
        forget(places)
    return Known(
        folder=str(places.root),
        state="gone" if gone else state_of(last),
        endpoint=last.endpoint if last and runs else None,
        since=time_of(last.started_at) if last and runs else None,
        pid=last.process.pid if last and runs else None,
        here=mine is not None and mine.root == places.root,
    )


def _started() -> dict[str, Emulator | None]:
    """Return root -> the emulator started there last; a damaged file is passed over and taken away."""
    found: dict[str, Emulator | None] = {}
    for file in _folder().glob("*.json"):
        try:
            noted = json.loads(file.read_text(encoding="utf-8"))
            found[noted["root"]] = from_plain(noted["emulator"])
        except (ValueError, TypeError, KeyError):
            file.unlink(missing_ok=True)
        except OSError:
            continue
    return found


def _file(places: Places) -> Path:
    return _folder() / f"{hashlib.sha256(str(places.root).encode()).hexdigest()[:16]}.json"


def _folder() -> Path:
    return state_folder() / "sandboxes"
