"""What this machine's refusals (files, disks, encodings) mean for an operator: one sentence and one next step each."""

import errno
import os
from pathlib import Path

from opscore.errors import OpsError, UsageProblem

_STEPS = {
    errno.EACCES: "Take another path, or let its owner give you the right to it.",
    errno.EPERM: "Take another path, or let its owner give you the right to it.",
    errno.ENOENT: "Check the spelling: the path, or the folder that it is in, does not exist.",
    errno.ENOTDIR: "A part of the path is a file, not a folder: take another path.",
    errno.EISDIR: "It is a folder: name a file.",
    errno.EEXIST: "Something is there already: take another path, or move it away.",
    errno.ENAMETOOLONG: "Take a shorter name.",
    errno.ELOOP: "Its links lead in a circle: take another path.",
    errno.EROFS: "That disk can only be read: take a path on another one.",
    errno.ENOSPC: "Free some space on that disk, then run the command again.",
    errno.EDQUOT: "Free some of your space on that disk, then run the command again.",
    errno.EFBIG: "The file is as large as this disk or `ulimit -f` allows.",
    errno.EMFILE: "`ulimit -n` says how many files a program may open: allow more.",
    errno.EIO: "The disk or the terminal has failed: take a path on another disk.",
    errno.ECONNREFUSED: "Check the network; `opsctl doctor` says what can be reached.",
    errno.ECONNRESET: "Check the network; `opsctl doctor` says what can be reached.",
    errno.ENETUNREACH: "Check the network; `opsctl doctor` says what can be reached.",
    errno.EHOSTUNREACH: "Check the network; `opsctl doctor` says what can be reached.",
    errno.ETIMEDOUT: "Check the network; `opsctl doctor` says what can be reached.",
}
_OWN_FILES = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".local/state", "XDG_CACHE_HOME": ".cache"}
"""Variables of the XDG Base Directory specification, and what stands for each below HOME when it is not set."""


def explain(error: Exception) -> OpsError | None:
    """Return the `OpsError` behind an error of the operating system or of an encoding, None for any other error."""
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, UnicodeDecodeError):
        wrong = error.object[error.start]
        return OpsError(
            f"A file is not {error.encoding} text: its byte {error.start} is 0x{wrong:02x}.",
            hint="Save the file as UTF-8, then run the command again.",
        )
    if isinstance(error, RuntimeError) and "home directory" in str(error):
        return UsageProblem("This user has no home folder.", hint="Set HOME to a folder that you may write.")
    return None


def _of_system(error: OSError) -> OpsError | None:
    if error.errno is None:
        return None
    reason = (error.strerror or os.strerror(error.errno)).rstrip(".")
    step = _STEPS.get(error.errno, "--debug shows where it happened.")
    name = error.filename2 or error.filename
    if isinstance(name, str | bytes):
        path = os.fsdecode(name)
        own = "" if error.errno == errno.EISDIR else _own_place(Path(path))
        return OpsError(f"{path}: {reason}.", hint=own or step)
    return OpsError(f"The operating system refused: {reason}.", hint=step) if error.errno in _STEPS else None


def _own_place(path: Path) -> str:
    """Say how opsctl's own files can be moved, when they are what is, or would be, at `path`."""
    for variable, below_home in _OWN_FILES.items():
        home = os.environ.get(variable) or Path(os.environ.get("HOME", "/")) / below_home
        own = Path(home) / "opsctl"
        if own.is_relative_to(path) or path.is_relative_to(own):
            return f"opsctl keeps files of its own in {own}: set {variable} to a folder that can be written."
    return ""
