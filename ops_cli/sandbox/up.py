"""`opsctl sandbox up`: from whatever there is to the whole platform running, in as few steps as that takes."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator
from ops_cli.deploy.deployment import Deployment
from ops_cli.deploy.terraform import TerraformDir
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import SANDBOX
from ops_cli.frame.options import Choices
from ops_cli.frame.progress import Progress
from ops_cli.packaging import Target, build
from ops_cli.sandbox.applied import Applied, digest, is_current, read_applied, write_applied
from ops_cli.sandbox.emulator import lifecycle, registry
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.seed import seed
from ops_cli.sandbox.terraform.apply import TerraformLog, apply, reason_to_begin_anew
from ops_cli.sandbox.terraform.deployment import deployment_at, fingerprint
from ops_cli.sandbox.terraform.lock import wait_for_holder


@dataclass(frozen=True)
class Up:
    """What an `up` led to; `applied` says whether Terraform had anything to do."""

    endpoint: str
    pid: int
    applied: bool


@dataclass
class Account:
    """The emulated account an `up` works on, and what deploys to it and asks it."""

    emulator: Emulator
    deployment: Deployment
    ops: Ops

    def stack_description(self) -> str | None:
        """Return the text of the stack description that the account holds; None when it holds none."""
        ssm = self.ops.client("ssm")
        try:
            return str(ssm.get_parameter(Name=self.deployment.environment.stack_parameter)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            return None


def up(places: Places, progress: Progress, *, refresh: bool = False) -> Up:
    """Bring the platform up; the caller holds the lock. With `refresh`, Terraform applies even when nothing changed."""
    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(_build, places, progress)
        account = _start(places, progress)
        # A first init is worth doing beside the build; later ones are only needed when something is to be applied.
        first = read_applied(places) is None
        terraform = _init(places, account, progress) if first else None
        built.result()
    current = is_current(
        read_applied(places), fingerprint(account.deployment), account.emulator.state_id, account.stack_description()
    )
    if current and not refresh and places.terraform_state.exists():
        return Up(account.emulator.endpoint, account.emulator.process.pid, applied=False)
    account = _converge(places, account, terraform, progress)
    return Up(account.emulator.endpoint, account.emulator.process.pid, applied=True)


def _build(places: Places, progress: Progress) -> None:
    with progress.step("Build the functions"):
        build(places.root, Target.sandbox(), report=progress.note)


def _start(places: Places, progress: Progress) -> Account:
    with progress.step("Start the emulator"):
        emulator = lifecycle.ensure_running(places, progress.note)
    if problem := registry.remember(places, emulator):
        progress.note(problem)
    return Account(emulator, deployment_at(places, emulator.port), Ops(Choices(env=f"{SANDBOX}:{places.root}")))


def _init(places: Places, account: Account, progress: Progress) -> TerraformDir:
    with progress.step("Prepare Terraform"):
        return account.deployment.prepare(TerraformLog(places.terraform_log, progress.note))


def _converge(places: Places, account: Account, terraform: TerraformDir | None, progress: Progress) -> Account:
    wait_for_holder(places.terraform, progress.note)
    described = account.stack_description() is not None
    if reason := reason_to_begin_anew(places, described=described):
        progress.note(f"{reason}: beginning anew with an empty account.")
        account, terraform = _begin_anew(places, progress), None
    terraform = terraform or _init(places, account, progress)
    _push(account, progress)
    with progress.step("Terraform apply"):
        conflict = apply(places, account.emulator, terraform)
    if conflict:
        progress.note(f"The account holds what Terraform does not know of ({conflict}): beginning anew.")
        account = _begin_anew(places, progress)
        _push(account, progress)
        with progress.step("Terraform apply"):
            apply(places, account.emulator, _init(places, account, progress))
    _finish(places, account, progress)
    return account


def _push(account: Account, progress: Progress) -> None:
    with progress.step("Push the zips"):
        account.deployment.push(account.ops.client("s3"), progress.note)


def _begin_anew(places: Places, progress: Progress) -> Account:
    lifecycle.stop(places, progress.note)
    lifecycle.discard(places)
    return _start(places, progress)


def _finish(places: Places, account: Account, progress: Progress) -> None:
    with progress.step("Seed accounts and usage events"):
        done = seed(account.ops, lambda _line: None)
        progress.note(f"{done.accounts} accounts, {done.events} events in {done.files} files ({done.written} written)")
    with progress.step("Save the state and read the stack"):
        emulators.checkpoint(account.emulator)
        stack = account.stack_description()
        assert stack is not None and account.ops.stack  # noqa: S101 - just applied, and it parses
        record = Applied(fingerprint(account.deployment), account.emulator.state_id, digest(stack), time.time())
        write_applied(places, record)
