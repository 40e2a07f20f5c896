import json
from pathlib import Path

import pytest

from ops_cli import main as root
from ops_cli.clone import places as clones
from ops_cli.frame.environments import Environment, config_file, load, register
from tests.ops_cli.clone.made_up import started, stopped

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(clones, "own_clone", lambda: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_environment_is_added_with_the_global_profile_and_region() -> None:
    assert root.run(["env", "add", "prod", "--profile", "ops", "--region", "eu-west-1"]) == 0
    assert load() == {"prod": Environment("prod", "ops", "eu-west-1")}


def test_an_environment_that_is_there_is_replaced_only_when_that_is_said(capsys: Capture) -> None:
    register(Environment("prod", "ops"))
    assert root.run(["env", "add", "prod", "--profile", "other"]) == 2
    assert "--replace" in capsys.readouterr().err
    assert load()["prod"].profile == "ops"
    assert root.run(["env", "add", "prod", "--profile", "other", "--replace"]) == 0
    assert load()["prod"].profile == "other"


@pytest.mark.parametrize("name", ["sandbox", "bootstrap", "state", "", "Prod_EU weird"])
def test_a_name_that_cannot_be_used_is_refused(name: str, capsys: Capture) -> None:
    assert root.run(["env", "add", name]) == 2
    assert capsys.readouterr().err.startswith("Error: ")
    assert not config_file().exists()


def test_an_endpoint_that_is_no_url_is_refused(capsys: Capture) -> None:
    assert root.run(["env", "add", "here", "--endpoint", "not a url"]) == 2
    assert "'not a url' is not the URL of an endpoint." in capsys.readouterr().err
    assert load() == {}


def test_an_endpoint_in_the_file_that_is_no_url_is_a_sentence(capsys: Capture) -> None:
    register(Environment("here", region="eu-west-1", endpoint="not a url"))
    assert root.run(["--env", "here", "stack"]) == 1
    said = capsys.readouterr().err
    assert "environments.toml cannot be used: [here] 'not a url'" in said
    assert "fault in opsctl" not in said


def test_an_unknown_environment_cannot_be_removed() -> None:
    register(Environment("prod"))
    assert root.run(["env", "remove", "prd"]) == 4
    assert root.run(["env", "remove", "prod"]) == 0
    assert load() == {}


def test_removing_the_sandbox_says_how_that_is_done(capsys: Capture) -> None:
    assert root.run(["env", "remove", "sandbox"]) == 2
    assert "opsctl sandbox down --destroy" in capsys.readouterr().err


def test_an_account_that_was_called_sandbox_is_told_and_can_be_removed(capsys: Capture) -> None:
    config_file().parent.mkdir(parents=True)
    config_file().write_text('[sandbox]\nprofile = "play"\n')
    assert root.run(["env", "list"]) == 0
    assert "`opsctl env remove sandbox`" in capsys.readouterr().err
    assert root.run(["env", "remove", "sandbox"]) == 0
    assert config_file().read_text() == ""


def test_the_list_shows_the_sandbox_that_is_meant_here(work: Path, capsys: Capture) -> None:
    register(Environment("prod", "ops"))
    started(work, port=4510)
    assert root.run(["env", "list", "--output", "json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {"prod", "sandbox"}
    assert (rows["sandbox"]["endpoint"], rows["sandbox"]["clone"]) == ("http://127.0.0.1:4510", str(work))


def test_the_list_says_how_to_start_a_sandbox_that_is_stopped(work: Path, capsys: Capture) -> None:
    stopped(work)
    assert root.run(["env", "list", "--output", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["endpoint"] is None
    assert f"The sandbox of {work} is not running. `opsctl sandbox up` starts it." in said.err


def test_the_account_of_the_credentials_is_noted(aws: object, capsys: Capture) -> None:
    assert root.run(["env", "add", "prod", "--region", "eu-west-1"]) == 0
    assert load()["prod"].account == "123456789012"
    assert "Registered prod, account 123456789012." in capsys.readouterr().err


def test_without_an_answer_the_environment_is_registered_all_the_same(capsys: Capture) -> None:
    assert root.run(["env", "add", "here", "--region", "eu-west-1", "--endpoint", "http://127.0.0.1:9"]) == 0
    assert load()["here"].account is None
    assert "Which account it is could not be asked" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "value"), [("--account", "12345"), ("--account", "prod"), ("--project", "My Co")])
def test_an_account_or_a_project_that_cannot_be_is_refused(option: str, value: str, capsys: Capture) -> None:
    assert root.run(["env", "add", "prod", option, value]) == 2
    assert repr(value) in capsys.readouterr().err
    assert load() == {}


def test_another_project_has_its_own_names(capsys: Capture) -> None:
    assert root.run(["env", "add", "prod", "--account", "123456789012", "--project", "acme"]) == 0
    assert load()["prod"].stack_parameter == "/acme/prod/stack"


def test_a_stack_of_another_account_is_refused(aws: object, capsys: Capture) -> None:
    register(Environment("test", region="eu-west-1", account="999999999999"))
    assert root.run(["--env", "test", "stack"]) == 5
    assert "but test is account 999999999999" in capsys.readouterr().err
