"""The emulator's port: chosen once and kept, so that the URLs in the state stay true; another one when it is taken."""

import random
import re
import socket
from collections.abc import Iterable
from pathlib import Path

from ops_cli.clone.record import LOOPBACK

PORTS = range(20_000, 32_768)
"""Below what a system gives to outgoing connections (Linux: from 32768 on): they take the port of what is down."""


def kept_port(file: Path) -> int | None:
    """Return the port that was chosen earlier; None when none was or the file is damaged."""
    try:
        return int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def choose_port(file: Path) -> int:
    """Choose a free port and keep it in `file`."""
    port = next(port for port in random.sample(PORTS, len(PORTS)) if is_free(port))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{port}\n", encoding="utf-8")
    return port


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def move_urls(files: Iterable[Path], old: int, new: int) -> None:
    """Write the new port into every URL of this machine in `files`: the state moves with the emulator."""
    url = re.compile(rf"(?<![\w.])(127\.0\.0\.1|localhost):{old}(?!\d)".encode())
    for file in files:
        content = file.read_bytes()
        moved = url.sub(rb"\g<1>:%d" % new, content)
        if moved != content:
            draft = file.with_name(f"{file.name}.draft")
            draft.write_bytes(moved)
            draft.replace(file)
