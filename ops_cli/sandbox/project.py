"""Where the project lies on this machine, and where in it the sandbox keeps its things."""

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
    """Return the places of the clone that this package lies in, else of the one around `start` (the working directory).

    Raises `OpsError` when there is no clone: the sandbox needs terraform/, modules/ and python/.
    """
    own = Path(__file__).resolve().parents[2]
    around = (start or Path.cwd()).resolve()
    for candidate in (own, around, *around.parents):
        if all((candidate / mark).exists() for mark in MARKS):
            return Places(candidate)
    raise OpsError(
        f"The sandbox needs a clone of the project, and neither {own} nor {around} is in one.",
        hint="Clone it, and run opsctl there.",
    )
