"""`opsctl env`: name the accounts and regions that opsctl works on."""

import click

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, forget, load, register
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import emit, note
from opscore.errors import NotFound


@click.group(cls=OpsGroup)
def env() -> None:
    """Name the accounts and regions that opsctl works on."""


@env.command("list")
@click.pass_obj
def list_environments(ops: Ops) -> None:
    """List the registered environments."""
    rows = sorted(load().values(), key=lambda environment: environment.name)
    emit(
        rows,
        ops.choices,
        columns=("name", "profile", "region", "endpoint"),
        empty="No environment is registered. `opsctl sandbox up` makes one, `opsctl env add` another.",
    )


@env.command()
@click.argument("name")
@click.option("--endpoint", metavar="URL", help="Only for an emulator.")
@click.option("--stack", metavar="NAME", help="SSM parameter of the stack.  [default: /opsctl/NAME/stack]")
@click.pass_obj
def add(ops: Ops, name: str, endpoint: str | None, stack: str | None) -> None:
    """Register NAME, with the --profile and --region given.

    Nothing is called or changed in AWS. A profile is needed unless credentials come from the environment.
    """
    register(Environment(name, ops.choices.profile, ops.choices.region, endpoint, stack))
    note(f"Registered {name}. `opsctl --env {name} doctor` checks it.")


@env.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget NAME; what runs there goes on."""
    known = load()
    if name not in known:
        raise NotFound.among("environment", name, known, listing="opsctl env list")
    forget(name)
    note(f"Forgot {name}; nothing in AWS was changed.")
