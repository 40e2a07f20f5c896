"""What the sandbox is doing now, found out without changing anything."""

import datetime as dt
from dataclasses import dataclass

from ops_cli.clone.places import Places
from ops_cli.clone.record import recorded, time_of
from ops_cli.sandbox.applied import Applied, read_applied
from ops_cli.sandbox.emulator.checkpoints import read_checkpoint
from ops_cli.sandbox.emulator.ports import kept_port
from ops_cli.sandbox.emulator.process import state_of
from ops_cli.sandbox.terraform.deployment import deployment_at, fingerprint


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
    last = recorded(places)
    running = last is not None and last.process.is_running()
    applied = read_applied(places)
    saved = read_checkpoint(places.state)
    return Status(
        state=state_of(last),
        pid=last.process.pid if last and running else None,
        endpoint=last.endpoint if last and running else None,
        since=time_of(last.started_at) if last and running else None,
        emulator=f"ministack {last.version}" if last and running else None,
        applied=_applied(places, applied),
        applied_at=time_of(applied.at) if applied else None,
        saved_at=time_of(saved.written_at) if saved and saved.files else None,
        folder=str(places.folder),
    )


def _applied(places: Places, applied: Applied | None) -> str:
    if applied is None:
        return "never"
    deployment = deployment_at(places, kept_port(places.port) or 0)
    if not deployment.manifest.exists():
        return "outdated"
    return "current" if fingerprint(deployment) == applied.fingerprint else "outdated"
