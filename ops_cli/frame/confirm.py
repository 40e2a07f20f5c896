"""Ask before what cannot be undone; without a terminal, refuse instead of waiting for an answer."""

import sys

import click

from ops_cli.frame.output import printable
from opscore.errors import ExitCode, OpsError, UsageProblem


def confirm(question: str, *, yes: bool) -> None:
    """Return when the operator agrees (or said --yes); raise `OpsError` when not."""
    if yes:
        return
    _require_terminal()
    if not click.confirm(printable(question), err=True):
        raise OpsError("Nothing was changed.", exit_code=ExitCode.FAILED)


def confirm_by_name(question: str, name: str, *, yes: bool) -> None:
    """Like `confirm`, but the operator types `name`: for what destroys data."""
    if yes:
        return
    _require_terminal()
    if click.prompt(printable(f"{question} Type {name} to go on"), err=True) != name:
        raise OpsError("Nothing was changed: the name did not match.", exit_code=ExitCode.FAILED)


def _require_terminal() -> None:
    if sys.stdin is None or not sys.stdin.isatty():  # a shell's `<&-` closes it
        raise UsageProblem("Nobody can be asked: this is not a terminal.", hint="Say --yes if you are sure.")
