"""From whatever an earlier run left behind to a running emulator: look, decide, say what was found, act."""

import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator, any_record, folder_of, recorded
from ops_cli.sandbox.applied import invalidate
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.emulator.checkpoints import (
    Checkpoint,
    Condition,
    condition,
    read_checkpoint,
    record_anew,
    write_checkpoint,
)
from ops_cli.sandbox.emulator.ports import choose_port, is_free, kept_port, move_urls

Say = Callable[[str], None]

SECONDS_TO_SHOW_ITSELF = 3.0
"""How long an emulator that was started a moment ago, and not recorded, takes to answer."""


def ensure_running(places: Places, say: Say) -> Emulator:
    """Return the running emulator of `places`, after starting it when there is none.

    `say` hears one line for everything that was not as a clean stop leaves it. Raises `OpsError` when the emulator
    cannot be started.
    """
    _settle(places, say)
    if running := find_running(places, say):
        return running
    state_id = ""
    match _condition(places):
        case Condition.WHOLE:
            state_id = _state_id(places)
        case Condition.TORN:
            state_id = _state_id(places)
            _expect_conflicts(places)
            say(f"The saved state is incomplete ({Condition.TORN.value}); it is used, and Terraform mends it.")
        case Condition.DAMAGED as found:
            say(f"The saved state cannot be used ({found.value}); starting with an empty account.")
    port = _port(places, say)
    if not state_id:
        discard(places)
        state_id = _begin(places)
    return emulators.start(places, port, state_id)


def _settle(places: Places, say: Say) -> None:
    """Let a sandbox that was copied or moved here be one of its own: no process and no life of another's."""
    earlier, folder = _origin(places), folder_of(places)
    if earlier not in ("", folder):
        say(f"This sandbox came from {Path(earlier).parent}: it is one of its own from now on.{_left_behind(places)}")
        places.process.unlink(missing_ok=True)
        checkpoint = read_checkpoint(places.state)
        if checkpoint is not None:
            write_checkpoint(places.state, replace(checkpoint, state_id=uuid.uuid4().hex))
    if earlier != folder:
        places.folder.mkdir(parents=True, exist_ok=True)
        places.origin.write_text(folder, encoding="utf-8")


def _origin(places: Places) -> str:
    try:
        return places.origin.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _left_behind(places: Places) -> str:
    """Name the emulator that goes on though its folder was moved away; that of a folder still there is left alone."""
    last = any_record(places)
    if last is None or not last.process.is_running() or recorded(Places(Path(last.folder).parent)) == last:
        return ""
    return f" The emulator of that time still runs: `kill {last.process.pid}` stops it."


def _expect_conflicts(places: Places) -> None:
    """Have the next apply treated like the one after a killed Terraform: account and record may differ."""
    invalidate(places)
    places.applying.touch()


def _begin(places: Places) -> str:
    """Begin a life of the account, on disk before anything runs, so that an interrupted start is known again."""
    state_id = uuid.uuid4().hex
    places.state.mkdir(parents=True)
    write_checkpoint(places.state, Checkpoint(state_id, emulators.installed_version(), time.time(), {}))
    return state_id


def find_running(places: Places, say: Say) -> Emulator | None:
    """Return the emulator if it runs and answers; say and clear away what a dead or stuck one left."""
    last = recorded(places)
    if last is None:
        return _adopted(places, say)
    if last.process.is_running():
        if emulators.answers(last):
            return last
        emulators.stop(places, last)
        say(f"The emulator (process {last.process.pid}) did not answer and was stopped{_keeping(places)}.")
        return None
    say(f"The emulator (process {last.process.pid}) had ended without being stopped{_keeping(places)}.")
    places.process.unlink(missing_ok=True)
    shutil.rmtree(places.temporary, ignore_errors=True)
    return None


def _keeping(places: Places) -> str:
    checkpoint = read_checkpoint(places.state)
    if checkpoint is None:
        return ""
    return f"; its state of {time.strftime('%H:%M:%S', time.localtime(checkpoint.written_at))} is kept"


def _adopted(places: Places, say: Say) -> Emulator | None:
    port = kept_port(places.port)
    if port is None or is_free(port) or _origin(places) not in ("", folder_of(places)):
        return None
    deadline = time.monotonic() + SECONDS_TO_SHOW_ITSELF
    while time.monotonic() < deadline:
        if found := emulators.adopt(places, port, _state_id(places)):
            say(f"Found the emulator (process {found.process.pid}), which an interrupted run had started.")
            return found
        time.sleep(0.1)
    return None


def _condition(places: Places) -> Condition:
    found = condition(places.state)
    checkpoint = read_checkpoint(places.state)
    if checkpoint is not None and checkpoint.emulator != emulators.installed_version():
        return Condition.DAMAGED
    return found


def _state_id(places: Places) -> str:
    checkpoint = read_checkpoint(places.state)
    return checkpoint.state_id if checkpoint else ""


def _port(places: Places, say: Say) -> int:
    kept = kept_port(places.port)
    if kept is not None and is_free(kept):
        return kept
    port = choose_port(places.port)
    if kept is not None:
        say(f"Port {kept} is taken by another program; the sandbox moves to port {port}.")
        move_urls([*places.state.glob("*.json"), *places.terraform.glob("terraform.tfstate*")], kept, port)
        record_anew(places.state)
    return port


def discard(places: Places) -> None:
    """Remove the emulated account and, with it, Terraform's record of what is in it."""
    shutil.rmtree(places.state, ignore_errors=True)
    for record in (places.applied, places.applying, *places.terraform.glob("*terraform.tfstate*")):
        record.unlink(missing_ok=True)


def stop(places: Places, say: Say) -> bool:
    """Stop the emulator if it runs, its state kept. Return whether one ran."""
    running = find_running(places, say)
    if running is None:
        return False
    if not emulators.stop(places, running):
        say(f"The emulator (process {running.process.pid}) had to be killed; its last seconds are lost.")
    return True
