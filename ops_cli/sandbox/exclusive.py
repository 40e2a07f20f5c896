"""One command at a time changes the sandbox; the next one is told who is at it."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from opscore.errors import OpsError


@contextlib.contextmanager
def exclusively(lock: Path, command: str) -> Iterator[None]:
    """Hold `lock` for the block; raises `OpsError` that names the holder when another command has it.

    The operating system gives the lock back when the holder ends, however it ends: no lock is ever stale.
    """
    with _opened(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(file) from None
        _write_holder(file, command)
        yield
        file.truncate(0)


def _opened(lock: Path) -> IO[str]:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        return lock.open("a+", encoding="utf-8")
    except OSError as error:
        raise OpsError(
            f"The sandbox cannot keep anything in {lock.parent}: {error.strerror}.",
            hint="Mend the folder's permissions, or work in a clone of your own.",
        ) from None


def _write_holder(file: IO[str], command: str) -> None:
    file.truncate(0)
    json.dump({"pid": os.getpid(), "command": command, "since": time.time()}, file)
    file.flush()


def _taken(file: IO[str]) -> OpsError:
    file.seek(0)
    try:
        holder = json.loads(file.read())
    except ValueError:
        return OpsError("Another command is changing the sandbox.", hint="Wait for it to end.")
    since = time.strftime("%H:%M:%S", time.localtime(holder["since"]))
    return OpsError(
        f"`{holder['command']}` is running already: process {holder['pid']}, since {since}.",
        hint=f"Wait for it to end, or stop it (kill {holder['pid']}) and start again: it is safe at any point.",
    )
