"""What is wrong with a sandbox, for `opsctl doctor`: found by asking whoever answers on its port, changing nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator, any_record, endpoint_of, recorded
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.emulator import registry
from ops_cli.sandbox.emulator.checkpoints import read_checkpoint
from ops_cli.sandbox.emulator.ports import kept_port

UP = "`opsctl sandbox up`"


@dataclass(frozen=True)
class Diagnosis:
    """One finding: its level (ok, bad), what it is, and how to mend it."""

    level: str
    finding: str
    fix: str = ""


def diagnose(places: Places) -> Diagnosis:
    """Say whether this folder's own emulator runs and answers, and if not, what stands in its place."""
    last = recorded(places)
    if last is None:
        return _without_record(places)
    if not last.process.is_running():
        finding = f"its emulator (process {last.process.pid}) ended without being stopped"
        return Diagnosis("bad", finding + _stranger(places), f"{UP} starts it with the state that was saved last.")
    return _running(places, last)


def _running(places: Places, last: Emulator) -> Diagnosis:
    found = emulators.ask_identity(last.port, seconds=emulators.ANSWER_SECONDS)
    if found is None:
        finding = f"its emulator (process {last.process.pid}) does not answer at {last.endpoint}"
        return Diagnosis("bad", finding, f"{UP} starts it again; `opsctl sandbox logs` may show why.")
    if (found["pid"], found["state_id"]) != (last.process.pid, last.state_id):
        return Diagnosis("bad", f"another emulator answers at {last.endpoint}: {_who(found, last.port)}", _moves())
    return Diagnosis("ok", f"{places.root}, process {last.process.pid} at {last.endpoint}")


def _without_record(places: Places) -> Diagnosis:
    other = any_record(places)
    if other is not None:
        finding = f"its folder is a copy of {Path(other.folder).parent}'s, and has never been started"
        return Diagnosis("bad", finding, f"{UP} starts one of its own.")
    if places.process.exists():
        return Diagnosis("bad", "it was started by another version of opsctl", f"{UP} takes it over.")
    return Diagnosis("bad", f"stopped{_stranger(places)}", f"{UP} starts it.")


def _stranger(places: Places) -> str:
    """Say who answers on the port that this sandbox keeps, when somebody else's emulator does."""
    port = kept_port(places.port)
    found = emulators.ask_identity(port, seconds=emulators.ANSWER_SECONDS) if port else None
    saved = read_checkpoint(places.state)
    if port is None or found is None or (saved and found["state_id"] == saved.state_id):
        return ""
    return f", and another emulator answers at {endpoint_of(port)}: {_who(found, port)}"


def _who(found: dict[str, Any], port: int) -> str:
    owner = registry.owner_of(port)
    return f"process {found['pid']}" + (f", the sandbox of {owner}" if owner else "")


def _moves() -> str:
    return f"{UP} moves this sandbox to a port of its own."
