"""`opsctl deploy`: plan, apply and destroy the platform with Terraform."""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from ops_cli import __version__
from ops_cli.clone.places import find_places
from ops_cli.deploy.bootstrap import prepare_bootstrap
from ops_cli.deploy.buckets import check_bucket
from ops_cli.deploy.deployment import Deployment
from ops_cli.deploy.ledger import Push, commit_of, note_push
from ops_cli.deploy.limits import check_concurrency, concurrency, reservations
from ops_cli.deploy.losses import Clients, Holding, holdings, refuse_to_lose
from ops_cli.deploy.state_lock import state_lock
from ops_cli.deploy.terraform import TerraformDir, without_refresh
from ops_cli.frame.confirm import confirm, confirm_by_name
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import check_name, load, register
from ops_cli.frame.options import OpsGroup, yes_option
from ops_cli.frame.output import Column, Stream, emit, note
from ops_cli.frame.progress import Progress
from opscore.errors import UsageProblem


@click.group(cls=OpsGroup)
def deploy() -> None:
    """Plan, apply and destroy the platform with Terraform.

    Works from a clone of the project. What is built is pushed to the account's artifacts bucket first, under names that
    are hashes of its inputs. Terraform runs with -parallelism=50 instead of 10, because nearly all of an apply is its
    provider waiting on AWS: 25 seconds for each queue, 5 for each function.

    Values of an environment's own, such as alarm_topic_arns, go into terraform/environments/NAME.tfvars.
    """


@deploy.command()
@click.option("--destroy", is_flag=True, help="Show what `deploy destroy` would remove.")
@click.pass_obj
def plan(ops: Ops, destroy: bool) -> None:
    """Show what Terraform would change; nothing is changed but the artifacts bucket."""
    progress = Progress(3 - destroy, color=ops.choices.color)
    _, terraform = _prepare_to_destroy(ops, progress) if destroy else _prepare(ops, progress)
    # The plan is what was asked for, so it goes to stdout.
    lines = Stream(ops.choices)
    shown = replace(terraform, report=without_refresh(lambda line: lines.row({"line": line}, line)))
    with _planned(shown, progress, destroy=destroy) as file:
        if file:
            if not destroy:
                _check_limits(ops, terraform, file)
            note(f"`opsctl --env {ops.environment.name} deploy {'destroy' if destroy else 'apply'}` does it.")


@deploy.command()
@yes_option
@click.pass_obj
def apply(ops: Ops, yes: bool) -> None:
    """Build, push, show the plan, ask, and apply it."""
    progress = Progress(4, color=ops.choices.color)
    deployment, terraform = _prepare(ops, progress)
    with _planned(terraform, progress) as file:
        if file:
            _check_limits(ops, terraform, file)
            _apply(terraform, file, progress, f"Apply this to {_place(deployment)}?", yes=yes)
    if not deployment.environment.clone:
        _remember(deployment, account=deployment.account_id)
    note(f"`opsctl --env {ops.environment.name} status` shows what runs.")


@deploy.command()
@click.pass_obj
def push(ops: Ops) -> None:
    """Build and upload the functions' zips, and write what plain `terraform` has to be given.

    `terraform init -backend-config=…` and `terraform apply -var-file=…` in terraform/ then do what `deploy apply` does.
    The ledger in the artifacts bucket notes who pushed what, from which commit.
    """
    deployment = _deployment(ops)
    if deployment.is_sandbox:
        raise UsageProblem("The sandbox is not pushed to by hand.", hint="`opsctl sandbox up` does all of it.")
    entry = _push(ops, deployment, Progress(1, color=ops.choices.color))
    backend, variables = deployment.write_inputs()
    row = {
        "environment": entry.environment,
        "account": deployment.account_id,
        "commit": entry.commit.id if entry.commit else None,
        "functions": len(entry.manifest["functions"]),
        "pushed": entry.pushed,
        "backend_config": str(backend),
        "var_file": str(variables),
    }
    emit(row, ops.choices, columns=[Column(key, "id") for key in row])
    note(f"In terraform/: terraform init -backend-config={backend}")
    note(f"              terraform apply -var-file={variables}")


@deploy.command()
@yes_option
@click.pass_obj
def destroy(ops: Ops, yes: bool) -> None:
    """Destroy the platform: show what goes and what lies in it, ask for the environment's name, and remove it.

    Nothing is built. Buckets with objects, protected tables and queues with messages are refused before anything goes,
    unless the environment was applied with force_destroy = true.
    """
    progress = Progress(4, color=ops.choices.color)
    deployment, terraform = _prepare_to_destroy(ops, progress)
    with progress.step("Look at what would be lost"):
        found = _holdings(ops, terraform)
        refuse_to_lose(found, ops.environment.name)
    with _planned(terraform, progress, destroy=True) as file:
        if not file:
            note("Nothing is deployed.")
            return
        for one in (one for one in found if one.holds):
            note(f"lost: {one.kind} {one.name}: {one.holds}", color=ops.choices.color)
        confirm_by_name(
            f"Everything listed above goes, with its data, from {_place(deployment)}.", ops.environment.name, yes=yes
        )
        with progress.step("Destroy"):
            terraform.apply(file)


@deploy.command()
@yes_option
@click.pass_obj
def unlock(ops: Ops, yes: bool) -> None:
    """Show who holds the lock of Terraform's state, ask, and release it.

    A run that was killed leaves its lock behind, and every later one waits for that. Release it only when you know that
    the run is no more: two at once spoil the state.
    """
    deployment = _deployment(ops)
    if deployment.is_sandbox:
        raise UsageProblem(
            "The sandbox's state lies on this machine, where a lock ends with its run.", hint="`opsctl sandbox up`."
        )
    lock = state_lock(ops.client("s3"), deployment.state_bucket, deployment.state_key)
    if lock is None:
        note(f"Nobody holds the state of {_place(deployment)}.")
        return
    row = {"id": lock.id, "who": lock.who, "operation": lock.operation, "since": lock.since}
    emit(
        row,
        ops.choices,
        columns=[Column("since", "moment"), *(Column(key, "id") for key in ("operation", "who", "id"))],
    )
    confirm(f"Release {_place(deployment)} from this {lock.operation}, if it is no more?", yes=yes)
    progress = Progress(2, color=ops.choices.color)
    with progress.step("Initialise Terraform"):
        terraform = _initialised(deployment, progress)
    with progress.step("Unlock"):
        terraform.force_unlock(lock.id)
    note(f"`opsctl --env {ops.environment.name} deploy plan` shows what the run left to do.")


@deploy.command()
@yes_option
@click.pass_obj
def bootstrap(ops: Ops, yes: bool) -> None:
    """Make the account's buckets for Terraform's states and the functions' zips; once per account and region."""
    deployment = _deployment(ops)
    if deployment.is_sandbox:
        raise UsageProblem("The sandbox needs no bootstrap.", hint="`opsctl sandbox up` makes all it needs.")
    confirm(f"Make the state and artifacts buckets in account {deployment.account_id}, {deployment.region}?", yes=yes)
    _remember(deployment, account=deployment.account_id)
    progress = Progress(3, color=ops.choices.color)
    with progress.step("Initialise"):
        terraform = prepare_bootstrap(deployment, ops.client("s3"), without_refresh(progress.note))
    with _planned(terraform, progress) as file:
        if file:
            _apply(terraform, file, progress, "Apply this?", yes=yes)


def _deployment(ops: Ops) -> Deployment:
    """Return what is deployed where; raises `OpsError` when the credentials are of another account than was meant."""
    environment = ops.environment
    root = Path(environment.clone) if environment.clone else find_places().root
    if not environment.clone:
        check_name(environment.name)
    sts = ops.client("sts")
    account = sts.get_caller_identity()["Account"]
    environment.check_account(account)
    return Deployment(root, environment, sts.meta.region_name, account)


def _place(deployment: Deployment) -> str:
    return f"{deployment.environment.name} (account {deployment.account_id}, {deployment.region})"


def _prepare(ops: Ops, progress: Progress) -> tuple[Deployment, TerraformDir]:
    deployment = _deployment(ops)
    _push(ops, deployment, progress)
    with progress.step("Initialise Terraform"):
        return deployment, _initialised(deployment, progress)


def _prepare_to_destroy(ops: Ops, progress: Progress) -> tuple[Deployment, TerraformDir]:
    """Initialise Terraform with what was pushed last: nothing is built."""
    deployment = _deployment(ops)
    with progress.step("Initialise Terraform"):
        deployment = deployment.as_pushed(ops.client("s3"))
        return deployment, _initialised(deployment, progress)


def _push(ops: Ops, deployment: Deployment, progress: Progress) -> Push:
    """Build and upload what is missing, and note it in the ledger."""
    s3 = ops.client("s3")
    with progress.step("Build and push the functions"):
        if not deployment.is_sandbox:
            check_bucket(s3, deployment.artifacts_bucket)
        deployment.build(progress.note)
        pushed = deployment.push(s3, progress.note)
        entry = Push(
            environment=deployment.environment.name,
            at=dt.datetime.now(dt.UTC),
            by=ops.client("sts").get_caller_identity()["Arn"],
            commit=commit_of(deployment.root),
            version=__version__,
            pushed=pushed,
            manifest=json.loads(deployment.manifest.read_text(encoding="utf-8")),
        )
        note_push(s3, deployment.artifacts_bucket, entry)
    return entry


def _initialised(deployment: Deployment, progress: Progress) -> TerraformDir:
    terraform = deployment.prepare(without_refresh(progress.note))
    if not deployment.environment.clone:
        _remember(deployment, terraform_dir=str(terraform.path))
    return terraform


def _holdings(ops: Ops, terraform: TerraformDir) -> list[Holding]:
    clients = Clients(ops.client("s3"), ops.client("dynamodb"), ops.client("sqs"))
    return holdings(terraform.resources(), clients)


def _remember(deployment: Deployment, **facts: str) -> None:
    """Note facts with the registered environment; what was given for this run only, such as --region, is not kept."""
    known = load()[deployment.environment.name]
    if (changed := replace(known, **facts)) != known:
        register(changed)


def _check_limits(ops: Ops, terraform: TerraformDir, file: Path) -> None:
    """Raise `OpsError` when the account cannot take what the plan would make."""
    wanted = reservations(terraform.planned(file))
    if wanted > 0:
        check_concurrency(wanted, concurrency(ops.client("lambda")))


def _apply(terraform: TerraformDir, file: Path, progress: Progress, question: str, *, yes: bool) -> None:
    confirm(question, yes=yes)
    with progress.step("Apply"):
        terraform.apply(file)


@contextlib.contextmanager
def _planned(terraform: TerraformDir, progress: Progress, *, destroy: bool = False) -> Iterator[Path | None]:
    """Plan, and give the block the plan's file, or None when nothing would change.

    However the block ends, the file is removed: a plan holds sensitive values in plain text.
    """
    file = terraform.path / "opsctl.tfplan"
    try:
        with progress.step("Plan"):
            changes = terraform.plan(file, destroy=destroy)
        yield file if changes else None
    finally:
        file.unlink(missing_ok=True)
