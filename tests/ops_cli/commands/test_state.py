import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ops_cli import main as root

ROOT = """
variable "depth" { default = 3 }
resource "terraform_data" "queue" { input = { depth = var.depth } }
output "stack" { value = { schema_version = 99 } }
"""

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An applied root that needs no provider."""
    (tmp_path / "main.tf").write_text(ROOT)
    for arguments in (["init"], ["apply", "-auto-approve"]):
        subprocess.run(["terraform", *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_resources_are_listed_and_shown_with_a_query(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--terraform-dir", str(folder), "--output", "json"]
    assert root.run(["state", "list", *place, "--query", "[].address"]) == 0
    assert json.loads(capsys.readouterr().out) == ["terraform_data.queue"]
    assert root.run(["state", "show", "terraform_data.queue", *place, "--query", "input.depth"]) == 0
    assert json.loads(capsys.readouterr().out) == 3


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
