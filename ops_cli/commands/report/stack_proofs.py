"""Proofs of delivered reports: where a number comes from, what changed, whether it holds. No Click in here."""

from insight.delivery import search
from insight.delivery.deliver import Places
from insight.delivery.search import ReportSummary
from insight.manifest import Manifest
from insight.proofs import differences, provenance
from insight.proofs.provenance import Check
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


def trend(ops: Ops, report: ReportSummary) -> list[tuple[str, int | float | None]]:
    """Return the months of a report's trend with their active users, in order."""
    return sorted(search.read_manifest(ops.client("s3"), ops.stack.bucket(REPORTS), report).trend.items())


def _places(ops: Ops) -> Places:
    """Return where events and reports are read; nothing here is ever published."""
    stack = ops.stack
    events, accounts = stack.bucket("usage-events"), stack.table("accounts")
    return Places(ops.client("s3"), ops.client("dynamodb"), stack.bucket(REPORTS), events, accounts)
