"""Throttling with AWS's published token buckets, when the setting `throttle` is on; and the fault `api_error`.

ECS: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
EC2: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html

A bucket belongs to an account and a region. AWS publishes no rates of the Auto Scaling API, so it is never throttled
by the setting; `api_error` can make it so.
"""

from collections.abc import Mapping

from ministack.core.responses import get_account_id, get_region

from emulated_aws.fleet import clock, state
from emulated_aws.fleet.refusals import Refused
from emulated_aws.fleet.token_bucket import Bucket

CLUSTER_READ = "cluster resource read"
CLUSTER_MODIFY = "cluster resource modify"
SERVICE_READ = "service resource read"
CLUSTER_DESCRIBE = "cluster read"
INSTANCES_READ = "non-mutating"

RATES: Mapping[str, tuple[float, float]] = {
    CLUSTER_READ: (100, 20),
    CLUSTER_MODIFY: (100, 40),
    SERVICE_READ: (100, 20),
    CLUSTER_DESCRIBE: (50, 20),
    INSTANCES_READ: (100, 20),
}
"""Bucket -> (size, refill per second)."""

BUCKETS: Mapping[tuple[str, str], str] = {
    **{
        ("ecs", action): CLUSTER_READ
        for action in ("ListContainerInstances", "DescribeContainerInstances", "ListTasks", "DescribeTasks")
    },
    **{
        ("ecs", action): CLUSTER_MODIFY
        for action in (
            "RunTask",
            "StartTask",
            "StopTask",
            "RegisterContainerInstance",
            "DeregisterContainerInstance",
            "UpdateContainerInstancesState",
            "PutAttributes",
            "DeleteAttributes",
        )
    },
    ("ecs", "DescribeServices"): SERVICE_READ,
    ("ecs", "ListServices"): SERVICE_READ,
    ("ecs", "DescribeClusters"): CLUSTER_DESCRIBE,
    ("ec2", "DescribeInstances"): INSTANCES_READ,
}

_ERRORS = {"ecs": "ThrottlingException", "ec2": "RequestLimitExceeded", "autoscaling": "Throttling"}
_buckets: dict[tuple[str, str, str, str], Bucket] = {}


def admit(service: str, action: str) -> None:
    """Let a request in, or raise `Refused` because a fault says so or its bucket is empty."""
    if fault := state.faults.strike("api_error", service=service, action=action):
        code = str(fault.details.get("code", "InternalFailure"))
        message = str(fault.details.get("message", "An internal error occurred."))
        raise Refused(code, message, int(fault.details.get("status", 400 if code != "InternalFailure" else 500)))
    bucket = BUCKETS.get((service, action))
    if not state.settings().throttle or bucket is None:
        return
    key, now = (get_account_id(), get_region(), service, bucket), clock.now()
    with state.LOCK:
        _buckets[key], allowed = (_buckets.get(key) or Bucket.full(*RATES[bucket], now)).take(now)
    if not allowed:
        raise Refused(_ERRORS[service], "Rate exceeded", 400)
