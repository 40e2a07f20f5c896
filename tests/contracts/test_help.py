"""Every command explains itself, the command table tells the truth, and the README lists what there is."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ops_cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[2]
HEAVY = ("boto3", "botocore", "requests", "simple_salesforce", "python_terraform", "tabulate", "jmespath", "yaml")


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


def test_exit_codes_in_the_help_are_those_of_the_error_model() -> None:
    from opscore.errors import ExitCode

    shown = CliRunner().invoke(cli, ["--help"]).output
    assert {int(code) for code in re.findall(r"^\s+(\d+)  \w", shown, re.MULTILINE)} == {int(code) for code in ExitCode}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["dlq", "--help"], ["report", "start", "--help"]])
def test_no_heavy_module_is_imported_by_help(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom ops_cli.main import run\n"
        f"run({arguments!r})\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr.strip() == "[]"
