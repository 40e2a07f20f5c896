"""How one environment is deployed from this clone: what is built for it, where, and with which values."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops_cli.deploy.artifacts import push_artifacts
from ops_cli.deploy.buckets import Bucket, make_bucket
from ops_cli.deploy.ledger import newest_manifest
from ops_cli.deploy.terraform import TerraformDir
from ops_cli.deploy.workspace import LOCAL_BACKEND, link_modules, link_root, write_variables
from ops_cli.frame.context import LOCAL_KEY_PAIR
from ops_cli.frame.environments import SANDBOX, Environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from ops_cli.packaging import Target

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
    """One environment of one account, deployed from the clone at `root`.

    `pushed_manifest` takes the place of the clone's own build.
    """

    root: Path
    environment: Environment
    region: str
    account_id: str
    shell: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    pushed_manifest: Path | None = None

    @property
    def artifacts_bucket(self) -> Bucket:
        """The bucket of the functions' zips; terraform/bootstrap has the same name."""
        return self._bucket("artifacts")

    @property
    def state_bucket(self) -> Bucket:
        """The bucket of Terraform's states; terraform/bootstrap has the same name."""
        return self._bucket("state")

    def _bucket(self, role: str) -> Bucket:
        return Bucket(f"{self.environment.project}-{role}-{self.account_id}-{self.region}", self.account_id)

    @property
    def state_key(self) -> str:
        """Where in the state bucket the environment's Terraform state is; that of terraform/bootstrap is beside it."""
        return f"{self.environment.name}.tfstate"

    @property
    def is_sandbox(self) -> bool:
        """Whether this is a clone's sandbox, which has its state on this machine; any other account has it in S3."""
        return self.environment.name == SANDBOX

    @property
    def folder(self) -> Path:
        """What Terraform keeps of this environment on this machine; the sandbox's holds its state, too."""
        own, others = self.root / ".sandbox", self.root / "build/deploy" / self.environment.name
        return own if self.is_sandbox else others

    @property
    def workspace(self) -> Path:
        """The Terraform working directory."""
        return self.folder / "terraform"

    @property
    def manifest(self) -> Path:
        """The build manifest of the target that runs in this environment."""
        own = self.root / "build" / ("sandbox" if self.environment.is_local else "deploy") / "manifest.json"
        return self.pushed_manifest or own

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

    def push(self, s3: "S3Client", report: Callable[[str], None]) -> int:
        """Push the zips that the artifacts bucket lacks, and return how many; the sandbox gets the bucket first."""
        if self.is_sandbox:
            make_bucket(s3, self.artifacts_bucket, self.region)
        pushed = push_artifacts(s3, self.artifacts_bucket, self.manifest, report)
        report(f"{pushed} zips pushed to {self.artifacts_bucket.name}" if pushed else "every zip was there already")
        return pushed

    def as_pushed(self, s3: "S3Client") -> "Deployment":
        """Return the deployment of what was pushed last, so that no build is needed here; itself when nothing was."""
        manifest = newest_manifest(s3, self.artifacts_bucket, self.environment.name)
        if manifest is None:
            return self
        file = self.folder / "pushed.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(manifest), encoding="utf-8")
        return replace(self, pushed_manifest=file)

    def write_inputs(self) -> tuple[Path, Path]:
        """Write what plain Terraform has to be given, a backend configuration and a file of variables; return both."""
        backend, variables = self.folder / "backend.tfbackend", self.folder / "platform.tfvars.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in self.backend(self.state_key).items()]
        backend.write_text("".join(lines), encoding="utf-8")
        variables.write_text(json.dumps(self.variables(), indent=2) + "\n", encoding="utf-8")
        return backend, variables

    def prepare(self, report: Callable[[str], None]) -> TerraformDir:
        """Write the workspace and initialise it; `report` is called with each line of its output."""
        link_modules(self.root / "modules", self.folder)
        link_root(self.root / "terraform", self.workspace)
        write_variables(self.workspace, self.variables())
        self._link_own_values()
        override = self.workspace / "backend_override.tf"
        if self.is_sandbox:
            override.write_text(LOCAL_BACKEND, encoding="utf-8")
        else:
            override.unlink(missing_ok=True)
        terraform = TerraformDir(self.workspace, self.environ(), report)
        terraform.init(None if self.is_sandbox else self.backend(self.state_key))
        return terraform

    def variables(self) -> dict[str, Any]:
        """Return the values of the root's variables that follow from the environment."""
        return {
            "project": self.environment.project,
            "environment": self.environment.name,
            "account_id": self.account_id,
            "region": self.region,
            "artifacts_bucket": self.artifacts_bucket.name,
            "build_manifest": str(self.manifest),
            **(SANDBOX_VARIABLES if self.is_sandbox else {}),
        }

    def bootstrap_variables(self) -> dict[str, Any]:
        """Return the values of the variables of terraform/bootstrap."""
        return {"project": self.environment.project, "region": self.region, "account_id": self.account_id}

    def backend(self, key: str) -> dict[str, str]:
        """Return what the partial S3 backend lacks."""
        return {"bucket": self.state_bucket.name, "key": key, "region": self.region}

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
