"""What `services`, `stack`, `env`, `sandbox`, `doctor` and `state` show at 80 and 120 columns, and in a pipe."""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ops_cli import main as root
from ops_cli.commands import doctor, env, services, state
from ops_cli.commands.doctor import Finding
from ops_cli.frame import choice
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.output import Screen, showing_on
from ops_cli.frame.stack import parse
from ops_cli.sandbox import status
from ops_cli.sandbox.emulator import registry
from tests.ops_cli.commands.conftest import DESCRIPTION
from tests.ops_cli.commands.kept_screens import kept

NOW = dt.datetime(2026, 11, 24, 3, 12, tzinfo=dt.UTC)
NAME = "opsctl-test-report-generator"
ENDPOINT = "http://127.0.0.1:45671"
FOLDER = "/home/ada/projects/opsctl-second-clone"

Show = Callable[[str, int | None], str]
"""(command line, width) -> stdout; no width is a pipe."""


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Run opsctl on a screen, with what the stack would answer put in its place."""
    monkeypatch.setenv("OPSCTL_ENV", "test")
    register(Environment("test", "ops-admin", "eu-west-1", "123456789012"))
    register(Environment("emulated", region="eu-west-1", endpoint=ENDPOINT))
    monkeypatch.setattr(Ops, "stack", parse(DESCRIPTION))
    monkeypatch.setattr(services, "_deployed", lambda _ops, _names: {NAME: CONFIGURATION})
    monkeypatch.setattr(Ops, "client", lambda _ops, _service: SimpleNamespace(get_function=lambda **_: FUNCTION))
    monkeypatch.setattr(env, "here", lambda: None)
    monkeypatch.setattr(choice, "here", lambda: None)
    monkeypatch.setattr(choice, "places_of", lambda _said: None)
    monkeypatch.setattr(registry, "look_around", lambda _mine: SANDBOXES)
    monkeypatch.setattr(status, "look", lambda _places: STATUS)
    monkeypatch.setattr(doctor, "examine", lambda _ops: FINDINGS)
    monkeypatch.setattr(state, "_folder", lambda _ops: "")
    monkeypatch.setattr(state, "resources", lambda _folder: RESOURCES)

    def run(command: str, width: int | None) -> str:
        with showing_on(Screen(width, 24 if width else None, NOW)):
            assert root.run(command.split()) in (0, 1)
        return capsys.readouterr().out

    return run


CONFIGURATION: dict[str, Any] = {
    "Runtime": "python3.13",
    "Architectures": ["arm64"],
    "MemorySize": 1769,
    "Timeout": 300,
    "LastModified": "2026-11-23T11:31:36.000+0000",
    "Version": "17",
    "Role": f"arn:aws:iam::123456789012:role/opsctl/{NAME}",
    "Environment": {
        "Variables": {
            "ATHENA_OUTPUT": "s3://opsctl-test-reports-123456789012-eu-west-1/athena/results/of/the/month/",
            "LOG_LEVEL": "INFO",
            "STATES_TABLE": "opsctl-test-report-states",
        }
    },
}
FUNCTION = {"Configuration": CONFIGURATION, "Concurrency": {"ReservedConcurrentExecutions": 5}}
SANDBOXES = [
    registry.Known(FOLDER, "running", ENDPOINT, NOW - dt.timedelta(hours=2), 4711, here=True),
    registry.Known("/home/ada/opsctl", "stopped", None, None, None, here=False),
]
STATUS = status.Status(
    "running", 4711, ENDPOINT, NOW - dt.timedelta(hours=2), "ministack 1.2.3", "current",
    NOW - dt.timedelta(hours=1), NOW - dt.timedelta(minutes=3), f"{FOLDER}/.sandbox",
)  # fmt: skip
FINDINGS = [
    Finding("environment", "ok", "test: AWS, profile ops-admin"),
    Finding("credentials", "bad", "The token of profile ops-admin has expired.", "Run `aws sso login --profile x`."),
    Finding("stack description", "ok", "opsctl-test: 3 functions, 1 queue"),
    Finding("clock", "warning", "the endpoint sent no Date header, so the clock was not compared"),
    Finding(
        "Terraform", "warning", "not on PATH",
        "Install Terraform 1.11 or newer; only deploying and `opsctl state` need it.",
    ),
]  # fmt: skip
QUEUE = "module.report_requests.module.queue.aws_sqs_queue.dead_letter"
RESOURCES = [
    {"address": QUEUE, "type": "aws_sqs_queue", "name": "dead_letter", "values": {
        "name": "opsctl-test-report-requests-dead-letter", "message_retention_seconds": 1_209_600,
        "redrive_allow_policy": f'{{"redrivePermission":"byQueue","sourceQueueArns":["{"arn:aws:sqs:" * 6}"]}}',
        "tags": {"project": "opsctl", "environment": "test"},
    }},
    {"address": "aws_ssm_parameter.stack", "type": "aws_ssm_parameter", "name": "stack", "values": {}},
]  # fmt: skip
SCREENS = kept(__file__)


@pytest.mark.parametrize(("command", "width"), SCREENS)
def test_every_listing_fits_and_a_pipe_gets_all_of_it(show: Show, command: str, width: int | None) -> None:
    shown = show(command, width)
    assert shown == SCREENS[command, width]
    assert width is None or max(map(len, shown.splitlines())) <= width
