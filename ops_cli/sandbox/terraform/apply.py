"""Terraform's apply in the sandbox: what is shown of it, and what a killed one leaves behind."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator
from ops_cli.deploy.terraform import TerraformDir
from ops_cli.sandbox.applied import invalidate, read_applied
from ops_cli.sandbox.emulator import process as emulators
from opscore.errors import OpsError

_SHOWN = re.compile(
    r"Plan: |Apply complete!|Error: |Interrupted|TF_CLI_CONFIG_FILE |.*: (Creation|Modifications|Destruction) complete"
)
_CONFLICT = re.compile(r"^Error: .*?(\w*(?:already ?(?:exists|owned)|InUse|Conflict)\w*)", re.IGNORECASE | re.MULTILINE)


class TerraformLog:
    """Keeps all that Terraform says in a file, and passes on what a person wants to see go by."""

    def __init__(self, file: Path, say: Callable[[str], None]) -> None:
        self._say = say
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("w", encoding="utf-8", buffering=1)

    def __call__(self, line: str) -> None:
        """Take one line."""
        self._file.write(f"{line}\n")
        if _SHOWN.match(line):
            self._say(line)


def reason_to_begin_anew(places: Places, *, described: bool) -> str | None:
    """Return why Terraform's record cannot go on with the account, None when it can.

    `described` says whether the account holds a stack description, so was applied to.
    """
    try:
        json.loads(places.terraform_state.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "Terraform's record of the account is gone" if described else None
    except ValueError:
        return "Terraform's record of the account is damaged"
    return None


def _died(emulator: Emulator) -> OpsError:
    return OpsError(
        f"The emulator (process {emulator.process.pid}) ended while Terraform worked with it.",
        hint="`opsctl sandbox logs` may show why; `opsctl sandbox up` starts it again and goes on.",
    )


def conflict_in(said: str) -> str | None:
    """Return the word by which AWS refused to make what there is already, from what Terraform said."""
    found = _CONFLICT.search(said)
    return found[1] if found else None


def apply(places: Places, emulator: Emulator, terraform: TerraformDir) -> str | None:
    """Apply, and return None; or return what exists already though Terraform does not know of it.

    That is found after an apply that was killed, or lost its emulator, which the mark `applying` tells: what was being
    made in that moment is in no record. In an account that was never complete it is returned, too, for nothing in
    that one is worth keeping. Any other failure is raised.
    """
    expected = places.applying.exists() or read_applied(places) is None
    killed_before = places.applying.exists()
    invalidate(places)
    places.applying.touch()
    try:
        terraform.apply()
    except OpsError as error:
        conflict = conflict_in(places.terraform_log.read_text(encoding="utf-8"))
        if expected and conflict:
            return conflict
        if not emulators.answers(emulator):
            raise _died(emulator) from error
        if not killed_before:
            places.applying.unlink()
        raise
    places.applying.unlink()
    return None
