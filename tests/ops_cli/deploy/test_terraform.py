import os
from pathlib import Path

import pytest

from ops_cli.deploy import terraform as module
from ops_cli.deploy.terraform import TerraformDir, without_refresh
from opscore.errors import OpsError
from tests.ops_cli.deploy.conftest import FakeTerraform


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "provider_mirror", lambda environ, **_: None)


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def here(terraform: FakeTerraform, tmp_path: Path, heard: list[str]) -> TerraformDir:
    return TerraformDir(tmp_path, dict(os.environ), heard.append)


def test_init_takes_the_provider_from_a_mirror_when_there_is_one(
    here: TerraformDir, terraform: FakeTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.init()
    assert "-plugin-dir" not in terraform.call("init")
    monkeypatch.setattr(module, "provider_mirror", lambda environ, **_: Path("/mirror"))
    here.init()
    assert "-plugin-dir=/mirror" in terraform.calls[-1]


def test_init_completes_a_partial_backend(here: TerraformDir, terraform: FakeTerraform) -> None:
    here.init({"bucket": "states", "key": "prod.tfstate"})
    assert "-backend-config=bucket=states -backend-config=key=prod.tfstate" in terraform.call("init")


def test_plan_and_apply_work_on_fifty_resources_at_a_time(here: TerraformDir, terraform: FakeTerraform) -> None:
    here.plan(Path("p"))
    here.apply()
    here.destroy()
    assert all("-parallelism=50" in terraform.call(verb) for verb in ("plan", "apply", "destroy"))


def test_a_plan_says_whether_anything_would_change(here: TerraformDir, terraform: FakeTerraform) -> None:
    assert not here.plan(Path("p"))
    terraform.answers("plan", code=2)
    assert here.plan(Path("p"))
    terraform.answers("plan", ["", "Error: Invalid reference", ""], code=1)
    with pytest.raises(OpsError, match="terraform plan failed: Invalid reference"):
        here.plan(Path("p"))


def test_a_written_plan_is_applied_as_it_was_shown(here: TerraformDir, terraform: FakeTerraform) -> None:
    here.apply(Path("shown.tfplan"))
    assert terraform.call("apply").endswith("shown.tfplan")
    assert "-auto-approve" not in terraform.call("apply")


def test_nothing_ever_waits_for_somebody_to_type(here: TerraformDir, terraform: FakeTerraform) -> None:
    here.init()
    here.plan(Path("p"))
    here.apply()
    assert all("-input=false" in call for call in terraform.calls)
    assert terraform.environ["TF_IN_AUTOMATION"] == "1"


def test_a_failure_is_one_sentence_and_every_line_was_heard(
    here: TerraformDir, terraform: FakeTerraform, heard: list[str]
) -> None:
    terraform.answers("apply", ["queue: Creating...", "", "Error: creating SQS Queue: no", "", "  with queue,"], code=1)
    with pytest.raises(OpsError) as raised:
        here.apply()
    assert raised.value.message == "terraform apply failed: creating SQS Queue: no (queue)"
    assert heard[0] == "queue: Creating..."


def test_a_cli_configuration_that_is_not_there_is_not_named(
    terraform: FakeTerraform, tmp_path: Path, heard: list[str]
) -> None:
    missing, there = tmp_path / "missing", tmp_path / "there"
    there.touch()
    for path in (missing, there):
        environ = {**os.environ, "TF_CLI_CONFIG_FILE": str(path)}
        TerraformDir(tmp_path, environ, heard.append).apply()
        assert terraform.environ.get("TF_CLI_CONFIG_FILE") == (str(path) if path.exists() else None)


def test_outputs_are_plain_values(here: TerraformDir, terraform: FakeTerraform) -> None:
    terraform.answers("output", ['{"stack": {"value": {"region": "eu-west-1"}, "type": "object", "sensitive": false}}'])
    assert here.outputs() == {"stack": {"region": "eu-west-1"}}


def test_without_terraform_the_error_says_what_to_install(tmp_path: Path, heard: list[str]) -> None:
    with pytest.raises(OpsError, match=r"Terraform is not on PATH\.") as raised:
        TerraformDir(tmp_path, {"PATH": str(tmp_path)}, heard.append).apply()
    assert "Install Terraform 1.11" in raised.value.hint


def test_what_terraform_only_looks_at_is_not_shown(heard: list[str]) -> None:
    report = without_refresh(heard.append)
    for line in (
        "module.queue.aws_sqs_queue.this: Refreshing state... [id=orders]",
        "data.aws_partition.current: Reading...",
        "data.aws_partition.current: Read complete after 0s [id=aws]",
        "module.queue.aws_sqs_queue.this: Still creating... [10s elapsed]",
        "Plan: 1 to add, 0 to change, 0 to destroy.",
    ):
        report(line)
    assert heard == [
        "module.queue.aws_sqs_queue.this: Still creating... [10s elapsed]",
        "Plan: 1 to add, 0 to change, 0 to destroy.",
    ]


def test_a_cli_configuration_that_cannot_be_read_is_told_once(
    tmp_path: Path, terraform: FakeTerraform, heard: list[str]
) -> None:
    here = TerraformDir(tmp_path, {**os.environ, "TF_CLI_CONFIG_FILE": str(tmp_path)}, heard.append)
    here.init()
    here.apply()
    assert heard == [f"TF_CLI_CONFIG_FILE names {tmp_path}, which is not used: Is a directory."]
    assert "TF_CLI_CONFIG_FILE" not in terraform.environ
