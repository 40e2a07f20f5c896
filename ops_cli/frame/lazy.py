"""A Click group whose commands are imported only when they run, so that `--help` stays instant."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ops_cli.frame.options import OpsCommand, OpsGroup

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

LazyTable = Mapping[str, tuple[str, str]]
"""Command name -> ("module:attribute", one-line help). The help line must equal the command's own."""


class LazyGroup(OpsGroup):
    """List commands from a table; import the module of one command when it is asked for by name."""

    def __init__(self, *args: Any, table: LazyTable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the table."""
        return sorted(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command called `cmd_name`."""
        if cmd_name not in self._table:
            return None
        module, _, attribute = self._table[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, OpsCommand | OpsGroup):
            raise TypeError(f"{module}:{attribute} is not an OpsCommand or OpsGroup")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from the table, without importing anything."""
        rows = [(name, self._table[name][1]) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete command names from the table and options from Click."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self._table[name][1]) for name in names]
        return items + click.Command.shell_complete(self, ctx, incomplete)
