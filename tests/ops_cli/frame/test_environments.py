import pytest

from ops_cli.frame.environments import Environment, config_file, forget, load, register
from opscore.errors import OpsError


def test_without_a_file_no_environment_is_known() -> None:
    assert load() == {}


def test_a_registered_environment_is_read_back_whole() -> None:
    environment = Environment("prod", "ops", "eu-west-1", None, "/x/stack", "/srv/terraform")
    register(environment)
    assert load() == {"prod": environment}


def test_registering_again_replaces_and_keeps_the_others() -> None:
    register(Environment("prod", "old"))
    register(Environment("sandbox", endpoint="http://127.0.0.1:1"))
    register(Environment("prod", "new"))
    assert {name: environment.profile for name, environment in load().items()} == {"prod": "new", "sandbox": None}


def test_a_forgotten_environment_is_gone() -> None:
    register(Environment("prod"))
    forget("prod")
    assert load() == {}


@pytest.mark.parametrize("text", ["prod = [", "[prod]\nnonsense = 1\n"])
def test_a_damaged_file_is_named(text: str) -> None:
    config_file().parent.mkdir(parents=True)
    config_file().write_text(text)
    with pytest.raises(OpsError, match=r"environments\.toml cannot be read"):
        load()


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
    ],
)
def test_only_a_loopback_endpoint_is_local(endpoint: str | None, local: bool) -> None:
    assert Environment("x", endpoint=endpoint).is_local is local
