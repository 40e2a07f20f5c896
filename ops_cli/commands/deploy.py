"""`opsctl deploy`: plan, apply and destroy the platform with Terraform."""

from dataclasses import replace
from pathlib import Path

import click

from ops_cli.deploy.bootstrap import prepare_bootstrap
from ops_cli.deploy.deployment import Deployment
from ops_cli.deploy.terraform import TerraformDir, without_refresh
from ops_cli.frame.confirm import confirm, confirm_by_name
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import load, register
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import Stream, note
from ops_cli.frame.progress import Progress
from ops_cli.sandbox.project import find_places
from opscore.errors import UsageProblem

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


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
    with progress.step("Plan"):
        changes = shown.plan(_plan_file(terraform), destroy=destroy)
    _plan_file(terraform).unlink()
    if changes:
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
    with progress.step("Plan"):
        changes = terraform.plan(_plan_file(terraform), destroy=True)
    if not changes:
        note("Nothing is deployed.")
        return
    confirm_by_name("Everything listed above goes, with its data.", ops.environment.name, yes=yes)
    with progress.step("Destroy"):
        terraform.apply(_plan_file(terraform))
    _plan_file(terraform).unlink()


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
    environment = ops.require_explicit_environment()
    sts = ops.client("sts")
    account = sts.get_caller_identity()["Account"]
    return Deployment(find_places().root, environment, sts.meta.region_name, account)


def _prepare(ops: Ops, progress: Progress) -> TerraformDir:
    deployment = _deployment(ops)
    with progress.step("Build and push the functions"):
        deployment.build(progress.note)
        deployment.push(ops.client("s3"), progress.note)
    with progress.step("Initialise Terraform"):
        terraform = deployment.prepare(without_refresh(progress.note))
    _remember_workspace(deployment.environment.name, terraform.path)
    return terraform


def _remember_workspace(name: str, workspace: Path) -> None:
    """Let `opsctl state` find the directory; what this run alone chose, such as --region, is not kept."""
    known = load()[name]
    if known.terraform_dir != str(workspace):
        register(replace(known, terraform_dir=str(workspace)))


def _plan_and_apply(terraform: TerraformDir, progress: Progress, question: str, *, yes: bool) -> None:
    with progress.step("Plan"):
        changes = terraform.plan(_plan_file(terraform))
    if changes:
        confirm(question, yes=yes)
        with progress.step("Apply"):
            terraform.apply(_plan_file(terraform))
    _plan_file(terraform).unlink()


def _plan_file(terraform: TerraformDir) -> Path:
    return terraform.path / "opsctl.tfplan"
