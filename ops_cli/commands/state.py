"""`opsctl state`: what Terraform believes is there."""

from typing import Any

import click

from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import Column, emit
from ops_cli.frame.terraform_state import resources
from opscore.errors import NotFound, UsageProblem

COLUMNS = (Column("address", "id"), Column("type", "id", rank=1), Column("name", "id", rank=2))


@click.group(cls=OpsGroup)
def state() -> None:
    """Look into the Terraform state."""


@state.command("list")
@click.option("--type", "kind", metavar="TYPE", help="Only this type, such as aws_sqs_queue.")
@click.pass_obj
def list_resources(ops: Ops, kind: str | None) -> None:
    """List the resources in the state; --query selects from all their values."""
    found = [resource for resource in resources(_folder(ops)) if kind in (None, resource["type"])]
    empty = f"The state has no resource of type {kind}." if kind else "The state is empty."
    emit(found, ops.choices, columns=COLUMNS, empty=empty)


@state.command()
@click.argument("address")
@click.pass_obj
def show(ops: Ops, address: str) -> None:
    """Show one resource's values; ADDRESS as `opsctl state list` prints it."""
    found = {str(resource["address"]): resource for resource in resources(_folder(ops))}
    if address not in found:
        raise NotFound.among("resource", address, found, listing="opsctl state list")
    values: dict[str, Any] = found[address]["values"]
    columns = [Column(name, heading=name) for name in values]  # as Terraform writes them
    emit(dict(sorted(values.items())), ops.choices, columns=columns)


def _folder(ops: Ops) -> str:
    folder = ops.choices.terraform_dir or ops.environment.terraform_dir
    if not folder:
        raise UsageProblem(
            f"The environment {ops.environment.name} has no Terraform folder on this machine.",
            hint="Say --terraform-dir DIR, an initialised Terraform root.",
        )
    return folder
