"""What an account cannot take, found in the plan before anything is made: reserved concurrency beyond its quota.

Lambda keeps at least 100 of an account's concurrent executions unreserved
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html). Many new accounts have a quota of 10:
there nothing can be reserved, and the refusal names the quota as the minimum.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LEAST_UNRESERVED = 100
RAISE = (
    "`aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
    "--desired-value 1000`."
)
"""How to raise Lambda's quota "Concurrent executions"."""

DEFAULT_RESERVATION = 5
"""What the platform reserves unless it is told otherwise: the report generator's, the throttle of the design."""


@dataclass(frozen=True)
class Concurrency:
    """Concurrent executions of an account in a region: all, and those that no function has reserved."""

    quota: int
    unreserved: int

    @property
    def reservable(self) -> int:
        """How many more may be reserved."""
        return max(0, self.unreserved - min(LEAST_UNRESERVED, self.quota))


def concurrency(client: "LambdaClient") -> Concurrency:
    """Ask for the account's quota and what is left of it."""
    limit = client.get_account_settings()["AccountLimit"]
    return Concurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])


def reservations(plan: Mapping[str, Any]) -> int:
    """Return how many executions more a plan (`terraform show -json`) reserves than are reserved now."""
    changes = [one["change"] for one in plan.get("resource_changes", ()) if one["type"] == "aws_lambda_function"]
    return sum(_reserved(change["after"]) - _reserved(change["before"]) for change in changes)


def check_concurrency(wanted: int, found: Concurrency) -> None:
    """Raise `OpsError` when `wanted` executions more cannot be reserved."""
    if wanted <= found.reservable:
        return
    raise OpsError(
        f"The plan reserves {wanted} concurrent executions more, and the account can reserve {found.reservable}: its "
        f"quota is {found.quota}, of which Lambda keeps {min(LEAST_UNRESERVED, found.quota)} unreserved.",
        hint="Set report_generator = { reserved_concurrency = null } in terraform/environments/NAME.tfvars (the "
        f"mapping's maximum then holds the queue back), or raise the quota: {RAISE}",
    )


def _reserved(values: Mapping[str, Any] | None) -> int:
    # The provider writes -1 for no reservation.
    return max(0, (values or {}).get("reserved_concurrent_executions") or 0)
