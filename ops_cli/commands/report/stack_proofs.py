"""Reports asked again: where a number comes from, what moved, whether it holds. No Click in here."""

from collections.abc import Iterator
from typing import Any

from insight.delivery import search
from insight.delivery.deliver import Places
from insight.manifest import Manifest
from insight.proofs import differences, provenance
from insight.proofs.provenance import Check
from insight.render import charts
from ops_cli.commands.report.stack_reports import REPORTS, find
from ops_cli.frame.context import Ops


def manifest(ops: Ops, report_id: str) -> Manifest:
    """Return the manifest of a delivered report."""
    return search.read_manifest(ops.client("s3"), ops.stack.bucket(REPORTS), find(ops, report_id))


def explain(ops: Ops, report_id: str, metric: str) -> provenance.Explanation:
    """Say how one number of a report came about."""
    return provenance.explain(manifest(ops, report_id), metric, _places(ops))


def diff(ops: Ops, first: str, second: str) -> differences.Difference:
    """Say what moved from one report to another."""
    return differences.diff(manifest(ops, first), manifest(ops, second), _places(ops))


def verify(ops: Ops, report_id: str) -> list[Check]:
    """Compute a report's numbers again and compare."""
    return provenance.verify(manifest(ops, report_id), _places(ops))


def trend(ops: Ops, report_id: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the active users of each month of a report's trend, as data and as a line of a chart."""
    points = sorted(manifest(ops, report_id).trend.items())
    for (month, users), line in zip(points, charts.terminal(points), strict=True):
        yield {"month": month, "active_users": users}, line


def _places(ops: Ops) -> Places:
    """Return where events and reports are read; nothing here is ever published."""
    stack = ops.stack
    events, accounts = stack.bucket("usage-events"), stack.table("accounts")
    return Places(ops.client("s3"), ops.client("dynamodb"), stack.bucket(REPORTS), events, accounts)
