import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import click
import pytest

from ops_cli import main as root
from ops_cli.frame.environments import Environment, register
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


def test_completion_of_names_is_silent_when_nothing_can_be_reached() -> None:
    register(Environment("here", region="eu-west-1", endpoint="http://127.0.0.1:9"))
    assert complete("opsctl --env here logs re", 4) == []
