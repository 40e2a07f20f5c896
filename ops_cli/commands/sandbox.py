"""`opsctl sandbox`: the whole platform on this machine, over an embedded AWS emulator."""

from dataclasses import replace

import click

from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import Stream, emit, emit_lines, note
from ops_cli.frame.progress import Progress


@click.group(cls=OpsGroup)
def sandbox() -> None:
    """Run the whole platform on this machine."""


@sandbox.command()
@click.option("--refresh", is_flag=True, help="Let Terraform compare and apply even when nothing changed.")
@click.pass_obj
def up(ops: Ops, refresh: bool) -> None:
    """Start the emulator, build, apply, seed: only what is needed.

    Safe to repeat and to interrupt at any point. The environment `sandbox` is registered, so that every command works
    on it with --env sandbox.
    """
    from ops_cli.sandbox.exclusive import exclusively
    from ops_cli.sandbox.project import find_places
    from ops_cli.sandbox.up import up as bring_up

    places = find_places()
    with exclusively(places.lock, "opsctl sandbox up"):
        done = bring_up(places, Progress(color=ops.choices.color), refresh=refresh)
    note("The platform is up." if done.applied else "The platform is up; nothing had changed.")
    emit(done, ops.choices)


@sandbox.command()
@click.option("--destroy", is_flag=True, help="Let Terraform destroy everything first; nothing is kept.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def down(ops: Ops, destroy: bool, yes: bool) -> None:
    """Stop the emulator; what is in it is kept for the next `up`."""
    from ops_cli.sandbox import down as downs
    from ops_cli.sandbox.exclusive import exclusively
    from ops_cli.sandbox.project import find_places

    places, progress = find_places(), Progress(color=ops.choices.color)
    if destroy:
        confirm("Everything in the sandbox is destroyed. Go on?", yes=yes)
    with exclusively(places.lock, "opsctl sandbox down"):
        if destroy:
            downs.destroy(places, progress)
        elif not downs.down(places, progress):
            note("No emulator was running.")


@sandbox.command()
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(ops: Ops, yes: bool) -> None:
    """Throw the account away and begin anew with the seed."""
    from ops_cli.sandbox.down import wipe
    from ops_cli.sandbox.exclusive import exclusively
    from ops_cli.sandbox.project import find_places
    from ops_cli.sandbox.up import up as bring_up

    places, progress = find_places(), Progress(color=ops.choices.color)
    note(f"Everything in the emulated account is removed ({places.state}), then the platform is applied and seeded.")
    confirm("Go on?", yes=yes)
    with exclusively(places.lock, "opsctl sandbox reset"):
        wipe(places, progress)
        done = bring_up(places, progress)
    emit(done, ops.choices)


@sandbox.command()
@click.option("--accounts", type=click.IntRange(1, 9999), required=True, help="How many; the first six have names.")
@click.option("--months", type=click.IntRange(1, 13), default=13, show_default=True, help="How many, the last ones.")
@click.pass_obj
def seed(ops: Ops, accounts: int, months: int) -> None:
    """Add made-up accounts with usage up to October 2026; what is there already is left alone.

    They are the same on every machine: a number of accounts begins with those of a smaller number.
    """
    from ops_cli.sandbox.deployment import NAME
    from ops_cli.sandbox.seed import seed as write

    with Progress(color=ops.choices.color).step(f"Write {accounts} accounts"):
        done = write(Ops(replace(ops.choices, env=NAME)), lambda _line: None, accounts, months)
    emit(done, ops.choices)


@sandbox.command()
@click.pass_obj
def status(ops: Ops) -> None:
    """Show whether the emulator runs, where, and what was applied to it."""
    from ops_cli.sandbox.project import find_places
    from ops_cli.sandbox.status import look

    emit(look(find_places()), ops.choices)


@sandbox.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("--lines", "-n", type=click.IntRange(min=0), default=50, show_default=True, help="How many at first.")
@click.pass_obj
def logs(ops: Ops, follow: bool, lines: int) -> None:
    """Show the emulator's own log; `opsctl logs SERVICE` shows a function's."""
    from ops_cli.sandbox import logs as emulator_log
    from ops_cli.sandbox.project import find_places

    log = find_places().log
    if not follow:
        found = [({"line": line}, line) for line in emulator_log.last_lines(log, lines)]
        emit_lines(found, ops.choices, empty="The log is empty.")
        return
    stream = Stream(ops.choices)
    for line in emulator_log.follow(log, lines):
        stream.row({"line": line}, line)
