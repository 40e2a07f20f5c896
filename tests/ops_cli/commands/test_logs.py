import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.ops_cli.commands.conftest import Opsctl

GROUP = "/aws/lambda/opsctl-test-report-generator"


@pytest.fixture(autouse=True)
def _lines(aws: Callable[[str], Any]) -> None:
    logs, now = aws("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="s")
    events = [{"timestamp": now - 7_200_000, "message": "old"}, {"timestamp": now - 1000, "message": "new\n"}]
    logs.put_log_events(logGroupName=GROUP, logStreamName="s", logEvents=events)


def test_the_last_hour_is_shown_by_default(opsctl: Opsctl) -> None:
    lines = opsctl("logs", "report-generator").out.splitlines()
    assert [line.split("  ")[1] for line in lines] == ["new"]


def test_since_takes_an_age_and_a_time(opsctl: Opsctl) -> None:
    assert len(opsctl("logs", "report-generator", "--since", "3h").out.splitlines()) == 2
    assert len(opsctl("logs", "report-generator", "--since", "2020-01-01").out.splitlines()) == 2


def test_ndjson_has_one_object_a_line(opsctl: Opsctl) -> None:
    out = opsctl("logs", "report-generator", "--since", "3h", "--output", "ndjson").out
    assert [json.loads(line)["message"] for line in out.splitlines()] == ["old", "new"]


def test_a_silent_service_says_so_on_stderr(opsctl: Opsctl) -> None:
    answer = opsctl("logs", "report-generator", "--since", "0s")
    assert (answer.code, answer.out) == (0, "")
    assert "No log lines" in answer.err


def test_an_unreadable_time_is_a_usage_error_that_names_the_forms(opsctl: Opsctl) -> None:
    answer = opsctl("logs", "report-generator", "--since", "yesterday")
    assert answer.code == 2
    assert "15m, 2h, 3d" in answer.err


def test_a_service_without_a_log_group_is_not_found(opsctl: Opsctl) -> None:
    assert opsctl("logs", "report-request").code == 4
