"""`opsctl deploy`: plan, apply and destroy the platform with Terraform."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from ops_cli.clone.places import find_places
from ops_cli.deploy.bootstrap import prepare_bootstrap
from ops_cli.deploy.deployment import Deployment
from ops_cli.deploy.terraform import TerraformDir, without_refresh
from ops_cli.frame.confirm import confirm, confirm_by_name
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import check_name, load, register
from ops_cli.frame.options import OpsGroup, yes_option
from ops_cli.frame.output import Stream, note
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
    progress = Progress(3, color=ops.choices.color)
    terraform = _prepare(ops, progress)
    # The plan is what was asked for, so it goes to stdout.
    lines = Stream(ops.choices)
    shown = replace(terraform, report=without_refresh(lambda line: lines.row({"line": line}, line)))
    with _planned(shown, progress, destroy=destroy) as file:
        if file:
            note(f"`opsctl --env {ops.environment.name} deploy {'destroy' if destroy else 'apply'}` does it.")


@deploy.command()
@yes_option
@click.pass_obj
def apply(ops: Ops, yes: bool) -> None:
    """Build, push, show the plan, ask, and apply it."""
    progress = Progress(4, color=ops.choices.color)
    terraform = _prepare(ops, progress)
    _plan_and_apply(terraform, progress, f"Apply this to {ops.environment.name}?", yes=yes)
    note(f"`opsctl --env {ops.environment.name} status` shows what runs.")


@deploy.command()
@yes_option
@click.pass_obj
def destroy(ops: Ops, yes: bool) -> None:
    """Destroy the platform: show what goes, ask for the environment's name, and remove it.

    Buckets with objects and protected tables are refused unless the environment's force_destroy is set.
    """
    progress = Progress(4, color=ops.choices.color)
    terraform = _prepare(ops, progress)
    with _planned(terraform, progress, destroy=True) as file:
        if not file:
            note("Nothing is deployed.")
            return
        confirm_by_name("Everything listed above goes, with its data.", ops.environment.name, yes=yes)
        with progress.step("Destroy"):
            terraform.apply(file)


@deploy.command()
@yes_option
@click.pass_obj
def bootstrap(ops: Ops, yes: bool) -> None:
    """Make the account's buckets for Terraform's states and the functions' zips; once per account and region."""
    deployment = _deployment(ops)
    if deployment.environment.is_local:
        raise UsageProblem("The sandbox needs no bootstrap.", hint="`opsctl sandbox up` makes all it needs.")
    confirm(f"Make the state and artifacts buckets in account {deployment.account_id}, {deployment.region}?", yes=yes)
    progress = Progress(3, color=ops.choices.color)
    with progress.step("Initialise"):
        terraform = prepare_bootstrap(deployment, ops.client("s3"), without_refresh(progress.note))
    _plan_and_apply(terraform, progress, "Apply this?", yes=yes)


def _deployment(ops: Ops) -> Deployment:
    environment = ops.environment
    root = Path(environment.clone) if environment.clone else find_places().root
    if not environment.clone:
        check_name(environment.name)
    sts = ops.client("sts")
    account = sts.get_caller_identity()["Account"]
    return Deployment(root, environment, sts.meta.region_name, account)


def _prepare(ops: Ops, progress: Progress) -> TerraformDir:
    deployment = _deployment(ops)
    with progress.step("Build and push the functions"):
        deployment.build(progress.note)
        deployment.push(ops.client("s3"), progress.note)
    with progress.step("Initialise Terraform"):
        terraform = deployment.prepare(without_refresh(progress.note))
    if not deployment.environment.clone:
        _remember_workspace(deployment.environment.name, terraform.path)
    return terraform


def _remember_workspace(name: str, workspace: Path) -> None:
    """Let `opsctl state` find the directory; what was given for this run only, such as --region, is not kept."""
    known = load()[name]
    if known.terraform_dir != str(workspace):
        register(replace(known, terraform_dir=str(workspace)))


def _plan_and_apply(terraform: TerraformDir, progress: Progress, question: str, *, yes: bool) -> None:
    with _planned(terraform, progress) as file:
        if file:
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
