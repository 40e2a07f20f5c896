"""Real Terraform makes a fleet in the emulator, sees it as it wrote it, and takes it away again."""

import os
import shutil
from pathlib import Path

import pytest

from ops_cli.deploy.terraform import TerraformDir
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet

ROOT = Path(__file__).parent / "root"


@pytest.fixture
def terraform(fleet: Fleet, tmp_path: Path) -> TerraformDir:
    shutil.copytree(ROOT, tmp_path / "root")
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-west-1"}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and (name != "TF_CLI_CONFIG_FILE" or Path(value).exists())
    }
    environ = {**kept, **keys, "AWS_ENDPOINT_URL": fleet.account.emulator.endpoint}
    return TerraformDir(tmp_path / "root", environ, print)


@pytest.mark.terraform
def test_a_fleet_is_made_reads_back_and_is_taken_away(fleet: Fleet, terraform: TerraformDir, tmp_path: Path) -> None:
    # The hook's timeout holds up the destroy, and nobody completes it here.
    fleet.settings(time_scale=0.05)
    terraform.init()
    terraform.apply()
    service = fleet.describe_service("fleet", "fleet")
    assert (service["runningCount"], service["deployments"][0]["rolloutState"]) == (3, "COMPLETED")
    providers = {
        fleet.describe_instance("fleet", arn)["capacityProviderName"] for arn in fleet.container_instances("fleet")
    }
    assert providers == {"fleet"}
    assert not terraform.plan(tmp_path / "plan"), "a plan right after an apply has changes"
    terraform.destroy()
    found = fleet.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=["fleet"])
    assert found["AutoScalingGroups"] == []
    running = {"Name": "instance-state-name", "Values": ["pending", "running"]}
    eventually(lambda: not fleet.ec2.describe_instances(Filters=[running])["Reservations"], "the last instance's end")
    assert fleet.ecs.list_clusters()["clusterArns"] == []
