"""The root of opsctl: its command table, and the one place where an error reaches the operator."""

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from ops_cli import __version__
from ops_cli.frame import standard_streams
from ops_cli.frame.context import Ops
from ops_cli.frame.lazy import LazyGroup, LazyTable
from ops_cli.frame.options import global_options
from opscore.errors import ExitCode, OpsError, UsageProblem

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

EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code.value:>3}  {code.meaning}" for code in ExitCode)


@click.group(cls=LazyGroup, table=COMMANDS, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="opsctl", message="%(prog)s %(version)s")
@global_options
def cli() -> None:
    """See what is deployed, what is wrong, and do something about it.

    Choose where to work with --env NAME or OPSCTL_ENV. Data goes to stdout, everything else to stderr.
    `opsctl help COMMAND` explains a command.
    """


def main() -> None:
    """Run opsctl as a program: arguments from the command line, the exit code to the shell."""
    standard_streams.accept_every_character()
    if os.environ.get("_OPSCTL_COMPLETE"):
        cli.main(prog_name="opsctl")  # answers the shell's completion and ends the process
    code = run(sys.argv[1:])
    lost = standard_streams.flush()
    if lost is not None and code == ExitCode.DONE:
        code = _reader_gone() if isinstance(lost, BrokenPipeError) else _show(lost, Ops())
    sys.exit(code)


def run(args: Sequence[str]) -> int:
    """Run opsctl with `args`, show any error on stderr, and return the exit code."""
    ops = Ops()
    try:
        return _invoke(args, ops)
    except (click.Abort, KeyboardInterrupt, EOFError):
        _tell("Interrupted.", ops)
        return ExitCode.INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        _tell(error.format_message(), ops)
        return error.exit_code
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:  # noqa: BLE001 - the last place that can turn it into a sentence
        return _show(error, ops)


def _invoke(args: Sequence[str], ops: Ops) -> int:
    """Parse `args` and run their command. Click's `main` is not used: it ends the process itself on a broken pipe."""
    try:
        with cli.make_context("opsctl", list(args), obj=ops) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return result if isinstance(result, int) else ExitCode.DONE


def _reader_gone() -> int:
    """Return the exit code after a broken pipe: nothing has failed when only the data lost its reader (`| head`).

    When the messages lost theirs, too, work may have been left undone and nobody was told.
    """
    return ExitCode.DONE if standard_streams.has_reader(sys.stderr) else ExitCode.FAILED


def _show(error: Exception, ops: Ops) -> int:
    """Print `error` as one sentence with a hint, and with its traceback under --debug; return its exit code."""
    from ops_cli.frame.output import complain  # most runs have no error

    if ops.choices.debug:
        import traceback

        _tell("".join(traceback.format_exception(error)).rstrip(), ops)
    known = _explain(error, ops)
    with contextlib.suppress(OSError):  # where stderr cannot be written, the exit code has to do
        complain(known.message, known.hint or "", color=ops.choices.color)
    return known.exit_code


def _tell(text: str, ops: Ops) -> None:
    from ops_cli.frame.output import note

    with contextlib.suppress(OSError):
        note(text, color=ops.choices.color)


def _explain(error: Exception, ops: Ops) -> OpsError:
    """Return what `error` means for the operator; what nobody knows is a fault in opsctl."""
    if isinstance(error, OpsError):
        return error
    if isinstance(error, click.ClickException):
        return _of_click(error)
    from ops_cli.frame import machine_errors

    name = type(error).__name__
    fault = OpsError(f"Unexpected {name}: {error}", hint="This is a fault in opsctl; --debug shows where.")
    return _of_aws(error, ops) or machine_errors.explain(error) or fault


def _of_click(error: click.ClickException) -> OpsError:
    if not isinstance(error, click.UsageError):
        return OpsError(error.format_message())
    if error.ctx and isinstance(error, click.MissingParameter):
        hint = " ".join(error.ctx.get_usage().split())
    else:
        hint = f"`{error.ctx.command_path if error.ctx else 'opsctl'} --help` shows what there is."
    return UsageProblem(error.format_message(), hint=hint)


def _of_aws(error: Exception, ops: Ops) -> OpsError | None:
    if "botocore" not in sys.modules:
        return None
    from ops_cli.frame.aws_errors import explain  # knows botocore, which few commands load

    return explain(error, vars(ops).get("environment"))
