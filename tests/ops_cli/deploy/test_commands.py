import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops_cli import main
from ops_cli.clone.places import Places
from ops_cli.commands import deploy as commands
from ops_cli.deploy.deployment import Deployment
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, load, register
from ops_cli.frame.options import Choices
from tests.ops_cli.clone.made_up import made_clone, started
from tests.ops_cli.deploy.conftest import FakeTerraform

STATES, ARTIFACTS = "opsctl-state-123456789012-eu-west-1", "opsctl-artifacts-123456789012-eu-west-1"

Run = Callable[..., int]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", "eu-west-1")
        client.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture
def run(clone: Path, terraform: FakeTerraform, s3: object, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `opsctl deploy` for the environment prod, from a small clone whose functions are built."""
    monkeypatch.setattr(commands, "find_places", lambda: Places(clone))
    monkeypatch.setattr(Deployment, "build", lambda self, report: None)
    register(Environment("prod", region="eu-west-1"))
    terraform.answers("plan", ["Plan: 3 to add, 0 to change, 0 to destroy."], code=2)
    (clone / "build/deploy/prod/terraform").mkdir(parents=True)
    (clone / "build/deploy/prod/terraform/opsctl.tfplan").touch()
    return lambda *arguments: main.run(["--env", "prod", "deploy", *arguments])


PLAN = "build/deploy/prod/terraform/opsctl.tfplan"


def verbs(terraform: FakeTerraform) -> list[str]:
    return [call.split()[0] for call in terraform.calls]


def test_plan_pushes_the_zips_and_shows_the_plan_on_stdout(
    run: Run, terraform: FakeTerraform, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan") == 0
    said = capsys.readouterr()
    assert said.out == "Plan: 3 to add, 0 to change, 0 to destroy.\n"
    assert "`opsctl --env prod deploy apply` does it." in said.err
    assert verbs(terraform) == ["init", "plan"]
    assert s3.list_objects_v2(Bucket=ARTIFACTS)["KeyCount"] == 1


def test_a_plan_without_changes_proposes_nothing(
    run: Run, terraform: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    terraform.answers("plan", ["No changes."], code=0)
    assert run("plan") == 0
    assert "does it" not in capsys.readouterr().err


def test_apply_shows_the_plan_and_does_nothing_when_nobody_can_agree(
    run: Run, terraform: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("apply") == 2
    said = capsys.readouterr().err
    assert "Plan: 3 to add" in said
    assert "--yes" in said
    assert verbs(terraform) == ["init", "plan"]


def test_apply_applies_the_very_plan_it_showed(run: Run, terraform: FakeTerraform, clone: Path) -> None:
    assert run("apply", "--yes") == 0
    plan = str(clone / "build/deploy/prod/terraform/opsctl.tfplan")
    assert f"-out={plan}" in terraform.call("plan")
    assert terraform.call("apply").endswith(plan)
    assert not Path(plan).exists()


def test_apply_with_nothing_to_change_applies_nothing(run: Run, terraform: FakeTerraform) -> None:
    terraform.answers("plan", ["No changes."], code=0)
    assert run("apply", "--yes") == 0
    assert verbs(terraform) == ["init", "plan"]


def test_destroy_shows_what_goes_and_asks_for_the_name(run: Run, terraform: FakeTerraform) -> None:
    assert run("destroy") == 2
    assert verbs(terraform) == ["init", "plan"]
    assert "-destroy" in terraform.call("plan")


@pytest.mark.parametrize(("typed", "code", "destroyed"), [("prod", 0, True), ("prd", 1, False)])
def test_only_the_environments_own_name_destroys_it(
    run: Run, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, destroyed: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_, **__: typed)
    assert run("destroy") == code
    assert ("apply" in verbs(terraform)) == destroyed


@pytest.mark.parametrize(
    ("command", "failing"),
    [
        ("plan", None),
        ("plan", "plan"),
        ("apply", None),
        ("apply --yes", "apply"),
        ("destroy", None),
        ("destroy -y", "apply"),
    ],
)
def test_no_plan_stays_on_the_disk_however_the_command_ends(
    run: Run, terraform: FakeTerraform, clone: Path, command: str, failing: str | None
) -> None:
    if failing:
        terraform.answers(failing, ["Error: no."], code=1)
    run(*command.split())
    assert "plan" in verbs(terraform)
    assert not (clone / PLAN).exists()


def test_an_interrupt_at_the_question_leaves_no_plan(
    run: Run, terraform: FakeTerraform, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        assert (clone / PLAN).exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", interrupt)
    assert run("apply") == 130
    assert not (clone / PLAN).exists()


def test_nobody_can_be_asked_when_standard_input_is_closed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert run("apply") == 2


def test_opsctl_state_finds_the_directory_afterwards(run: Run, clone: Path) -> None:
    assert run("plan") == 0
    assert load()["prod"] == Environment(
        "prod", region="eu-west-1", terraform_dir=str(clone / "build/deploy/prod/terraform")
    )


def test_a_terraform_that_fails_is_one_sentence(
    run: Run, terraform: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    terraform.answers("init", ["Error: Failed to get existing workspaces: S3 bucket does not exist."], code=1)
    assert run("apply", "--yes") == 1
    said = capsys.readouterr().err
    assert "Error: terraform init failed: Failed to get existing workspaces" in said
    assert "opsctl deploy bootstrap" in said


def test_bootstrap_makes_the_state_bucket_before_terraform_needs_it(
    run: Run, terraform: FakeTerraform, s3: Any, clone: Path
) -> None:
    workspace = clone / "build/deploy/123456789012-eu-west-1/terraform/bootstrap"
    workspace.mkdir(parents=True)
    (workspace / "opsctl.tfplan").touch()
    assert run("bootstrap", "--yes") == 0
    assert s3.head_bucket(Bucket=STATES)["BucketRegion"] == "eu-west-1"
    assert f"bucket={STATES} -backend-config=key=bootstrap.tfstate" in terraform.call("init")
    assert json.loads((workspace / "terraform.tfvars.json").read_text()) == {"project": "opsctl", "region": "eu-west-1"}
    assert (workspace / "../../modules/report-request").resolve() == clone / "modules/report-request"


def test_bootstrap_asks_before_it_makes_anything(run: Run, terraform: FakeTerraform, s3: Any) -> None:
    assert run("bootstrap") == 2
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [ARTIFACTS]
    assert terraform.calls == []


def test_a_sandbox_is_deployed_from_the_clone_it_belongs_to(tmp_path: Path) -> None:
    other = started(made_clone(tmp_path / "other"))
    ops = Ops(Choices(env=f"sandbox:{other.root}"))
    ops._clients["sts"] = SimpleNamespace(
        get_caller_identity=lambda: {"Account": "000000000000"}, meta=SimpleNamespace(region_name="eu-west-1")
    )
    deployment = commands._deployment(ops)
    assert (deployment.root, deployment.workspace) == (other.root, other.terraform)


def test_an_environment_whose_state_would_be_another_ones_is_not_deployed(
    run: Run, terraform: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    register(Environment("bootstrap", region="eu-west-1"))
    assert run("plan", "--env", "bootstrap") == 2
    assert "The name bootstrap is kept" in capsys.readouterr().err
    assert terraform.calls == []
