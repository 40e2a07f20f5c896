"""Where the project lies on this machine, and where in it the sandbox keeps its things."""

import os
from dataclasses import dataclass
from pathlib import Path

from opscore.errors import OpsError

MARKS = ("terraform/platform.tf", "modules", "python/functions")
"""What only a clone has: the sandbox applies the Terraform and builds the functions that lie there."""


@dataclass(frozen=True)
class Places:
    """The paths of the sandbox of one clone."""

    root: Path

    @property
    def folder(self) -> Path:
        """Everything of the sandbox; deleting it is a reset."""
        return self.root / ".sandbox"

    @property
    def has_sandbox(self) -> bool:
        """Whether a sandbox was ever started here; its port is the first thing that it keeps."""
        return os.path.isfile(self.port)  # noqa: PTH113 - Path.is_file raises where it may not be looked for

    @property
    def origin(self) -> Path:
        """The note of the path that `folder` had at the last start: it tells a copied or moved sandbox."""
        return self.folder / "origin"

    @property
    def state(self) -> Path:
        """The emulated account: the emulator's state files, and the objects of its buckets."""
        return self.folder / "state"

    @property
    def objects(self) -> Path:
        """The contents of the emulated buckets."""
        return self.state / "s3"

    @property
    def temporary(self) -> Path:
        """The temporary directory of the emulator and its functions."""
        return self.folder / "tmp"

    @property
    def log(self) -> Path:
        """What the emulator writes."""
        return self.folder / "emulator.log"

    @property
    def process(self) -> Path:
        """The record of the emulator's process."""
        return self.folder / "emulator.json"

    @property
    def port(self) -> Path:
        """The port, chosen once."""
        return self.folder / "port"

    @property
    def lock(self) -> Path:
        """Held by the command that changes the sandbox."""
        return self.folder / "lock"

    @property
    def applied(self) -> Path:
        """What was applied last, written only after it was."""
        return self.folder / "applied.json"

    @property
    def applying(self) -> Path:
        """There while Terraform applies; still there after it when it was killed."""
        return self.folder / "applying"

    @property
    def terraform_log(self) -> Path:
        """All that Terraform said in the last apply."""
        return self.folder / "terraform.log"

    @property
    def terraform_state(self) -> Path:
        """Terraform's record of what is in the emulated account."""
        return self.terraform / "terraform.tfstate"

    @property
    def terraform(self) -> Path:
        """The Terraform working directory."""
        return self.folder / "terraform"


def find_places(start: Path | None = None) -> Places:
    """Return the places of the nearest clone or sandbox above `start` (the working folder), else of our own clone.

    What lies nearest wins, so that one opsctl on PATH serves several clones. Raises `OpsError` when there is no clone:
    the sandbox needs terraform/, modules/ and python/.
    """
    around = start or working_folder()
    root = (around and nearest(around)) or own_clone()
    if root is None:
        raise OpsError(
            f"The sandbox needs a clone of the project, and {around or 'the working folder'} is in none.",
            hint="Go to a clone, or say --env sandbox:PATH; `opsctl sandbox list` shows the sandboxes there are.",
        )
    return Places(root)


def nearest(start: Path) -> Path | None:
    """Return the nearest folder, from `start` upwards, that is a clone or holds a sandbox."""
    return next((folder for folder in (start, *start.parents) if is_clone(folder) or Places(folder).has_sandbox), None)


def own_clone() -> Path | None:
    """Return the clone that this program lies in; None when it was installed by itself."""
    own = Path(__file__).resolve().parents[2]
    return own if is_clone(own) else None


def is_clone(folder: Path) -> bool:
    """Whether `folder` is the root of a clone; a folder that may not be looked into is none."""
    return all(os.path.exists(folder / mark) for mark in MARKS)  # noqa: PTH110 - Path.exists raises where that is so


def working_folder() -> Path | None:
    """Return the working folder; None when it has been deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
