"""Every command explains itself, the command table tells the truth, and the README lists what there is."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ops_cli import main as root
from ops_cli.main import COMMANDS, cli
from opscore.errors import ExitCode

ROOT = Path(__file__).parents[2]
HEAVY = (
    "boto3",
    "botocore",
    "jmespath",
    "python_terraform",
    "requests",
    "simple_salesforce",
    "tabulate",
    "wcwidth",
    "yaml",
)


def all_commands(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(("opsctl", *path)), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from all_commands(child, (*path, name))


@pytest.mark.parametrize(("path", "command"), list(all_commands()), ids=str)
def test_every_command_has_help_for_itself_and_its_options(path: str, command: click.Command) -> None:
    assert command.help, f"{path} has no docstring"
    for param in command.params:
        assert isinstance(param, click.Argument) or getattr(param, "help", None), f"{path} {param.name} has no help"


@pytest.mark.parametrize("path", [path.split()[1:] for path, _ in all_commands()], ids=" ".join)
def test_help_is_shown_without_an_environment(path: list[str]) -> None:
    result = CliRunner().invoke(cli, [*path, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage: " in result.output


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_command_table_says_what_the_command_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name][1]


def test_the_readme_lists_every_command_and_no_other() -> None:
    leaves = {path for path, command in all_commands() if not isinstance(command, click.Group)}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Commands", 1)[1].split("\n## ", 1)[0]
    listed = set(re.findall(r"^\| `(opsctl [a-z-]+(?: [a-z-]+)?)", section, re.MULTILINE))
    assert listed == leaves


def test_the_help_lists_the_exit_codes_of_the_error_model() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output.partition("Exit codes:\n")[2]
    assert [line.split(maxsplit=1) for line in shown.splitlines() if line] == [
        [str(code.value), code.meaning] for code in ExitCode
    ]


def test_the_readme_lists_the_exit_codes_of_the_error_model() -> None:
    listed = " · ".join(f"{code.value} {code.meaning}" for code in ExitCode)
    assert f"\nExit codes: {listed}.\n" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [path.split()[1:] for path, _ in all_commands()], ids=" ".join)
def test_h_and_the_word_help_show_what_help_shows(path: list[str]) -> None:
    shown = CliRunner().invoke(cli, [*path, "--help"]).output
    assert CliRunner().invoke(cli, [*path, "-h"]).output == shown
    assert CliRunner().invoke(cli, ["help", *path]).output == shown


@pytest.mark.parametrize(("path", "command"), list(all_commands()), ids=str)
def test_every_command_takes_o_for_output_and_y_for_yes(path: str, command: click.Command) -> None:
    names = {name: param for param in command.params for name in param.opts}
    assert names["-o"] is names["--output"]
    assert names.get("-y") is names.get("--yes")


@pytest.mark.parametrize(("path", "command"), list(all_commands()), ids=str)
def test_every_number_on_a_command_line_has_a_smallest_value(path: str, command: click.Command) -> None:
    plain = (type(click.INT), type(click.FLOAT))
    numbers = [param for param in command.params if isinstance(param.type, plain)]
    assert not [param.name for param in numbers if getattr(param.type, "min", None) is None]


GROUPS = [(path.split()[1:], command) for path, command in all_commands() if isinstance(command, click.Group)]


@pytest.mark.parametrize(("path", "group"), GROUPS, ids=str)
def test_a_mistyped_command_is_met_with_the_nearest_name(
    path: list[str], group: click.Group, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in group.list_commands(click.Context(group)):
        mistyped = f"{name}{name[-1]}"
        assert root.run([*path, mistyped]) == ExitCode.USAGE
        said = capsys.readouterr().err
        assert said.startswith(f"Error: No such command '{mistyped}'. Did you mean ")
        assert name in said.splitlines()[0]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["help"], ["dlq", "--help"], ["report", "start", "-h"]]
)
def test_no_heavy_module_is_imported_by_help(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom ops_cli.main import run\n"
        f"run({arguments!r})\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr.strip() == "[]"
