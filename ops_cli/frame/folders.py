"""Where opsctl keeps a user's things: the XDG Base Directory specification, https://specifications.freedesktop.org/basedir."""

import os
from pathlib import Path

from opscore.errors import OpsError


def config_folder() -> Path:
    """Return where the user's own choices are kept."""
    return _folder("XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """Return where opsctl keeps what it must remember."""
    return _folder("XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """Return where opsctl keeps what it can find out again."""
    return _folder("XDG_CACHE_HOME", ".cache")


def _folder(variable: str, below_home: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named) / "opsctl"
    try:
        return Path.home() / below_home / "opsctl"
    except RuntimeError:
        raise OpsError("This user has no home folder.", hint=f"Set HOME or {variable}.") from None
