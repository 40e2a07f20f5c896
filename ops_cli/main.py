"""The root of opsctl: its command table, and the one place where an error reaches the operator."""

import os
import sys
from collections.abc import Sequence

import click

from ops_cli import __version__
from ops_cli.frame.context import Ops
from ops_cli.frame.lazy import LazyGroup, LazyTable
from ops_cli.frame.options import global_options
from opscore.errors import ExitCode, OpsError

COMMANDS: LazyTable = {
    "completion": ("ops_cli.commands.completion:completion", "Print the shell completion script."),
    "deploy": ("ops_cli.commands.deploy:deploy", "Plan, apply and destroy the platform with Terraform."),
    "dlq": ("ops_cli.commands.dlq:dlq", "List dead-letter queues and see why their messages died."),
    "doctor": (
        "ops_cli.commands.doctor:doctor",
        "Check credentials, region, clock, endpoint, stack, Terraform.",
    ),
    "drain": ("ops_cli.commands.fleet.drain:drain", "Drain container instances on purpose, and look at one drain."),
    "drained": (
        "ops_cli.commands.fleet.drains:drained",
        "List draining and drained container instances: their tasks left, what holds them, and how long AWS waits.",
    ),
    "env": ("ops_cli.commands.env:env", "Name the accounts and regions that opsctl works on."),
    "fleet": (
        "ops_cli.commands.fleet:fleet",
        "List the fleets, or the instances of one: AMI and its age, template version, agent, tasks, drift.",
    ),
    "logs": ("ops_cli.commands.logs:logs", "Show or follow the log of a service."),
    "replay-dlq": ("ops_cli.commands.dlq.replay:replay_dlq", "Send dead letters back to where they failed."),
    "report": ("ops_cli.commands.report:report", "Start, list, show and download usage reports."),
    "sandbox": ("ops_cli.commands.sandbox:sandbox", "Run the whole platform on this machine."),
    "services": ("ops_cli.commands.services:services", "List the services, or show one."),
    "stack": ("ops_cli.commands.stack:stack", "List what the platform consists of, by role."),
    "state": ("ops_cli.commands.state:state", "Look into the Terraform state."),
    "status": ("ops_cli.commands.status:status", "Show on one screen what is wrong, worst first."),
    "undrain": (
        "ops_cli.commands.fleet.undrain:undrain",
        "Let the given instances take tasks again; what is terminating cannot be called back.",
    ),
}

EXIT_CODES = """\b
Exit codes:
    0  done
    1  failed
    2  wrong usage
    3  partly done: some of the work succeeded, the message says which
    4  not found: queue, account, service, report or environment
    5  refused by AWS: credentials, permission, throttling, endpoint
    6  timed out while waiting
  130  interrupted
"""


@click.group(cls=LazyGroup, table=COMMANDS, epilog=EXIT_CODES)
@click.version_option(__version__, prog_name="opsctl", message="%(prog)s %(version)s")
@global_options
def cli() -> None:
    """See what is deployed, what is wrong, and do something about it.

    Choose where to work with --env NAME or OPSCTL_ENV. Data goes to stdout, everything else to stderr.
    """


def main() -> None:
    """Run opsctl as a program: arguments from the command line, the exit code to the shell."""
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run opsctl with `args`, show any error on stderr, and return the exit code."""
    ops = Ops()
    try:
        result = cli.main(list(args), prog_name="opsctl", standalone_mode=False, obj=ops)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nobody is left to tell, and nothing has failed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the last place that can turn it into a sentence
        return _show(error, ops)
    return result if isinstance(result, int) else ExitCode.DONE


def _show(error: Exception, ops: Ops) -> int:
    """Print `error` as one sentence with a hint, or with its traceback under --debug."""
    if ops.choices.debug:
        import traceback

        traceback.print_exception(error)
    known = error if isinstance(error, OpsError) else _explain(error)
    if known is None:
        name = type(error).__name__
        known = OpsError(f"Unexpected {name}: {error}", hint="This is a fault in opsctl; --debug shows where.")
    click.echo(f"{click.style('Error:', fg='red')} {known.message}", err=True, color=ops.choices.color)
    if known.hint:
        click.echo(f"  → {known.hint}", err=True)
    return known.exit_code


def _explain(error: Exception) -> OpsError | None:
    if "botocore" not in sys.modules:
        return None
    from ops_cli.frame.aws_errors import explain  # knows botocore, which few commands load

    return explain(error)
