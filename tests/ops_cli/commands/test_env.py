from ops_cli import main as root
from ops_cli.frame.environments import Environment, load, register


def test_an_environment_is_added_with_the_global_profile_and_region() -> None:
    assert root.run(["env", "add", "prod", "--profile", "ops", "--region", "eu-west-1"]) == 0
    assert load() == {"prod": Environment("prod", "ops", "eu-west-1")}


def test_an_unknown_environment_cannot_be_removed() -> None:
    register(Environment("prod"))
    assert root.run(["env", "remove", "prd"]) == 4
    assert root.run(["env", "remove", "prod"]) == 0
    assert load() == {}
