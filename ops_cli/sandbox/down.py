"""`opsctl sandbox down` and `reset`: stop what runs; take away what was made."""

import contextlib

from ops_cli.clone.places import Places
from ops_cli.frame.progress import Progress
from ops_cli.sandbox.emulator import lifecycle, registry
from ops_cli.sandbox.terraform.apply import TerraformLog
from ops_cli.sandbox.terraform.deployment import deployment_at
from ops_cli.sandbox.terraform.lock import wait_for_holder


def down(places: Places, progress: Progress) -> bool:
    """Stop the emulator, its state kept. Return whether one ran."""
    with progress.step("Stop the emulator"):
        return lifecycle.stop(places, progress.note)


def destroy(places: Places, progress: Progress) -> None:
    """Have Terraform destroy everything in the account, then stop the emulator and forget the sandbox."""
    wait_for_holder(places.terraform, progress.note)
    with progress.step("Start the emulator"):
        emulator = lifecycle.ensure_running(places, progress.note)
    deployment = deployment_at(places, emulator.port)
    with progress.step("Terraform destroy"):
        deployment.prepare(TerraformLog(places.terraform_log, progress.note)).destroy()
    down(places, progress)
    lifecycle.discard(places)
    registry.forget(places)


def wipe(places: Places, progress: Progress) -> None:
    """Stop the emulator and remove the account with everything in it, and Terraform's record of it."""
    with contextlib.suppress(FileNotFoundError):
        wait_for_holder(places.terraform, progress.note)
    down(places, progress)
    lifecycle.discard(places)
