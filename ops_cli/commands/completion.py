"""`opsctl completion`: the script that teaches a shell the commands, queues and services."""

import click
from click.shell_completion import get_completion_class

from ops_cli.frame.options import OpsCommand


@click.command(cls=OpsCommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the shell completion script.

    Load it with, for example: eval "$(opsctl completion bash)"
    """
    script = get_completion_class(shell)
    if script is None:
        raise click.ClickException(f"Click knows no completion for {shell}.")
    click.echo(script(ctx.find_root().command, {}, "opsctl", "_OPSCTL_COMPLETE").source())
