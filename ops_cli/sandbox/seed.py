"""The seed: accounts and usage events to try the platform with, the same on every machine."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from ops_cli.frame.context import Ops
from opscore.errors import UsageProblem

if TYPE_CHECKING:
    from insight.sources.made_up.population import Seeded

NAMED_ACCOUNTS = 6
"""What `sandbox up` seeds; more come with `sandbox seed`."""

ALL_MONTHS = 13


def seed(ops: Ops, report: Callable[[str], None], accounts: int = NAMED_ACCOUNTS, months: int = ALL_MONTHS) -> "Seeded":
    """Write the population into the stack of `ops`; what is there already is left alone.

    Raises UsageProblem for an environment that is not on this machine: these accounts are made up.
    """
    from insight.sources.made_up.population import accounts as first_accounts
    from insight.sources.made_up.population import write_population
    from insight.sources.made_up.population_usage import FIRST

    if not ops.environment.is_local:
        raise UsageProblem(f"{ops.environment.name} is not on this machine: made-up accounts are not written there.")
    return write_population(
        ops.client("s3"),
        ops.stack.bucket("usage-events"),
        ops.client("dynamodb"),
        ops.stack.table("accounts"),
        report,
        first_accounts(accounts),
        _later(FIRST, ALL_MONTHS - months),
    )


def _later(month: date, months: int) -> date:
    count = month.year * 12 + month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)
