import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.frame.environments import (
    LONGEST_NAME,
    NAME_FORM,
    TAKEN_NAMES,
    Environment,
    check_endpoint,
    check_name,
    config_file,
    forget,
    is_passed_over,
    load,
    register,
    usable,
)
from opscore.errors import OpsError, UsageProblem

ROOT = Path(__file__).parents[3]


def write(content: str | bytes) -> None:
    config_file().parent.mkdir(parents=True, exist_ok=True)
    config_file().write_bytes(content if isinstance(content, bytes) else content.encode())


def test_without_a_file_no_environment_is_known() -> None:
    assert load() == {}


def test_a_registered_environment_is_read_back_whole() -> None:
    environment = Environment("prod", "ops", "eu-west-1", None, "/x/stack", "/srv/terraform")
    register(environment)
    assert load() == {"prod": environment}


def test_registering_again_replaces_and_keeps_the_others() -> None:
    register(Environment("prod", "old"))
    register(Environment("test", endpoint="http://127.0.0.1:1"))
    register(Environment("prod", "new"))
    assert {name: environment.profile for name, environment in load().items()} == {"prod": "new", "test": None}


def test_a_forgotten_environment_is_gone() -> None:
    register(Environment("prod"))
    forget("prod")
    assert load() == {}


OURS = '[sandbox]\nendpoint = "http://127.0.0.1:4510"\nterraform_dir = "/clone/.sandbox/terraform"\n'


def test_the_sandbox_that_an_earlier_version_registered_does_not_count() -> None:
    write(f'# mine\n{OURS}[prod]\nprofile = "ops"\n')
    assert load() == {"prod": Environment("prod", "ops")}
    assert not is_passed_over()
    assert config_file().read_text().startswith("# mine\n[sandbox]"), "reading changes nothing"


def test_it_goes_when_the_file_is_next_written_and_the_others_stay() -> None:
    write(f'{OURS}[prod]\nprofile = "ops"\n')
    register(Environment("test", "other"))
    assert config_file().read_text() == '[prod]\nprofile = "ops"\n\n[test]\nprofile = "other"\n'


def test_an_account_that_somebody_called_sandbox_is_kept_and_told() -> None:
    write('[sandbox]\nprofile = "play"\n')
    assert load() == {}
    assert is_passed_over()
    register(Environment("prod"))
    assert 'profile = "play"' in config_file().read_text()


@pytest.mark.parametrize(
    "text",
    [
        "prod = [",
        "[prod]\nnonsense = 1\n",
        "prod = 1\n",
        "[prod]\nregion = 5\n",
        '[prod]\nclone = "/x"\n',
        b"[pr\xf6d]\n",
    ],
)
def test_a_damaged_file_is_named(text: str | bytes) -> None:
    write(text)
    with pytest.raises(OpsError, match=r"environments\.toml (cannot be read|is not UTF-8)") as told:
        load()
    assert told.value.hint


def test_a_file_that_cannot_be_read_or_written_is_named() -> None:
    config_file().mkdir(parents=True)
    with pytest.raises(OpsError, match=r"environments\.toml cannot be read: Is a directory"):
        load()


def test_a_folder_that_cannot_be_made_is_named() -> None:
    config_file().parents[1].mkdir(parents=True)
    config_file().parent.touch()
    with pytest.raises(OpsError, match=r"environments\.toml cannot be (read|written): Not a directory"):
        register(Environment("prod"))


def test_a_file_that_is_not_ours_to_write_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refused)
    with pytest.raises(OpsError, match="cannot be written: Permission denied") as told:
        register(Environment("prod"))
    assert "XDG_CONFIG_HOME" in told.value.hint


def test_without_a_home_one_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(OpsError, match="no home folder") as told:
        load()
    assert "XDG_CONFIG_HOME" in told.value.hint


def test_a_name_is_what_terraform_takes() -> None:
    text = (ROOT / "terraform/variables.tf").read_text(encoding="utf-8")
    variable = text.split('variable "environment"', 1)[1].split('\nvariable "', 1)[0]
    assert re.findall(r'regex\("\^(.*)\$", var', variable) == [NAME_FORM]
    assert re.findall(r"length\(var.environment\) <= (\d+)", variable) == [str(LONGEST_NAME)]
    assert re.findall(r"contains\(\[(.*)\], var", variable) == [", ".join(f'"{name}"' for name in TAKEN_NAMES)]


KEPT = ("bootstrap", "state", "artifacts")
NO_URLS = ("http://[::1", "http://h:1\n", "http://h:0", "http://h:port", "http://h:70000", "http://", "http://a b")


@pytest.mark.parametrize("name", ["prod", "prod-eu", "p", "a1-b2-c3", "twelve-chars"])
def test_ordinary_names_are_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "Prod_EU weird", "Prod", "1a", "-a", "a-", "a--b", "prod\n", "thirteen-char", "größe", "sandbox", *KEPT],
)
def test_a_name_that_means_something_else_or_nothing_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(UsageProblem) as told:
        check_name(name)
    assert "\n" not in told.value.message
    assert told.value.hint


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4566", "https://[::1]:1", "http://localhost", "https://a.b-c/x"]
)
def test_a_url_is_an_endpoint(endpoint: str) -> None:
    check_endpoint(endpoint)


@pytest.mark.parametrize("endpoint", ["", "not a url", "127.0.0.1:4566", "ftp://host", *NO_URLS])
def test_anything_else_is_none_also_when_it_stands_in_the_file(endpoint: str) -> None:
    with pytest.raises(UsageProblem, match="is not the URL of an endpoint"):
        check_endpoint(endpoint)
    if endpoint:
        with pytest.raises(OpsError, match=r"environments\.toml cannot be used: \[x\]"):
            usable(Environment("x", endpoint=endpoint))


@given(st.text())
def test_any_text_is_an_endpoint_or_refused_in_a_sentence(text: str) -> None:
    try:
        check_endpoint(text)
    except UsageProblem as told:
        assert told.hint


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        (None, False),
        ("http://127.0.0.1:4566", True),
        ("http://[::1]:4566", True),
        ("http://localhost:4566", True),
        ("https://sqs.eu-west-1.amazonaws.com", False),
        ("http://10.0.0.1:4566", False),
        ("http://127.0.0.1.example.com", False),
        ("http://[::1", False),
        ("not a url", False),
    ],
)
def test_only_a_loopback_endpoint_is_local(endpoint: str | None, local: bool) -> None:
    assert Environment("x", endpoint=endpoint).is_local is local
