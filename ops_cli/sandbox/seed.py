"""The seed: accounts and usage events to try the platform with, the same on every machine."""

from collections.abc import Callable

from ops_cli.context import Ops


def seed(ops: Ops, report: Callable[[str], None]) -> str:
    """Write the population into the stack of `ops`, what is there already left alone; return what was done."""
    from insight.population import write_population

    done = write_population(
        ops.client("s3"),
        ops.stack.bucket("usage-events"),
        ops.client("dynamodb"),
        ops.stack.table("accounts"),
        report,
    )
    return f"{done.accounts} accounts, {done.events} events in {done.files} files ({done.written} written)"
