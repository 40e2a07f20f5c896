"""A new account, with a concurrency quota of 10 and no default VPC, from the README's lines for plain Terraform on.

What cannot work there is refused with a sentence before anything is made, and `opsctl deploy` goes on where plain
Terraform left off.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from ops_cli.clone.places import Places
from ops_cli.deploy.provider_mirror import provider_mirror
from ops_cli.sandbox.emulator import lifecycle, process
from tests.e2e.newcomer import LONGEST_SECONDS, ROOT, Answer, Newcomer

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def readme_lines() -> list[str]:
    """Return what the README has one type, from registering the account to looking at what runs."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if "terraform init -backend-config" in block]
    return re.findall(r"^\$ ([^#\n]*[^#\s])", block, re.MULTILINE)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An account without anything in it, not even a default VPC, and with the quotas of a new one."""
    places, own = Places(tmp_path_factory.mktemp("account")), process.environment
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "environment", lambda *of: {**own(*of), "OPSCTL_CONCURRENCY_QUOTA": "10"})
        found = lifecycle.ensure_running(places, print).endpoint
    ec2 = boto3.client("ec2", **reached(found))
    for vpc in ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]:
        for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    yield found
    lifecycle.stop(places, print)


def reached(endpoint: str) -> dict[str, Any]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return {"endpoint_url": endpoint, "region_name": "eu-west-1", **keys}


@pytest.fixture(scope="module")
def somebody(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """Somebody whose shell has the account's credentials, and whose Terraform finds the provider."""
    home = tmp_path_factory.mktemp("somebody")
    someone = Newcomer.at(home)
    shell = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": f"{someone.tree / '.venv/bin'}:{os.environ['PATH']}",
    }
    if mirror := provider_mirror(os.environ, working_dir=someone.tree):
        config = home / "terraformrc"
        config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        shell["TF_CLI_CONFIG_FILE"] = str(config)
    return Newcomer(someone.tree, {**someone.environment, **shell})


def typed(somebody: Newcomer, lines: list[str]) -> Answer:
    """Type the lines one after another and agree to what is asked; the first that fails ends it."""
    script = "set -e\n" + "\n".join(lines)
    answer = subprocess.run(
        ["bash", "-c", script],
        cwd=somebody.tree,
        env=somebody.environment,
        input="yes\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    return Answer(answer.returncode, answer.stdout, answer.stderr)


def own_values(somebody: Newcomer, text: str = "") -> None:
    """Write values of the environment's own: what the quota demands, and `text`."""
    file = somebody.tree / "terraform/environments/prod.tfvars"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"report_generator = {{ reserved_concurrency = null }}\n{text}")


def test_what_the_accounts_quota_cannot_bear_is_refused_before_anything_is_made(
    somebody: Newcomer, endpoint: str
) -> None:
    assert somebody.run("make", "setup").code == 0
    lines = readme_lines()
    assert lines[0].startswith("opsctl env add prod --profile")
    assert lines[1] == "make bootstrap ENV=prod"
    # The two differences to a real account: where it is, and that nobody is at the terminal to agree.
    lines[0] = lines[0].replace("--profile my-profile", f"--endpoint {endpoint}")
    lines[1] = "opsctl --env prod deploy bootstrap --yes"
    assert typed(somebody, lines[:2]).code == 0
    answer = somebody.opsctl("--env", "prod", "deploy", "apply", "--yes")
    assert answer.code == 1
    assert "its quota is 10" in answer.err
    assert "reserved_concurrency = null" in answer.err
    assert somebody.opsctl("--env", "prod", "status").code == 4


def test_the_readmes_lines_make_the_platform_and_opsctl_sees_it(somebody: Newcomer) -> None:
    own_values(somebody)
    lines = readme_lines()
    assert len(lines) <= 10
    (apply,) = [number for number, line in enumerate(lines) if line.startswith("terraform apply")]
    lines[apply] += " -var-file=environments/prod.tfvars"
    answer = typed(somebody, lines[2:])
    assert answer.code == 0, answer.out[-3000:] + answer.err[-3000:]
    assert "Apply complete!" in answer.out
    assert "report-generator" in answer.out


def test_opsctl_deploy_finds_nothing_to_change_afterwards(somebody: Newcomer) -> None:
    answer = somebody.opsctl("--env", "prod", "deploy", "plan")
    assert answer.code == 0, answer.err
    assert "No changes." in answer.out + answer.err


def test_a_lock_that_a_killed_run_left_is_told_and_released(somebody: Newcomer, endpoint: str) -> None:
    s3 = boto3.client("s3", **reached(endpoint))
    (states,) = [one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith("opsctl-state-")]
    lock = {"ID": "7a9c1f5e-0000-4000-8000-000000000000", "Operation": "OperationTypeApply", "Who": "ada@laptop"}
    lock |= {"Created": "2026-11-29T03:05:00.5Z", "Version": "1.11.0", "Info": "", "Path": f"{states}/prod.tfstate"}
    s3.put_object(Bucket=states, Key="prod.tfstate.tflock", Body=json.dumps(lock).encode())
    refused = somebody.opsctl("--env", "prod", "deploy", "plan")
    assert refused.code == 1
    assert "`opsctl deploy unlock`" in refused.err
    released = somebody.opsctl("--env", "prod", "deploy", "unlock", "--yes")
    assert released.code == 0, released.err
    assert "ada@laptop" in released.out
    assert "Nobody holds the state" in somebody.opsctl("--env", "prod", "deploy", "unlock", "--yes").err


def test_a_fleet_without_a_default_vpc_is_refused_until_it_names_subnets(somebody: Newcomer, endpoint: str) -> None:
    own_values(somebody, "fleets = { web = { maximum_size = 2 } }\n")
    refused = somebody.opsctl("--env", "prod", "deploy", "plan")
    assert refused.code == 1
    assert "the account has no default VPC" in refused.err
    ec2 = boto3.client("ec2", **reached(endpoint))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    own_values(somebody, f'fleets = {{ web = {{ maximum_size = 2, subnet_ids = ["{subnet}"] }} }}\n')
    planned = somebody.opsctl("--env", "prod", "deploy", "plan")
    assert planned.code == 0, planned.err[-3000:]
    assert subnet in planned.out
    own_values(somebody)


def test_destroy_refuses_what_is_protected_before_anything_goes(somebody: Newcomer) -> None:
    answer = somebody.opsctl("--env", "prod", "deploy", "destroy", "--yes")
    assert answer.code == 1
    assert "Destroying would end half done" in answer.err
    assert somebody.opsctl("--env", "prod", "status").code in (0, 3)


def test_the_ledger_has_the_push_and_a_destroy_needs_no_build(somebody: Newcomer) -> None:
    own_values(somebody, "force_destroy = true\n")
    assert somebody.opsctl("--env", "prod", "deploy", "apply", "--yes").code == 0
    for manifest in Path(somebody.tree / "build").glob("*/manifest.json"):
        manifest.unlink()
    answer = somebody.opsctl("--env", "prod", "deploy", "destroy", "--yes")
    assert answer.code == 0, answer.err[-3000:]
    assert somebody.opsctl("--env", "prod", "status").code == 4
