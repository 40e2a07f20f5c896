"""How the production Terraform is run for a sandbox: its account, and what an apply depends on."""

import os

from ops_cli.clone.places import Places
from ops_cli.clone.record import REGION, endpoint_of
from ops_cli.deploy.deployment import Deployment
from ops_cli.frame.choice import sandbox_at
from ops_cli.sandbox.applied import fingerprint_of

ACCOUNT_ID = "000000000000"
"""The account of the emulator's root key pair."""

PROVIDER = {
    # The provider tries 25 times, backing off for minutes, should the emulator die under it.
    "AWS_MAX_ATTEMPTS": "5",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def deployment_at(places: Places, port: int) -> Deployment:
    """Return the deployment to the emulator on `port`."""
    environment = sandbox_at(places, endpoint_of(port))
    return Deployment(places.root, environment, REGION, ACCOUNT_ID, shell={**os.environ, **PROVIDER})


def fingerprint(deployment: Deployment) -> str:
    """Return the hash of everything that an apply depends on, after a build."""
    values = {
        "variables": deployment.variables(),
        "endpoint": deployment.environment.endpoint,
        "manifest": deployment.manifest.read_text(encoding="utf-8"),
    }
    return fingerprint_of(deployment.root, values)
