"""Clones and sandboxes that are only folders and records: enough for whoever looks at them."""

import os
from pathlib import Path

from ops_cli.clone.places import MARKS, Places
from ops_cli.clone.process import Process, identify
from ops_cli.clone.record import Emulator, folder_of, write_record


def made_clone(folder: Path) -> Path:
    """Make `folder` look like the root of a clone."""
    for mark in MARKS:
        (folder / mark).parent.mkdir(parents=True, exist_ok=True)
        (folder / mark).touch()
    return folder


def started(folder: Path, port: int = 9) -> Places:
    """Give `folder` a sandbox whose emulator runs: the process is this test's own."""
    return with_record(folder, identify(os.getpid()), port)


def killed(folder: Path, port: int = 9) -> Places:
    """Give `folder` a sandbox whose emulator ended without being stopped."""
    return with_record(folder, Process(os.getpid(), "an earlier beginning"), port)


def stopped(folder: Path, port: int = 9) -> Places:
    """Give `folder` a sandbox that was started once and stopped."""
    places = Places(folder)
    places.folder.mkdir(parents=True, exist_ok=True)
    places.port.write_text(f"{port}\n")
    return places


def with_record(folder: Path, process: Process, port: int) -> Places:
    places = stopped(folder, port)
    write_record(places, Emulator(process, port, "life-1", "1.5.33", 1000.0, folder_of(places)))
    return places
