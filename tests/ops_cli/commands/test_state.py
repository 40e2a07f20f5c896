import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops_cli import main as root
from ops_cli.frame import terraform_state
from ops_cli.frame.environments import Environment, register

ROOT = """
variable "depth" { default = 3 }
variable "key" {
  default   = "s3cr3t"
  sensitive = true
}
resource "terraform_data" "queue" { input = { depth = var.depth } }
resource "terraform_data" "key" {
  # Not `input`: Terraform copies it to `output` and forgets what is sensitive in it.
  triggers_replace = {
    keys  = [{ id = "first", key = var.key }]
    depth = var.depth
    whole = sensitive({ a = "s3cr3t" })
  }
}
module "inner" {
  source = "./inner"
  key    = var.key
}
output "stack" { value = { schema_version = 99 } }
"""

INNER = """
variable "key" {}
resource "terraform_data" "key" { triggers_replace = [var.key] }
"""

FORMATS = ("table", "json", "yaml", "csv", "ndjson")

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An applied root that needs no provider."""
    root = tmp_path_factory.mktemp("root")
    (root / "inner").mkdir()
    (root / "main.tf").write_text(ROOT)
    (root / "inner/main.tf").write_text(INNER)
    for arguments in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", *arguments], cwd=root, check=True, capture_output=True)
    return root


def test_resources_are_listed_and_shown_with_a_query(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--terraform-dir", str(folder), "--output", "json"]
    assert root.run(["state", "list", *place, "--query", "[].address"]) == 0
    assert "terraform_data.queue" in json.loads(capsys.readouterr().out)
    assert root.run(["state", "show", "terraform_data.queue", *place, "--query", "input.depth"]) == 0
    assert json.loads(capsys.readouterr().out) == 3


@pytest.fixture(scope="module")
def shown(folder: Path) -> Any:
    """What Terraform itself says of the root's state."""
    command = ["terraform", "show", "-json"]
    return json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize(
    "command",
    [
        ["list"],
        ["list", "--query", "[].values"],
        ["show", "terraform_data.key"],
        ["show", "terraform_data.key", "--query", "triggers_replace.keys[0].key"],
        ["show", "module.inner.terraform_data.key"],
    ],
    ids=" ".join,
)
def test_a_sensitive_value_is_printed_in_no_format(
    shown: Any,
    folder: Path,
    output: str,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "s3cr3t" in json.dumps(shown)
    monkeypatch.setattr(terraform_state, "_call", lambda *_, **__: shown)
    assert root.run(["state", *command, "--terraform-dir", str(folder), "-o", output]) == 0
    said = capsys.readouterr()
    assert "s3cr3t" not in said.out + said.err
    assert "(sensitive value)" in said.out or (command == ["list"] and output == "table")


def test_what_is_not_sensitive_is_shown_beside_what_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["state", "show", "terraform_data.key", "--terraform-dir", str(folder), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["triggers_replace"] == {
        "depth": 3,
        "keys": [{"id": "first", "key": "(sensitive value)"}],
        "whole": "(sensitive value)",
    }


def test_a_folder_that_is_gone_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register(Environment("gone", region="eu-west-1", terraform_dir=str(tmp_path / "gone")))
    assert root.run(["--env", "gone", "state", "list"]) == 4
    assert f"There is no Terraform folder {tmp_path}/gone." in capsys.readouterr().err


def test_an_unknown_address_names_the_nearest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["state", "show", "terraform_data.queu", "--terraform-dir", str(folder)]) == 4
    assert "terraform_data.queue" in capsys.readouterr().err


def test_the_stack_is_read_from_the_outputs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["stack", "--terraform-dir", str(folder)]) == 1
    assert "schema 99" in capsys.readouterr().err


def test_a_folder_without_a_state_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.run(["state", "list", "--terraform-dir", str(tmp_path)]) in (1, 4)
    assert str(tmp_path) in capsys.readouterr().err


def test_without_terraform_the_error_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert root.run(["state", "list", "--terraform-dir", str(tmp_path)]) == 1
    assert "Install Terraform" in capsys.readouterr().err
