"""opsctl as a program, where its output goes into closed pipes, full disks and terminals of other encodings."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

PROBE = """
import sys
import click
from ops_cli import main as root
from ops_cli.frame.options import OpsCommand

def body():
{body}

probe = OpsCommand("probe", callback=body, help="Probe.")
found = root.cli.get_command
root.cli.get_command = lambda ctx, name: probe if name == "probe" else found(ctx, name)
sys.argv = ["opsctl", *sys.argv[1:]]
root.main()
"""

ENDLESS = """
    while True:
        click.echo("line")
"""


def program(body: str = "    pass", arguments: Sequence[str] = ("probe",)) -> list[str]:
    return [sys.executable, "-c", PROBE.format(body=body), *arguments]


HELD = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""With it Python would hold nothing back."""


def run(command: Sequence[str], **more: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(command, check=False, timeout=60, **{"stderr": subprocess.PIPE, "env": HELD, **more})  # type: ignore[call-overload, no-any-return]


def read_one_line(command: Sequence[str], *, both: bool = False) -> tuple[bytes, int, bytes]:
    """Run `command` into a reader that ends after one line; return the line, the exit code, and what stderr said."""
    errors = subprocess.STDOUT if both else subprocess.PIPE
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=HELD) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        child.stdout.close()
        said = child.stderr.read() if child.stderr else b""
    return line, child.returncode, said


def test_a_reader_that_has_seen_enough_is_no_failure() -> None:
    assert read_one_line(program(ENDLESS)) == (b"line\n", 0, b"")


def test_what_python_still_holds_when_it_ends_is_no_failure_either() -> None:
    # Not flushed by click: the broken pipe is met only when the program ends.
    body = "    sys.stdout.write('line\\n' * 2); sys.stdout.flush(); sys.stdin.read(); sys.stdout.write('more\\n')"
    with subprocess.Popen(
        program(body), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=HELD
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        child.stdin.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


def test_work_that_nobody_hears_of_any_more_is_not_told_as_done() -> None:
    body = "    while True: click.echo('line', err=True)"
    assert read_one_line(program(body), both=True)[:2] == (b"line\n", 1)


@pytest.mark.parametrize("body", ["    click.echo('data')", "    sys.stdout.write('data')"], ids=["flushed", "held"])
def test_a_full_disk_is_an_error_in_one_sentence(body: str) -> None:
    with Path("/dev/full").open("wb") as full:
        answer = run(program(body), stdout=full)
    assert answer.returncode == 1
    first, second = answer.stderr.decode().splitlines()
    assert first == "Error: The operating system refused: No space left on device."
    assert "Free some space" in second


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["help", "dlq"], ["completion", "bash"]])
def test_a_full_disk_is_an_error_of_what_opsctl_says_of_itself_too(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        answer = run(program(arguments=arguments), stdout=full)
    assert (answer.returncode, len(answer.stderr.splitlines())) == (1, 2)


def test_messages_that_cannot_be_written_leave_the_exit_code() -> None:
    with Path("/dev/full").open("wb") as full:
        answer = run(program("    raise root.OpsError('no', exit_code=root.ExitCode.NOT_FOUND)"), stderr=full)
    assert answer.returncode == 4


TEXT = "naïve → 日本 \\ud83d"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp437"])
def test_into_a_pipe_or_a_file_goes_utf_8_whatever_the_terminal_speaks(encoding: str) -> None:
    environment = {**HELD, "PYTHONIOENCODING": encoding}
    answer = run(program(f"    click.echo('{TEXT}')"), stdout=subprocess.PIPE, env=environment)
    assert answer.returncode == 0
    assert answer.stdout == "naïve → 日本 \\ud83d\n".encode()


@pytest.mark.parametrize(
    ("encoding", "shown"), [("latin-1", b"na\xefve \\u2192 "), ("ascii", "naïve → 日本 \\ud83d".encode())]
)
def test_a_terminal_gets_an_escape_for_what_it_cannot_show(encoding: str, shown: bytes) -> None:
    ours, theirs = os.openpty()
    environment = {**HELD, "PYTHONIOENCODING": encoding}
    answer = run(program(f"    click.echo('{TEXT}')"), stdout=theirs, env=environment)
    os.close(theirs)
    assert answer.returncode == 0
    assert shown in os.read(ours, 1000)
    os.close(ours)


def test_a_closed_standard_output_is_no_fault() -> None:
    answer = run(["sh", "-c", 'exec "$@" >&-', "sh", *program("    click.echo('data')")])
    assert (answer.returncode, answer.stderr) == (0, b"")
