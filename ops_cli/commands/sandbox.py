"""`opsctl sandbox`: the whole platform on this machine, over an embedded AWS emulator."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsGroup, yes_option
from ops_cli.frame.output import Column, Stream, emit, emit_lines, note
from ops_cli.frame.progress import Progress
from opscore.errors import OpsError
from opscore.words import counted

if TYPE_CHECKING:
    from ops_cli.clone.places import Places

COLUMNS = (
    Column("folder", "id"),
    Column("here", rank=1),
    Column("state", "id", rank=0),
    Column("endpoint", "id", rank=2),
    Column("since", "moment", rank=3),
)
DETAILS = (
    Column("endpoint", "id"),
    Column("applied_at", "moment", heading="APPLIED AT"),
    Column("saved_at", "moment", heading="SAVED AT"),
    Column("folder", "id"),
)

IMAGE = (
    Column("image_id", "id", heading="IMAGE"),
    Column("architecture"),
    Column("created", "moment"),
    Column("name", "id"),
    Column("parameter", "id"),
    Column("flaw"),
)
ARCHITECTURES = ("x86_64", "arm64")
FLAWS = ("agent-never-connects", "boot-failure", "unhealthy-task")
"""The emulator's faults that can lie in an image, as one writes them on a command line."""


@click.group(cls=OpsGroup)
def sandbox() -> None:
    """Run the whole platform on this machine.

    The sandbox is that of the nearest clone above the working folder, else of the clone that opsctl lies in; with
    --env sandbox:PATH that of the clone at PATH.
    """


@sandbox.command()
@click.option("--refresh", is_flag=True, help="Let Terraform compare and apply even when nothing changed.")
@click.pass_obj
def up(ops: Ops, refresh: bool) -> None:
    """Start the emulator, build, apply, seed: only what is needed.

    Safe to repeat and to interrupt at any point. In this folder and below it, every command works on it with --env
    sandbox, or without when no other environment is registered; from anywhere with --env sandbox:PATH.
    """
    from ops_cli.sandbox.exclusive import exclusively
    from ops_cli.sandbox.up import up as bring_up

    places = _clone(ops)
    _say_whose(places)
    with exclusively(places.lock, "opsctl sandbox up"):
        done = bring_up(places, Progress(color=ops.choices.color), refresh=refresh)
    note("The platform is up." if done.applied else "The platform is up; nothing had changed.")
    emit(done, ops.choices)


@sandbox.command()
@click.option("--destroy", is_flag=True, help="Let Terraform destroy everything first; nothing is kept.")
@yes_option
@click.pass_obj
def down(ops: Ops, destroy: bool, yes: bool) -> None:
    """Stop the emulator; what is in it is kept for the next `up`."""
    from ops_cli.sandbox import down as downs
    from ops_cli.sandbox.exclusive import exclusively

    places, progress = _places(ops), Progress(color=ops.choices.color)
    if destroy:
        confirm("Everything in the sandbox is destroyed. Go on?", yes=yes)
    with exclusively(places.lock, "opsctl sandbox down"):
        if destroy:
            downs.destroy(places, progress)
        elif not downs.down(places, progress):
            note("No emulator was running.")


@sandbox.command()
@yes_option
@click.pass_obj
def reset(ops: Ops, yes: bool) -> None:
    """Throw the account away and begin anew with the seed."""
    from ops_cli.sandbox.down import wipe
    from ops_cli.sandbox.exclusive import exclusively
    from ops_cli.sandbox.up import up as bring_up

    places, progress = _clone(ops), Progress(color=ops.choices.color)
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
    from ops_cli.frame.environments import SANDBOX
    from ops_cli.sandbox.seed import seed as write

    meant = Ops(replace(ops.choices, env=f"{SANDBOX}:{_places(ops).root}"))
    with Progress(color=ops.choices.color).step(f"Write {counted(accounts, 'account')}"):
        done = write(meant, lambda _line: None, accounts, months)
    emit(done, ops.choices)


@sandbox.command("publish-image")
@click.option(
    "--architecture", type=click.Choice(ARCHITECTURES), default="x86_64", show_default=True, help="Of which machines."
)
@click.option("--flaw", type=click.Choice(FLAWS), help="What is wrong with every host that runs it; else nothing is.")
@click.pass_obj
def publish_image(ops: Ops, architecture: str, flaw: str | None) -> None:
    """Publish a newer ECS-optimised AMI in the sandbox, as Amazon does.

    The public parameter of its architecture names it from then on. Nothing is rolled out by it.
    """
    from ops_cli.sandbox.images import publish

    emit(publish(_places(ops), architecture, flaw or ""), ops.choices, columns=IMAGE)


@sandbox.command()
@click.pass_obj
def status(ops: Ops) -> None:
    """Show whether the emulator runs, where, and what was applied to it."""
    from ops_cli.sandbox.status import look

    emit(look(_places(ops)), ops.choices, columns=DETAILS)


@sandbox.command("list")
@click.pass_obj
def list_sandboxes(ops: Ops) -> None:
    """List the sandboxes of this machine: where they are, whether they run, and which is meant here."""
    from ops_cli.frame.choice import here
    from ops_cli.sandbox.emulator.registry import look_around

    emit(
        look_around(here()),
        ops.choices,
        columns=COLUMNS,
        empty="No sandbox was started on this machine. `opsctl sandbox up` starts one.",
    )


@sandbox.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.option("--lines", "-n", type=click.IntRange(min=0), default=50, show_default=True, help="How many at first.")
@click.pass_obj
def logs(ops: Ops, follow: bool, lines: int) -> None:
    """Show the emulator's own log; `opsctl logs SERVICE` shows a function's."""
    from ops_cli.sandbox.emulator import logs as emulator_log

    log = _places(ops).log
    if not follow:
        found = [({"line": line}, line) for line in emulator_log.last_lines(log, lines)]
        emit_lines(found, ops.choices, empty="The log is empty.")
        return
    stream = Stream(ops.choices)
    for line in emulator_log.follow(log, lines):
        stream.row({"line": line}, line)


def _places(ops: Ops) -> "Places":
    """Return the places that a command of this group works on; another environment that was said says nothing here."""
    from ops_cli.frame.choice import places_of

    return places_of(ops.choices.env)


def _clone(ops: Ops) -> "Places":
    """Return the places of a whole clone, for a command that builds and applies what lies there."""
    from ops_cli.clone.places import MARKS, is_clone

    places = _places(ops)
    if not is_clone(places.root):
        raise OpsError(
            f"{places.root} has a sandbox and is no clone of the project: {', '.join(MARKS)} are needed.",
            hint="Get the clone's files back there, or delete its .sandbox and go to another clone.",
        )
    return places


def _say_whose(places: "Places") -> None:
    """Say that one clone's opsctl works on another clone: its Terraform and functions, by this program."""
    from ops_cli.clone.places import own_clone

    own = own_clone()
    if own and own != places.root:
        note(f"This opsctl is that of {own}; it works on {places.root}.")
