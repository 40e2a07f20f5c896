import json
import re
from pathlib import Path

import pytest

from ops_cli.deploy.buckets import Bucket
from ops_cli.deploy.deployment import Deployment
from ops_cli.frame.environments import PROJECT, Environment
from tests.ops_cli.deploy.conftest import FakeTerraform

ROOT = Path(__file__).parents[3]
PROD = Environment("prod", profile="company", region="eu-west-1")
SANDBOX = Environment("sandbox", region="eu-west-1", endpoint="http://127.0.0.1:4566")
KEYS = {"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


def deployment(root: Path, environment: Environment, shell: dict[str, str] | None = None) -> Deployment:
    return Deployment(root, environment, "eu-west-1", "123456789012", shell or {})


def test_a_profile_is_never_overruled_by_keys_of_the_shell(clone: Path) -> None:
    environ = deployment(clone, PROD, {**KEYS, "AWS_PROFILE": "other"}).environ()
    assert environ == {"AWS_PROFILE": "company", "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}


def test_without_a_profile_the_shells_credentials_are_used(clone: Path) -> None:
    environ = deployment(clone, Environment("prod"), KEYS).environ()
    assert {name: environ[name] for name in KEYS} == KEYS


def test_the_sandbox_never_sees_real_credentials(clone: Path) -> None:
    environ = deployment(clone, SANDBOX, {**KEYS, "AWS_PROFILE": "company"}).environ()
    assert environ == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }


def test_an_account_keeps_its_state_in_its_bucket(clone: Path, terraform: FakeTerraform) -> None:
    heard: list[str] = []
    prepared = deployment(clone, PROD, {"PATH": str(terraform.program.parent) + ":/usr/bin:/bin"}).prepare(heard.append)
    assert prepared.path == clone / "build/deploy/prod/terraform"
    assert not (prepared.path / "backend_override.tf").exists()
    assert (
        "-backend-config=bucket=opsctl-state-123456789012-eu-west-1 -backend-config=key=prod.tfstate "
        "-backend-config=region=eu-west-1" in terraform.call("init")
    )


def test_the_sandbox_keeps_its_state_in_its_folder(clone: Path, terraform: FakeTerraform) -> None:
    prepared = deployment(clone, SANDBOX, {"PATH": str(terraform.program.parent) + ":/usr/bin:/bin"}).prepare(print)
    assert prepared.path == clone / ".sandbox/terraform"
    assert 'backend "local"' in (prepared.path / "backend_override.tf").read_text()
    assert "-backend-config" not in terraform.call("init")


@pytest.mark.parametrize("environment", [PROD, SANDBOX], ids=lambda environment: environment.name)
def test_terraform_finds_the_modules_and_the_values_by_itself(
    clone: Path, terraform: FakeTerraform, environment: Environment
) -> None:
    made = deployment(clone, environment, {"PATH": str(terraform.program.parent) + ":/usr/bin:/bin"})
    path = made.prepare(print).path
    assert (path / "../modules/report-request").resolve() == clone / "modules/report-request"
    assert json.loads((path / "terraform.tfvars.json").read_text()) == made.variables()
    assert Path(made.variables()["build_manifest"]).exists()


def test_every_value_is_one_that_the_root_declares(clone: Path) -> None:
    declared = set(re.findall(r'^variable "(\w+)"', (ROOT / "terraform/variables.tf").read_text(), re.MULTILINE))
    for environment in (PROD, SANDBOX):
        assert set(deployment(clone, environment).variables()) <= declared


def test_an_environments_own_values_go_first(clone: Path, terraform: FakeTerraform) -> None:
    made = deployment(clone, PROD, {"PATH": str(terraform.program.parent) + ":/usr/bin:/bin"})
    link = made.prepare(print).path / "environment.auto.tfvars"
    assert not link.exists()
    own = clone / "terraform/environments/prod.tfvars"
    own.parent.mkdir()
    own.write_text("log_retention_days = 90\n")
    made.prepare(print)
    assert link.read_text() == "log_retention_days = 90\n"
    own.unlink()
    made.prepare(print)
    assert not link.is_symlink()


def test_the_buckets_have_the_names_that_the_bootstrap_gives_them(clone: Path) -> None:
    made = deployment(clone, PROD)
    bootstrap = (ROOT / "terraform/bootstrap/main.tf").read_text()
    module = (ROOT / "modules/private-bucket/main.tf").read_text()
    assert "name_prefix   = var.project" in bootstrap
    assert '"${var.platform.name_prefix}-${var.role}-${var.platform.account_id}-${var.platform.region}"' in module
    for role, bucket in (("state", made.state_bucket), ("artifacts", made.artifacts_bucket)):
        assert re.search(rf'role += "{role}"', bootstrap)
        assert bucket == Bucket(f"{PROJECT}-{role}-123456789012-eu-west-1", "123456789012")
    assert f'default     = "{PROJECT}"' in (ROOT / "terraform/variables.tf").read_text()


def test_an_emulator_that_is_no_sandbox_never_gets_the_sandboxs_state(clone: Path) -> None:
    here = Environment("here", region="eu-west-1", endpoint="http://127.0.0.1:4566")
    assert deployment(clone, SANDBOX).folder == clone / ".sandbox"
    assert deployment(clone, here).folder == clone / "build/deploy/here"
