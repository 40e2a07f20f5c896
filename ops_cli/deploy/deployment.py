"""How one environment is deployed from this clone: what is built for it, where, and with which values."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops_cli.deploy.artifacts import push_artifacts
from ops_cli.deploy.terraform import TerraformDir
from ops_cli.deploy.workspace import LOCAL_BACKEND, link_modules, link_root, write_variables
from ops_cli.frame.context import LOCAL_KEY_PAIR
from ops_cli.frame.environments import SANDBOX, Environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from ops_cli.packaging import Target

PROJECT = "opsctl"
"""First part of every AWS-visible name; the default of the variable `project`."""

SANDBOX_VARIABLES: Mapping[str, Any] = {
    "force_destroy": True,
    "log_retention_days": 7,
    # Short, so that a request that always fails is among the dead letters while somebody watches.
    "report_generator": {"retry_base_seconds": 1},
    "fleets": {
        "web": {
            "instance_type": "t3.small",
            "minimum_size": 3,
            "maximum_size": 6,
            # Short, so that a stuck drain is reported, and its host kept, while somebody watches.
            "deadline_seconds": 90,
            "heartbeat_timeout_seconds": 225,
            "services": {
                "editor": {"image": "example/editor:1", "desired_count": 4, "container_port": 8080},
                "scoring": {"image": "example/scoring:1", "desired_count": 2, "memory_mb": 512},
                "log-router": {"image": "example/log-router:1", "daemon": True, "cpu_units": 64, "memory_mb": 64},
            },
        }
    },
}


@dataclass(frozen=True)
class Deployment:
    """One environment of one account, deployed from the clone at `root`."""

    root: Path
    environment: Environment
    region: str
    account_id: str
    shell: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def artifacts_bucket(self) -> str:
        """The bucket of the functions' zips; terraform/bootstrap has the same name."""
        return f"{PROJECT}-artifacts-{self.account_id}-{self.region}"

    @property
    def state_bucket(self) -> str:
        """The bucket of Terraform's states; terraform/bootstrap has the same name."""
        return f"{PROJECT}-state-{self.account_id}-{self.region}"

    @property
    def folder(self) -> Path:
        """What Terraform keeps of this environment on this machine; the sandbox's holds its state, too."""
        own, others = self.root / ".sandbox", self.root / "build/deploy" / self.environment.name
        return own if self.environment.name == SANDBOX else others

    @property
    def workspace(self) -> Path:
        """The Terraform working directory."""
        return self.folder / "terraform"

    @property
    def manifest(self) -> Path:
        """The build manifest of the target that runs in this environment."""
        return self.root / "build" / ("sandbox" if self.environment.is_local else "deploy") / "manifest.json"

    def target(self) -> "Target":
        """Return what to build for: Lambda, or the interpreter that the sandbox runs the functions on."""
        from ops_cli.packaging import Target

        return Target.sandbox() if self.environment.is_local else Target.deploy()

    def build(self, report: Callable[[str], None]) -> None:
        """Build every function that changed.

        For a real account this machine's target is built first: its handlers can be imported here, so a broken import
        stops the deployment before anything is pushed.
        """
        from ops_cli.packaging import Target, build

        if not self.environment.is_local:
            build(self.root, Target.sandbox(), report=report)
        build(self.root, self.target(), report=report)

    def push(self, s3: "S3Client", report: Callable[[str], None]) -> None:
        """Push the zips that the artifacts bucket lacks; the sandbox's account gets the bucket first."""
        if self.environment.is_local:
            make_bucket(s3, self.artifacts_bucket, self.region)
        pushed = push_artifacts(s3, self.artifacts_bucket, self.manifest, report)
        report(f"{pushed} zips pushed to {self.artifacts_bucket}" if pushed else "every zip was there already")

    def prepare(self, report: Callable[[str], None]) -> TerraformDir:
        """Write the workspace and initialise it; `report` is called with each line of its output."""
        link_modules(self.root / "modules", self.folder)
        link_root(self.root / "terraform", self.workspace)
        write_variables(self.workspace, self.variables())
        self._link_own_values()
        override = self.workspace / "backend_override.tf"
        if self.environment.is_local:
            override.write_text(LOCAL_BACKEND, encoding="utf-8")
        terraform = TerraformDir(self.workspace, self.environ(), report)
        terraform.init(None if self.environment.is_local else self.backend(f"{self.environment.name}.tfstate"))
        return terraform

    def variables(self) -> dict[str, Any]:
        """Return the values of the root's variables that follow from the environment."""
        return {
            "environment": self.environment.name,
            "region": self.region,
            "artifacts_bucket": self.artifacts_bucket,
            "build_manifest": str(self.manifest),
            **(SANDBOX_VARIABLES if self.environment.is_local else {}),
        }

    def backend(self, key: str) -> dict[str, str]:
        """Return what the partial S3 backend lacks."""
        return {"bucket": self.state_bucket, "key": key, "region": self.region}

    def environ(self) -> dict[str, str]:
        """Return the environment variables for Terraform: the same credentials, region and endpoint as opsctl's own."""
        environ = {**self.shell, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.environment.is_local or self.environment.profile:
            # Terraform prefers keys in the environment to a profile, opsctl's clients do not: none may be left.
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
                environ.pop(name, None)
        if self.environment.is_local:
            environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"] = LOCAL_KEY_PAIR
        elif self.environment.profile:
            environ["AWS_PROFILE"] = self.environment.profile
        if self.environment.endpoint:
            environ["AWS_ENDPOINT_URL"] = self.environment.endpoint
        return environ

    def _link_own_values(self) -> None:
        """Let `terraform/environments/NAME.tfvars`, if there is one, decide over what follows from the environment."""
        link = self.workspace / "environment.auto.tfvars"
        link.unlink(missing_ok=True)
        own = self.root / "terraform/environments" / f"{self.environment.name}.tfvars"
        if own.is_file():
            link.symlink_to(own.resolve())


def make_bucket(s3: "S3Client", name: str, region: str) -> bool:
    """Make the bucket unless this account has it; return whether it was made. New buckets are private (since 2023)."""
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:  # noqa: PLR2004
            raise
    else:
        return False
    # us-east-1 is the one region that may not be named as a location.
    where: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    return True
