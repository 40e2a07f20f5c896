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
    assert verbs(terraform) == ["init", "plan", "show"]
    pushed, zipped = [entry["Key"] for entry in s3.list_objects_v2(Bucket=ARTIFACTS)["Contents"]]
    assert pushed.startswith("deploys/prod/")
    assert zipped.startswith("lambda/")


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
    assert verbs(terraform) == ["init", "plan", "show"]


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
    assert verbs(terraform) == ["init", "show", "plan"]
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
    assert json.loads((workspace / "terraform.tfvars.json").read_text()) == {
        "project": "opsctl",
        "region": "eu-west-1",
        "account_id": "123456789012",
    }
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


def test_credentials_of_another_account_are_refused_before_anything_is_built(
    run: Run, terraform: FakeTerraform, s3: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    register(Environment("prod", region="eu-west-1", account="999999999999"))
    monkeypatch.setattr(Deployment, "build", lambda self, report: pytest.fail("built"))
    for command in ("plan", "apply", "push", "destroy", "bootstrap"):
        assert run(command) == 5
        assert (
            "The credentials are of account 123456789012, but prod is account 999999999999." in capsys.readouterr().err
        )
    assert terraform.calls == []
    assert "Contents" not in s3.list_objects_v2(Bucket=ARTIFACTS)


def test_the_account_is_noted_by_what_was_agreed_to(run: Run, terraform: FakeTerraform) -> None:
    assert run("plan") == 0
    assert run("apply") == 2
    assert load()["prod"].account is None
    assert run("apply", "--yes") == 0
    assert load()["prod"].account == "123456789012"


def test_terraform_may_change_that_account_only(run: Run, terraform: FakeTerraform, clone: Path) -> None:
    run("plan")
    given = json.loads((clone / "build/deploy/prod/terraform/terraform.tfvars.json").read_text())
    assert (given["account_id"], given["project"]) == ("123456789012", "opsctl")


def test_a_push_says_what_plain_terraform_has_to_be_given(
    run: Run, terraform: FakeTerraform, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", "--output", "json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["environment"], said["account"], said["functions"], said["pushed"]) == ("prod", "123456789012", 1, 1)
    backend = Path(said["backend_config"]).read_text()
    assert backend == f'bucket = "{STATES}"\nkey = "prod.tfstate"\nregion = "eu-west-1"\n'
    given = json.loads(Path(said["var_file"]).read_text())
    assert given["artifacts_bucket"] == ARTIFACTS
    assert Path(given["build_manifest"]) == clone / "build/deploy/manifest.json"
    assert terraform.calls == []


def test_an_account_without_buckets_is_told_before_anything_is_built(
    run: Run, s3: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.delete_bucket(Bucket=ARTIFACTS)
    monkeypatch.setattr(Deployment, "build", lambda self, report: pytest.fail("built"))
    assert run("push") == 4
    assert "`opsctl deploy bootstrap`" in capsys.readouterr().err


STATE = {
    "values": {
        "root_module": {
            "child_modules": [
                {
                    "address": "module.reports",
                    "resources": [
                        {
                            "address": "module.reports.aws_s3_bucket.this",
                            "type": "aws_s3_bucket",
                            "values": {"bucket": "reports", "force_destroy": False},
                        }
                    ],
                }
            ]
        }
    }
}


def test_destroy_refuses_before_it_begins_and_needs_no_build(
    run: Run, terraform: FakeTerraform, s3: Any, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push") == 0
    (clone / "build/deploy/manifest.json").unlink()
    s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="reports", Key="a", Body=b"")
    terraform.answers("show", [json.dumps(STATE)])
    assert run("destroy", "--yes") == 1
    said = capsys.readouterr().err
    assert "Destroying would end half done, for this is protected: bucket reports (1 version of objects)." in said
    assert "`opsctl --env prod deploy apply`" in said
    assert verbs(terraform) == ["init", "show"]
    given = json.loads((clone / "build/deploy/prod/terraform/terraform.tfvars.json").read_text())
    assert "report-request" in json.loads(Path(given["build_manifest"]).read_text())["functions"]


def test_destroy_says_what_is_lost(
    run: Run, terraform: FakeTerraform, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="reports", Key="a", Body=b"")
    terraform.answers("show", [json.dumps(STATE).replace("false", "true")])
    assert run("destroy", "--yes") == 0
    assert "lost: bucket reports: 1 version of objects" in capsys.readouterr().err
    assert verbs(terraform) == ["init", "show", "plan", "apply"]


def locked(s3: Any, body: str) -> None:
    s3.create_bucket(Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=STATES, Key="prod.tfstate.tflock", Body=body.encode())


LOCK = json.dumps(
    {
        "ID": "7a9c1f5e-0000-4000-8000-000000000000",
        "Operation": "OperationTypeApply",
        "Who": "ada@laptop\x1b[31m",
        "Created": "2026-11-29T03:05:00.123456789Z",
        "Path": f"{STATES}/prod.tfstate",
    }
)


def test_a_lock_is_shown_with_its_holder_and_released_when_somebody_agrees(
    run: Run, terraform: FakeTerraform, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    locked(s3, LOCK)
    assert run("unlock") == 2
    assert "force-unlock" not in verbs(terraform)
    shown = capsys.readouterr()
    assert "ada@laptop" in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert run("unlock", "--yes", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["since"] == "2026-11-29T03:05:00Z"
    assert terraform.call("force-unlock").endswith("-force 7a9c1f5e-0000-4000-8000-000000000000")


def test_without_a_lock_nothing_is_released(
    run: Run, terraform: FakeTerraform, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.create_bucket(Bucket=STATES, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert run("unlock", "--yes") == 0
    assert "Nobody holds the state of prod" in capsys.readouterr().err
    assert verbs(terraform) == []


def test_without_a_state_bucket_there_is_nothing_to_unlock(
    run: Run, terraform: FakeTerraform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("unlock", "--yes") == 4
    assert "`opsctl deploy bootstrap`" in capsys.readouterr().err
    assert verbs(terraform) == []


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"ID": "1", "Who": "x", "Operation": "y", "Created": "today"}'])
def test_what_is_no_lock_is_left_to_a_person(
    run: Run, terraform: FakeTerraform, s3: Any, capsys: pytest.CaptureFixture[str], body: str
) -> None:
    locked(s3, body)
    assert run("unlock", "--yes") == 1
    assert "is not a lock that Terraform wrote" in capsys.readouterr().err
    assert verbs(terraform) == []
