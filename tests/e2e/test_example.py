"""The example that combines the modules applies in two regions of one account, and a plan afterwards is empty."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest

from ops_cli.clone.places import Places
from ops_cli.deploy.provider_mirror import provider_mirror
from ops_cli.packaging.targets import Target
from ops_cli.sandbox.emulator import lifecycle

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]

ROOT = Path(__file__).parents[2]
REGIONS = ["eu-west-1", "us-east-1"]
SESSION = boto3.Session("test", "test", region_name="us-east-1")
IN_BOTH = dict.fromkeys(REGIONS, 0)
ROLES = ["nightly-check", "order-keeper"]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An account without anything in it."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    places = Places(tmp_path_factory.mktemp("account"))
    yield lifecycle.ensure_running(places, print).endpoint
    lifecycle.stop(places, print)


def zipped(role: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{role.replace('-', '_')}.py", "def handle(event, context):\n    return {}\n")
    return content.getvalue()


def in_a_bucket(endpoint: str, role: str) -> dict[str, str]:
    """Put a function's zip into a bucket, which is made for it; return what the example is told of it."""
    s3 = SESSION.client("s3", endpoint_url=endpoint, region_name="eu-west-1")
    bucket, key = f"acme-{role}", f"{role}/1.zip"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key=key, Body=zipped(role))
    return {"bucket": bucket, "s3_key": key, "key": "1"}


def on_disk(folder: Path, role: str) -> dict[str, str]:
    """Write a function's zip; return what the example is told of it."""
    path = folder / f"{role}.zip"
    path.write_bytes(zipped(role))
    return {"file": str(path)}


@pytest.fixture(scope="module")
def folders(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A copy of the example for each region, told where its zips lie: a bucket, or this disk."""
    target, made = Target.sandbox(), {}
    for region in REGIONS:
        top = tmp_path_factory.mktemp(region)
        for folder in ("modules", "docs/examples"):
            shutil.copytree(ROOT / folder, top / folder, ignore=shutil.ignore_patterns(".terraform*"))
        made[region] = top / "docs/examples/orders"
        code = {
            role: {
                **(on_disk(top, role) if region == "us-east-1" else in_a_bucket(endpoint, role)),
                "handler": f"{role.replace('-', '_')}.handle",
                "runtime": target.runtime,
                "architecture": target.architecture,
            }
            for role in ROLES
        }
        values = {"region": region, "code": code, "alarm_emails": ["on-call@example.com"]}
        (made[region] / "terraform.tfvars.json").write_text(json.dumps(values))
    return made


def terraform(endpoint: str, folder: Path, *arguments: str) -> int:
    """Run Terraform as somebody whose shell has the account's credentials; what it says is shown when a test fails."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    shell = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    answer = subprocess.run(
        ["terraform", *arguments, "-no-color", "-input=false"],
        cwd=folder,
        env={**kept, **shell, "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    sys.stdout.write(answer.stdout[-3000:] + answer.stderr[-3000:])
    return answer.returncode


def in_all(endpoint: str, folders: dict[str, Path], *arguments: str) -> dict[str, int]:
    with ThreadPoolExecutor(len(folders)) as pool:
        started = {region: pool.submit(terraform, endpoint, folder, *arguments) for region, folder in folders.items()}
        return {region: run.result() for region, run in started.items()}


def test_two_regions_of_one_account_hold_the_same_service(endpoint: str, folders: dict[str, Path]) -> None:
    mirror = provider_mirror()
    assert in_all(endpoint, folders, "init", *([f"-plugin-dir={mirror}"] if mirror else [])) == dict.fromkeys(
        REGIONS, 0
    )
    assert in_all(endpoint, folders, "apply", "-auto-approve") == IN_BOTH
    iam = SESSION.client("iam", endpoint_url=endpoint)
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert {f"orders-test-{role}-{region}" for role in ROLES for region in REGIONS} <= names


def test_a_plan_afterwards_is_empty(endpoint: str, folders: dict[str, Path]) -> None:
    assert in_all(endpoint, folders, "plan", "-detailed-exitcode") == IN_BOTH


def test_everything_goes_again(endpoint: str, folders: dict[str, Path]) -> None:
    assert in_all(endpoint, folders, "destroy", "-auto-approve") == IN_BOTH
