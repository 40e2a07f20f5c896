from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops_cli.commands.doctor import _clock
from ops_cli.deploy import limits
from ops_cli.frame.environments import Environment, config_file, register
from tests.ops_cli.clone.made_up import killed, made_clone
from tests.ops_cli.commands.conftest import Opsctl


@pytest.fixture(autouse=True)
def quota(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the account have that quota of concurrent executions; moto cannot be asked."""

    def have(quota: int) -> None:
        monkeypatch.setattr(limits, "concurrency", lambda _client: limits.Concurrency(quota, quota))

    have(1000)
    return have


def test_a_quota_that_the_platform_does_not_fit_into_is_told_before_it_is_deployed(
    opsctl: Opsctl, aws: Callable[[str], Any], quota: Callable[[int], None]
) -> None:
    quota(10)
    (deployed,) = [row for row in opsctl("doctor", "--output", "json").data if row["check"] == "concurrency"]
    assert deployed["level"] == "ok"
    aws("ssm").delete_parameter(Name="/opsctl/test/stack")
    (found,) = [row for row in opsctl("doctor", "--output", "json").data if row["check"] == "concurrency"]
    assert (found["level"], found["finding"]) == ("warning", "quota 10, 0 more may be reserved")
    assert "reserved_concurrency = null" in found["fix"]


def test_a_sound_environment_passes(opsctl: Opsctl) -> None:
    answer = opsctl("doctor", "--output", "json")
    levels = {row["check"]: row["level"] for row in answer.data}
    assert levels.pop("Terraform") in ("ok", "warning")
    # moto answers without a Date header, which is told and is no failure.
    assert levels.pop("clock") in ("ok", "warning")
    assert levels == {
        "environment": "ok",
        "region": "ok",
        "credentials": "ok",
        "stack description": "ok",
        "concurrency": "ok",
    }
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


def test_a_sandbox_that_was_killed_is_found_with_its_fix(
    opsctl: Opsctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(made_clone(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    answer = opsctl("--env", "sandbox", "doctor", "--output", "json")
    found = {row["check"]: row for row in answer.data}
    assert (answer.code, found["environment"]["level"], found["sandbox"]["level"]) == (1, "bad", "bad")
    assert "ended without being stopped" in found["sandbox"]["finding"]
    assert "opsctl sandbox up" in found["sandbox"]["fix"]


def test_a_sandbox_is_not_looked_at_when_an_account_is_meant(opsctl: Opsctl, tmp_path: Path) -> None:
    killed(tmp_path)
    answer = opsctl("--env", "test", "doctor", "--output", "json")
    assert "sandbox" not in {row["check"] for row in answer.data}


def test_an_account_called_sandbox_is_found(opsctl: Opsctl) -> None:
    with config_file().open("a") as file:
        file.write('[sandbox]\nprofile = "play"\n')
    [found] = [row for row in opsctl("doctor", "--output", "json").data if row["check"] == "configuration"]
    assert found["level"] == "warning"
    assert "opsctl env remove sandbox" in found["fix"]


def test_a_damaged_configuration_is_a_finding(opsctl: Opsctl) -> None:
    config_file().write_bytes(b"[pr\xf6d]")
    answer = opsctl("doctor", "--output", "json")
    assert [row["check"] for row in answer.data if row["level"] == "bad"] == ["environment"]


@pytest.mark.parametrize(("date", "level"), [("Mon, 01 Jan 2024 00:00:00 GMT", "bad"), (None, "warning")])
def test_a_wrong_clock_is_found(date: str | None, level: str) -> None:
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": date} if date else {}}}
    assert _clock(answer).level == level
