"""`opsctl stack`: the stack description as opsctl reads it."""

import click

from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Column, emit

COLUMNS = (Column("kind", rank=1), Column("role", "id", rank=0), Column("name", "id", rank=0))


@click.command(cls=OpsCommand)
@click.pass_obj
def stack(ops: Ops) -> None:
    """List what the platform consists of, by role.

    Reads the stack description from SSM or, with --terraform-dir, from the Terraform outputs.
    """
    found = ops.stack
    kinds = ("functions", "queues", "tables", "buckets", "state_machines", "fleets")
    rows = [
        {"kind": kind.removesuffix("s").replace("_", " "), "role": role, "name": resource.name}
        for kind in kinds
        for role, resource in sorted(getattr(found, kind).items())
    ]
    emit(rows, ops.choices, columns=COLUMNS, empty="The stack is empty.")
