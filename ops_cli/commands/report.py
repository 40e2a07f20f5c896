"""`opsctl report`: usage reports of accounts."""

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops_cli.context import Ops
from ops_cli.options import OpsGroup
from ops_cli.output import emit, note

if TYPE_CHECKING:
    from insight.reports import ReportSummary

_LAST_DAY = "Last day, included: 2026-10-31, or a month: 2026-10.  [default: --from, if that is a month]"
_FORMATS = "csv, html, json, xlsx or pdf; several may be given.  [default: csv and html]"
_COLUMNS = ("report_id", "account", "first_day", "last_day", "state", "delivered_at", "reason")


@click.group(cls=OpsGroup)
def report() -> None:
    """Start, list, show and download usage reports."""


@report.command()
@click.option("--account", required=True, help="The account's id.")
@click.option("--from", "first", required=True, metavar="DATE", help="First day, 2026-10-01, or a month: 2026-10.")
@click.option("--to", "last", metavar="DATE", help=_LAST_DAY)
@click.option("--format", "formats", multiple=True, metavar="FORMAT", help=_FORMATS)
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--wait", is_flag=True, help="Wait until the report is delivered.")
@click.option("--timeout", default=300, show_default=True, metavar="SECONDS", help="How long to wait.")
@click.option(
    "--download", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save it below DIR; waits."
)
@click.pass_obj
def start(
    ops: Ops,
    account: str,
    first: str,
    last: str | None,
    formats: tuple[str, ...],
    reason: str,
    wait: bool,
    timeout: int,
    folder: Path | None,
) -> None:
    """Ask for the usage report of one account over a range of days in the account's time zone.

    The same request is the same report: asking twice makes it once.
    """
    from insight.periods import parse_inclusive
    from insight.requests import FORMATS, ReportOrder
    from ops_cli import reports

    days = parse_inclusive(first, last or first)
    wanted = ReportOrder(account, *days, formats=formats or FORMATS, requested_by=getpass.getuser(), reason=reason)
    answer = reports.order(ops, wanted)
    if not (wait or folder):
        emit(answer.to_payload() | {"next": f"opsctl report show {answer.report_id} --wait"}, ops.choices)
        return
    delivered = reports.wait_for(ops, answer.report_id, account, timeout=timeout, say=note)
    _show(ops, delivered, folder)


@report.command("list")
@click.option("--account", help="Only this account's.")
@click.pass_obj
def list_reports(ops: Ops, account: str | None) -> None:
    """List reports with their state: REQUESTED, DELIVERED or FAILED."""
    from ops_cli import reports

    rows = [_row(found) for found in reports.list_reports(ops, account)]
    emit(rows, ops.choices, columns=_COLUMNS, paint=_paint, empty="No report was ever asked for here.")


@report.command()
@click.argument("report_id")
@click.option("--wait", is_flag=True, help="Wait until the report is delivered.")
@click.option("--timeout", default=300, show_default=True, metavar="SECONDS", help="How long to wait.")
@click.option("--download", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save it below DIR.")
@click.pass_obj
def show(ops: Ops, report_id: str, wait: bool, timeout: int, folder: Path | None) -> None:
    """Show one report, where its numbers come from, and its files."""
    from ops_cli import reports

    found = reports.find(ops, report_id)
    if wait:
        found = reports.wait_for(ops, report_id, found.account, timeout=timeout, say=note)
    _show(ops, found, folder)


def _show(ops: Ops, found: "ReportSummary", folder: Path | None) -> None:
    from insight.reports import State
    from ops_cli import reports

    details: dict[str, Any] = _row(found)
    if found.state is State.DELIVERED:
        manifest = reports.manifest(ops, found)
        details["rows"] = manifest["rows"]
        details["files"] = [f"{file['name']} ({file['bytes']} bytes)" for file in manifest["outputs"]]
    if folder:
        details["saved"] = [str(path) for path in reports.download(ops, found, folder)]
    emit(details, ops.choices)


def _row(found: "ReportSummary") -> dict[str, Any]:
    return {
        "report_id": found.report_id,
        "account": found.account,
        "first_day": found.start,
        "last_day": found.end - dt.timedelta(days=1),
        "state": found.state.value,
        "requested_at": found.requested_at,
        "delivered_at": found.delivered_at,
        "reason": found.reason,
    }


def _paint(row: Any) -> str | None:
    return {"FAILED": "red", "REQUESTED": "yellow"}.get(row["state"])
