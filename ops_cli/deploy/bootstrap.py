"""The buckets that an account needs before its first environment: one for Terraform's states, one for the zips."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ops_cli.deploy.buckets import make_bucket
from ops_cli.deploy.deployment import Deployment
from ops_cli.deploy.terraform import TerraformDir
from ops_cli.deploy.workspace import link_modules, link_root, write_variables

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def prepare_bootstrap(deployment: Deployment, s3: "S3Client", report: Callable[[str], None]) -> TerraformDir:
    """Return terraform/bootstrap, ready to be applied.

    Its state lies in the state bucket, so that one is made here, empty, and adopted by the configuration (an `import`
    block). Interrupted anywhere, it can be run again.
    """
    if make_bucket(s3, deployment.state_bucket, deployment.region):
        report(f"made the bucket {deployment.state_bucket.name}")
    folder = deployment.root / "build/deploy" / f"{deployment.account_id}-{deployment.region}"
    workspace = folder / "terraform/bootstrap"
    link_modules(deployment.root / "modules", folder)
    link_root(deployment.root / "terraform/bootstrap", workspace)
    write_variables(workspace, deployment.bootstrap_variables())
    terraform = TerraformDir(workspace, deployment.environ(), report)
    terraform.init(deployment.backend("bootstrap.tfstate"))
    return terraform
