"""What the sandbox is doing now, found out without changing anything."""

import datetime as dt
from dataclasses import dataclass

from ops_cli.sandbox import emulator as emulators
from ops_cli.sandbox.applied import Applied, read_applied
from ops_cli.sandbox.checkpoints import read_checkpoint
from ops_cli.sandbox.deployment import deployment_at, fingerprint
from ops_cli.sandbox.ports import kept_port
from ops_cli.sandbox.project import Places


@dataclass(frozen=True)
class Status:
    """`state` is running, not answering, killed or stopped; `applied` is current, outdated or never."""

    state: str
    pid: int | None
    endpoint: str | None
    since: dt.datetime | None
    emulator: str | None
    applied: str
    applied_at: dt.datetime | None
    saved_at: dt.datetime | None
    folder: str


def look(places: Places) -> Status:
    """Return the present status."""
    last = emulators.recorded(places)
    running = last is not None and last.process.is_running()
    applied = read_applied(places)
    saved = read_checkpoint(places.state)
    return Status(
        state=_state(last, running),
        pid=last.process.pid if last and running else None,
        endpoint=last.endpoint if last and running else None,
        since=_time(last.started_at) if last and running else None,
        emulator=f"ministack {last.version}" if last and running else None,
        applied=_applied(places, applied),
        applied_at=_time(applied.at) if applied else None,
        saved_at=_time(saved.written_at) if saved and saved.files else None,
        folder=str(places.folder),
    )


def _state(last: emulators.Emulator | None, running: bool) -> str:
    if last is None:
        return "stopped"
    if not running:
        return "killed"
    return "running" if emulators.answers(last) else "not answering"


def _applied(places: Places, applied: Applied | None) -> str:
    if applied is None:
        return "never"
    port = kept_port(places.port)
    deployment = deployment_at(places, emulators.endpoint_of(port or 0))
    if not deployment.manifest.exists():
        return "outdated"
    return "current" if fingerprint(deployment) == applied.fingerprint else "outdated"


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)
