"""Real Terraform makes a fleet in the emulator, sees it as it wrote it, and takes it away again."""

import os
import shutil
from pathlib import Path

import pytest

from ops_cli.deploy.terraform import TerraformDir
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet

HERE = Path(__file__).parent
MODULES = HERE.parents[2] / "modules"


@pytest.fixture
def terraform(request: pytest.FixtureRequest, fleet: Fleet, tmp_path: Path) -> TerraformDir:
    shutil.copytree(HERE / getattr(request, "param", "root"), tmp_path / "root")
    shutil.copytree(MODULES, tmp_path / "modules", ignore=shutil.ignore_patterns(".terraform*", "tests"))
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


@pytest.mark.terraform
@pytest.mark.parametrize("terraform", ["module_root"], indirect=True)
def test_our_modules_make_spot_hosts_with_tags_and_a_service_that_reads_back(
    fleet: Fleet, terraform: TerraformDir, tmp_path: Path
) -> None:
    fleet.settings(time_scale=0.05)
    terraform.init()
    terraform.apply()
    fleet.await_running("acme-prod-web", "editor", 2)
    running = {"Name": "instance-state-name", "Values": ["running"]}
    reservations = fleet.ec2.describe_instances(Filters=[running])["Reservations"]
    hosts = [one for reservation in reservations for one in reservation["Instances"]]
    assert sorted(host.get("InstanceLifecycle", "") for host in hosts) == ["", "spot"]
    wanted = {"project": "acme", "environment": "prod", "fleet": "web", "Name": "acme-prod-web"}
    for host in hosts:
        assert wanted.items() <= {tag["Key"]: tag["Value"] for tag in host["Tags"]}.items()
    assert not terraform.plan(tmp_path / "plan"), "a plan right after an apply has changes"
    terraform.destroy()
    assert fleet.ecs.list_clusters()["clusterArns"] == []
