"""The options that every command takes, before or after its name: where to work and how to answer."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ops_cli.frame.query import check_query
from opscore.errors import did_you_mean

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

LONGEST_SECONDS = 10 * 24 * 3600
"""No command waits longer than ten days: a larger number is a slip of the finger."""

FORMATS = ("table", "json", "yaml", "csv", "ndjson")

F = TypeVar("F", bound=Callable[..., Any])

yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
"""What every command takes that asks before it acts."""


def seconds_option(name: str, default: int, text: str, *, smallest: int = 0) -> Callable[[F], F]:
    """Declare an option for a number of seconds, from `smallest` to ten days."""
    kind = click.IntRange(smallest, LONGEST_SECONDS)
    return click.option(name, type=kind, default=default, show_default=True, metavar="SECONDS", help=text)


@dataclass
class Choices:
    """What the operator chose on the command line; None means not given."""

    env: str | None = None
    profile: str | None = None
    region: str | None = None
    terraform_dir: str | None = None
    output: str = "table"
    query: str | None = None
    debug: bool = False
    no_color: bool = False

    @property
    def is_for_people(self) -> bool:
        """Whether the answer is laid out for people: as a table, and not queried."""
        return self.output == "table" and self.query is None

    @property
    def color(self) -> bool | None:
        """Whether to colour: False when refused (https://no-color.org), None to let Click ask the terminal."""
        refused = self.no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return False if refused else None


def _environment_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    from ops_cli.frame.choice import known_names

    return [CompletionItem(name) for name in known_names() if name.startswith(incomplete)]


def _store(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Keep a value that was given; the last one on the command line wins."""
    if value is not None and value is not False and ctx.obj is not None:
        setattr(ctx.obj.choices, str(param.name), value)


def _store_query(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Keep an expression, once it is known to be one; completion keeps what is half typed."""
    if not ctx.resilient_parsing:
        check_query(value)
    _store(ctx, param, value)


def _options(*, hidden: bool) -> list[click.Option]:
    def option(*names: str, text: str, **more: Any) -> click.Option:
        more = {"callback": _store, **more}
        return click.Option(names, help=text, hidden=hidden, expose_value=False, is_eager=True, **more)

    return [
        option("--env", envvar=None if hidden else "OPSCTL_ENV", metavar="NAME", text="Environment to work on.",
               shell_complete=_environment_names, show_envvar=True),
        option("--profile", metavar="NAME", text="AWS profile, instead of the environment's."),
        option("--region", metavar="NAME", text="AWS region, instead of the environment's."),
        option("--terraform-dir", metavar="DIR", type=click.Path(exists=True, file_okay=False),
               text="Read the stack from the Terraform outputs in DIR, not from SSM."),
        option("--output", "-o", type=click.Choice(FORMATS, case_sensitive=False), metavar="FORMAT",
               text=f"Print {', '.join(FORMATS)}; README has the rules for streams and CSV.  [default: table]"),
        option("--query", metavar="JMESPATH", callback=_store_query,
               text="Print only what this expression selects, of a stream from each row."),
        option("--debug", is_flag=True, text="Show tracebacks."),
        option("--no-color", is_flag=True, text="No colours; NO_COLOR does the same."),
    ]  # fmt: skip


def _without_own(params: list[click.Parameter]) -> list[click.Option]:
    """Return the global options but for those whose names a command has given to options of its own."""
    own = {name for param in params for name in param.opts}
    return [option for option in _options(hidden=True) if not own & set(option.opts)]


def global_options(function: F) -> F:
    """Declare the global options on the root group, where `--help` shows them."""
    params = function.__dict__.setdefault("__click_params__", [])
    params.extend(reversed(_options(hidden=False)))
    return function


class OpsCommand(click.Command):
    """A command that also takes the global options after its name; its help points to them in one line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_without_own(self.params))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's epilog and where the global options are explained."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text("--env, --output, --query and the other global options: opsctl --help")


class OpsGroup(click.Group):
    """A group of such commands; the global options may stand after its name too."""

    command_class = OpsCommand

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_without_own(self.params))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` begin with; `help COMMAND` means `COMMAND --help`.

        Raises `click.UsageError` with the nearest names when there is no such command.
        """
        while args[0] == "help":
            args = [*args[1:], "--help"]
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        question = did_you_mean(name, self.list_commands(ctx))
        raise click.UsageError(f"No such command {name!r}. {question}".strip(), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its whole first sentence; Click would cut it to the width of a line."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(limit=200)) for name, command in found if command])


OpsGroup.group_class = OpsGroup
