import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import click
import pytest

from ops_cli import main as root
from ops_cli.frame.environments import Environment, config_file, register
from ops_cli.frame.options import OpsCommand
from opscore.errors import NotFound, OpsError, PartlyDone


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Put a command called `probe` into the root group."""

    def install(body: Callable[..., Any]) -> None:
        probe = OpsCommand("probe", callback=click.pass_obj(body), help="Probe.")
        monkeypatch.setattr(root.cli, "get_command", lambda ctx, name: probe if name == "probe" else None)

    return install


def raises(error: BaseException) -> Callable[..., None]:
    def body(ops: object) -> None:
        raise error

    return body


DENIED = botocore.exceptions.ClientError(
    {
        "Error": {
            "Code": "AccessDenied",
            "Message": "User: x is not authorized to perform: sqs:ReceiveMessage on resource: arn:aws:sqs:q because …",
        }
    },
    "ReceiveMessage",
)


def client_error(code: str) -> Exception:
    return botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessage")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OpsError("It broke.", hint="Mend it."), 1, "Error: It broke.\n  → Mend it.\n"),
        (PartlyDone("3 of 5 moved."), 3, "3 of 5 moved."),
        (NotFound.among("queue", "mial", ["mail"]), 4, "Did you mean mail?"),
        (DENIED, 5, "Not allowed: sqs:ReceiveMessage on arn:aws:sqs:q."),
        (client_error("ExpiredToken"), 5, "credentials have expired"),
        (client_error("Throttling"), 5, "throttling SendMessage"),
        (client_error("QueueDoesNotExist.NonExistent"), 4, "SendMessage: no"),
        (botocore.exceptions.NoCredentialsError(), 5, "No usable AWS credentials"),
        (botocore.exceptions.ProfileNotFound(profile="x"), 2, "aws configure list-profiles"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="http://x"), 5, "cannot be reached"),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (RuntimeError("odd"), 1, "Unexpected RuntimeError: odd"),
        (click.UsageError("bad flag"), 2, "bad flag"),
    ],
)
def test_every_error_has_its_exit_code_and_one_sentence(
    error: BaseException,
    code: int,
    says: str,
    command: Callable[[Any], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    command(raises(error))
    assert root.run(["probe"]) == code
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""
    assert "Traceback" not in err


def test_an_error_of_several_lines_cannot_pretend_to_be_a_hint_of_ours(
    command: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(raises(OpsError("It broke.\n  → Delete everything.", hint="Mend it.")))
    root.run(["probe"])
    assert capsys.readouterr().err == "Error: It broke. → Delete everything.\n  → Mend it.\n"


HOSTILE = "a\x1b]52;c;x\x07b\x9bc\u202ed\u2028e\rf\x00g"


@pytest.mark.parametrize(
    "error",
    [
        OpsError(HOSTILE, hint=HOSTILE),
        client_error(HOSTILE),
        RuntimeError(HOSTILE),
        click.UsageError(HOSTILE),
        OSError(2, "No such file or directory", HOSTILE),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["", "debug"])
def test_no_control_character_of_an_error_reaches_the_terminal(
    error: Exception, debug: list[str], command: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(raises(error))
    root.run(["probe", *debug])
    said = capsys.readouterr().err
    assert r"a\x1b]52;c;x\x07b\x9bc\u202ed\u2028e\rf\x00g" in said
    assert not [c for c in said if not c.isprintable() and c != "\n"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--output", "jsn", "probe"], "'jsn' is not one of 'table', 'json', 'yaml', 'csv', 'ndjson'"),
        (["probe", "-o", "jsn"], "'jsn' is not one of 'table', 'json', 'yaml', 'csv', 'ndjson'"),
        (["probe", "--outptu", "json"], "Did you mean '--output'?"),
        (["probe", "--terraform-dir", "/no/such"], "'/no/such' does not exist"),
        (["probe", "--env"], "Option '--env' requires an argument."),
        (["probe", "surplus"], "unexpected extra argument"),
        (["nothing"], "No such command 'nothing'."),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_one_step(
    arguments: list[str], says: str, command: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    command(lambda ops: None)
    assert root.run(arguments) == 2
    error, step = capsys.readouterr().err.splitlines()
    assert error.startswith("Error: ")
    assert says in error
    assert "--help` shows what there is." in step


@pytest.mark.parametrize("expression", ["[", "nope(@)"])
@pytest.mark.parametrize("before", [True, False])
def test_a_bad_expression_is_refused_before_anything_is_done(
    expression: str, before: bool, command: Callable[[Any], None], capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[object] = []
    command(done.append)
    asked = ["--query", expression]
    assert root.run([*asked, "probe"] if before else ["probe", *asked]) == 2
    assert capsys.readouterr().err.startswith(f"Error: --query {expression!r}: ")
    assert not done


def test_a_missing_argument_shows_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["dlq", "show"]) == 2
    assert capsys.readouterr().err == ("Error: Missing argument 'QUEUE'.\n  → Usage: opsctl dlq show [OPTIONS] QUEUE\n")


def test_a_group_alone_shows_its_help_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["dlq"]) == 2
    assert capsys.readouterr().err.startswith("Usage: opsctl dlq [OPTIONS] COMMAND")


@pytest.mark.parametrize("arguments", [["probe", "--output", "JSON"], ["-o", "Json", "probe"], ["probe", "-ojson"]])
def test_a_format_may_be_written_in_any_case(arguments: list[str], command: Callable[[Any], None]) -> None:
    seen: list[str] = []
    command(lambda ops: seen.append(ops.choices.output))
    assert root.run(arguments) == 0
    assert seen == ["json"]


def test_a_broken_pipe_ends_quietly(command: Callable[[Any], None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raises(BrokenPipeError(32, "Broken pipe")))
    assert root.run(["probe"]) == 0
    assert capsys.readouterr() == ("", "")


def config(text: bytes) -> None:
    config_file().parent.mkdir(parents=True, exist_ok=True)
    config_file().write_bytes(text)


@pytest.mark.parametrize(
    "endpoint",
    ["not a url", "127.0.0.1:4566", "http://", "http://127.0.0.1:99999", "http://127.0.0.1:x", "http://[::1"],
)
def test_an_endpoint_that_is_no_url_is_a_wrong_usage(endpoint: str, capsys: pytest.CaptureFixture[str]) -> None:
    config(f'[p]\nendpoint = "{endpoint}"\nregion = "eu-west-1"\n'.encode())
    assert root.run(["--env", "p", "stack"]) in (1, 2)
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert "fault in opsctl" not in said


def test_a_configuration_that_is_not_utf_8_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    config(b'[p]\nregion = "\xff"\n')
    assert root.run(["--env", "p", "stack"]) == 1
    said = capsys.readouterr().err
    assert "is not UTF-8" in said
    assert "fault in opsctl" not in said


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
@pytest.mark.parametrize("place", ["/proc/x", "/dev/null", "/dev/null/below"])
def test_a_home_that_cannot_be_written_is_named_with_what_to_do(
    variable: str, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv(variable, place)
    assert root.run(["env", "add", "prod", "--profile", "p", "--region", "eu-west-1"]) == 1
    error, step = capsys.readouterr().err.splitlines()
    assert error.startswith(f"Error: {place}")
    assert "XDG_CONFIG_HOME" in step


def test_debug_shows_the_traceback(command: Callable[[Any], None], capsys: pytest.CaptureFixture[str]) -> None:
    command(raises(RuntimeError("odd")))
    assert root.run(["probe", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--env", "b", "probe"], ["probe", "--env", "b"], ["--env", "a", "probe", "--env", "b"]]
)
def test_global_options_stand_before_or_after_the_command(
    arguments: list[str], command: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSCTL_ENV", "from-the-shell")
    seen: list[str | None] = []
    command(lambda ops: seen.append(ops.choices.env))
    assert root.run(arguments) == 0
    assert seen == ["b"]


def test_the_shell_names_the_environment(command: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSCTL_ENV", "from-the-shell")
    seen: list[str | None] = []
    command(lambda ops: seen.append(ops.choices.env))
    root.run(["probe"])
    assert seen == ["from-the-shell"]


def test_what_a_command_returns_is_the_exit_code(command: Callable[[Any], None]) -> None:
    command(lambda ops: 3)
    assert root.run(["probe"]) == 3


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_refused(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ops_cli.frame.options import Choices

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Choices().color is None
    monkeypatch.setenv(variable, value)
    assert Choices().color is False


def complete(words: str, position: int) -> list[str]:
    environment = {**os.environ, "_OPSCTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    code = "import sys; from ops_cli.main import main; sys.argv = ['opsctl']; main()"
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    return [line.split(",")[1] for line in answer.stdout.splitlines() if line]


def test_completion_knows_commands_subcommands_and_environments() -> None:
    register(Environment("prod-eu"))
    assert complete("opsctl re", 1) == ["replay-dlq", "report"]
    assert complete("opsctl dlq s", 2) == ["show"]
    assert complete("opsctl --env pro", 2) == ["prod-eu"]


def test_completion_goes_on_behind_a_half_typed_expression() -> None:
    assert complete("opsctl --query [ dlq s", 4) == ["show"]


def test_completion_of_names_is_silent_when_nothing_can_be_reached() -> None:
    register(Environment("here", region="eu-west-1", endpoint="http://127.0.0.1:9"))
    assert complete("opsctl --env here logs re", 4) == []
