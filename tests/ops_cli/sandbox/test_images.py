"""A newer public AMI: published by the command, found in the account."""

import json

import pytest

from ops_cli.clone.places import Places
from ops_cli.main import run
from ops_cli.sandbox.emulator import lifecycle
from ops_cli.sandbox.emulator.process import ask
from opscore.errors import OpsError
from tests.emulator.emulated_account import Account


def test_a_published_image_is_shown_and_is_what_the_parameter_names(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    account = Account(lifecycle.ensure_running(places, print))
    command = ["--env", f"sandbox:{places.root}", "sandbox", "publish-image"]
    capsys.readouterr()
    assert run([*command, "--architecture", "arm64", "--flaw", "boot-failure", "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    image = account.client("ec2").describe_images(ImageIds=[shown["image_id"]])["Images"][0]
    assert (image["Architecture"], image["Name"]) == ("arm64", shown["name"])
    assert (shown["architecture"], shown["flaw"]) == ("arm64", "boot-failure")
    named = account.client("ssm").get_parameter(Name=shown["parameter"])["Parameter"]["Value"]
    assert named == shown["image_id"]
    assert run([*command, "--output", "table"]) == 0
    newest = account.client("ssm").get_parameter(Name=shown["parameter"].replace("/arm64", ""))["Parameter"]["Value"]
    assert newest in capsys.readouterr().out
    with pytest.raises(OpsError, match="The emulator refuses: No image has the flaw 'none'"):
        ask(account.emulator, "/_sandbox/fleet/images", {"flaw": "none"})


def test_nothing_is_published_where_no_emulator_runs(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    places.folder.mkdir()
    places.port.write_text("9\n")
    assert run(["--env", f"sandbox:{places.root}", "sandbox", "publish-image"]) == 4
    assert "is not running" in capsys.readouterr().err
