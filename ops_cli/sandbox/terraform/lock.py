"""The lock on the sandbox's own Terraform state: who holds it, when a killed run left a Terraform at work.

Terraform's local backend locks the state file itself with a POSIX record lock, which ends with its process; the
`.lock.info` beside it is a note for people. So a lock is never stale, and its holder can be asked for.
https://developer.hashicorp.com/terraform/language/backend/local
"""

import fcntl
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from opscore.errors import OpsError

STATE = "terraform.tfstate"
LONGEST_WAIT_SECONDS = 600.0

# struct flock of fcntl(2): Linux has type, whence, start, length, pid; macOS has start, length, pid, type, whence.
_LINUX, _MACOS = "hhqqi", "qqihh"


def holder(folder: Path) -> int | None:
    """Return the process id of the Terraform that works on the state in `folder` now; None when none does."""
    try:
        with (folder / STATE).open("r+b") as state:
            return _lock_owner(state.fileno())
    except FileNotFoundError:
        return None


def _lock_owner(descriptor: int) -> int | None:
    if sys.platform == "darwin":
        wish = struct.pack(_MACOS, 0, 0, 0, fcntl.F_WRLCK, 0)
        _, _, pid, kind, _ = struct.unpack(_MACOS, fcntl.fcntl(descriptor, fcntl.F_GETLK, wish))
    else:
        wish = struct.pack(_LINUX, fcntl.F_WRLCK, 0, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_LINUX, fcntl.fcntl(descriptor, fcntl.F_GETLK, wish))
    return None if kind == fcntl.F_UNLCK else int(pid)


def wait_for_holder(folder: Path, say: Callable[[str], None], *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when no Terraform works on the state in `folder`; raises `OpsError` after ten minutes.

    One that outlived its `sandbox up` is waited for, not killed: killed in the middle it would leave things behind
    that its state does not know.
    """
    pid = holder(folder)
    if pid is None:
        (folder / f".{STATE}.lock.info").unlink(missing_ok=True)
        return
    say(f"The Terraform of an interrupted run (process {pid}) is still at work: waiting for it to end.")
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while holder(folder) is not None:
        if time.monotonic() > deadline:
            raise OpsError(f"Terraform (process {pid}) does not end.", hint=f"Stop it (kill {pid}) and start again.")
        sleep(0.2)
