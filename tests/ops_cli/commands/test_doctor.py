from collections.abc import Callable
from typing import Any

import pytest

from ops_cli.commands.doctor import _clock
from ops_cli.frame.environments import Environment, register
from tests.ops_cli.commands.conftest import Opsctl


def test_a_sound_environment_passes(opsctl: Opsctl) -> None:
    answer = opsctl("doctor", "--output", "json")
    levels = {row["check"]: row["level"] for row in answer.data}
    assert levels.pop("Terraform") in ("ok", "warning")
    # moto answers without a Date header, which is told and is no failure.
    assert levels.pop("clock") in ("ok", "warning")
    assert levels == {"environment": "ok", "region": "ok", "credentials": "ok", "stack description": "ok"}
    assert answer.code == 0


def test_what_is_wrong_comes_with_its_fix(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    aws("ssm").delete_parameter(Name="/opsctl/test/stack")
    answer = opsctl("doctor", "--output", "json")
    [stack] = [row for row in answer.data if row["check"] == "stack description"]
    assert (answer.code, stack["level"]) == (1, "bad")
    assert "deploy apply" in stack["fix"]


def test_an_endpoint_that_does_not_answer_is_found(opsctl: Opsctl) -> None:
    register(Environment("dead", region="eu-west-1", endpoint="http://127.0.0.1:9"))
    answer = opsctl("doctor", "--env", "dead", "--output", "json")
    [credentials] = [row for row in answer.data if row["check"] == "credentials"]
    assert "cannot be reached" in credentials["finding"]


@pytest.mark.parametrize(("date", "level"), [("Mon, 01 Jan 2024 00:00:00 GMT", "bad"), (None, "warning")])
def test_a_wrong_clock_is_found(date: str | None, level: str) -> None:
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date} if date else {}}}
    assert _clock(answer).level == level
