"""`opsctl env`: name the accounts and regions that opsctl works on."""

import dataclasses

import click

from ops_cli.clone.record import running
from ops_cli.frame.aws_errors import explain
from ops_cli.frame.choice import here, not_running, sandbox_at
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import (
    PROJECT,
    SANDBOX,
    Environment,
    check_account_id,
    check_endpoint,
    check_name,
    check_project,
    config_file,
    forget,
    is_passed_over,
    load,
    register,
)
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import Column, emit, note
from opscore.errors import NotFound, OpsError, UsageProblem

COLUMNS = (
    Column("name", "id"),
    Column("profile", "id", rank=3),
    Column("region", "id", rank=1),
    Column("account", "id", rank=1),
    Column("endpoint", "id", rank=2),
    Column("clone", "id", rank=4),
)


@click.group(cls=OpsGroup)
def env() -> None:
    """Name the accounts and regions that opsctl works on."""


@env.command("list")
@click.pass_obj
def list_environments(ops: Ops) -> None:
    """List the registered environments, and the sandbox that is meant here."""
    rows = sorted(load().values(), key=lambda environment: environment.name)
    if mine := here():
        emulator = running(mine)
        rows.append(sandbox_at(mine, emulator.endpoint if emulator else None))
        if emulator is None:
            unreachable = not_running(mine)
            note(f"{unreachable.message} {unreachable.hint}")
    emit(
        rows,
        ops.choices,
        columns=COLUMNS,
        empty="No environment is registered. `opsctl sandbox up` makes one, `opsctl env add` another.",
    )
    if is_passed_over():
        note(f"The entry [sandbox] of {config_file()} is passed over: `opsctl env remove sandbox` takes it out.")


@env.command()
@click.argument("name")
@click.option("--account", metavar="ID", help="The only account that NAME means.  [default: that of the credentials]")
@click.option(
    "--project", metavar="PROJECT", default=PROJECT, show_default=True, help="First part of every name in AWS."
)
@click.option("--endpoint", metavar="URL", help="Only for an emulator.")
@click.option("--stack", metavar="NAME", help="SSM parameter of the stack.  [default: /PROJECT/NAME/stack]")
@click.option("--replace", is_flag=True, help="Replace the environment of that name.")
@click.pass_obj
def add(
    ops: Ops,
    name: str,
    account: str | None,
    project: str,
    endpoint: str | None,
    stack: str | None,
    replace: bool,
) -> None:
    """Register NAME, with the --profile and --region given.

    AWS is asked whose the credentials are, and nothing else: from then on NAME means that account, and credentials of
    another are refused. A profile is needed unless credentials come from the environment.
    """
    check_name(name)
    check_project(project)
    if account is not None:
        check_account_id(account)
    if endpoint is not None:
        check_endpoint(endpoint)
    if name in load() and not replace:
        raise UsageProblem(f"The environment {name} is registered already.", hint="--replace replaces it.")
    added = Environment(name, ops.choices.profile, ops.choices.region, account, project, endpoint, stack)
    unknown = ""
    if account is None:
        try:
            added = dataclasses.replace(added, account=_account_of(added))
        except OpsError as error:
            unknown = f"Which account it is could not be asked: {error.message} `opsctl deploy` will note it."
    register(added)
    note(f"Registered {name}{f', account {added.account}' if added.account else ''}.")
    if unknown:
        note(unknown)
    note(f"`opsctl --env {name} doctor` checks it.")


def _account_of(environment: Environment) -> str:
    """Return the account of the environment's credentials; raises `OpsError` when AWS gives no answer."""
    try:
        return str(Ops.at(environment).client("sts").get_caller_identity()["Account"])
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        raise known from error


@env.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget NAME; what runs there goes on."""
    known = load()
    if name == SANDBOX and not is_passed_over():
        raise UsageProblem(
            "A sandbox is not registered: it belongs to its clone's folder.",
            hint="`opsctl sandbox down` stops it, `opsctl sandbox down --destroy` removes what is in it.",
        )
    if name != SANDBOX and name not in known:
        raise NotFound.among("environment", name, known, listing="opsctl env list")
    forget(name)
    note(f"Forgot {name}; nothing in AWS was changed.")
