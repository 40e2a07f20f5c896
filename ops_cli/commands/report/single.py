"""`opsctl report start`, `list`, `show`, `link`: one report, or the list of them."""

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops_cli.commands.report.completing import complete_report
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, seconds_option
from ops_cli.frame.output import Column, emit, emit_line, note, sized
from opscore.errors import UsageProblem
from opscore.words import counted

if TYPE_CHECKING:
    from insight.delivery.search import ReportSummary

_LAST_DAY = "Last day, included: 2026-10-31, or a month: 2026-10.  [default: --from, if that is a month]"
_FORMATS = "csv, html, json, xlsx; pdf where it is made; may be given again, or csv,html.  [default: csv,html]"
_COLUMNS = (
    Column("report_id", "id"),
    Column("account", "id", rank=0),
    Column("first_day", "id", rank=3),
    Column("last_day", "id", rank=4),
    Column("generation", "number", rank=6, heading="GEN"),
    Column("state", "id", rank=1),
    Column("delivered_at", "moment", rank=5),
    Column("reason", rank=2),
)
_DETAILS = (Column("report_id", "id"), Column("saved", "id"), Column("link", "id"), Column("next", "id"))


@click.command(cls=OpsCommand)
@click.option("--account", required=True, help="The account's id.")
@click.option("--from", "first", required=True, metavar="DATE", help="First day, 2026-10-01, or a month: 2026-10.")
@click.option("--to", "last", metavar="DATE", help=_LAST_DAY)
@click.option("--format", "formats", multiple=True, metavar="FORMAT", help=_FORMATS)
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--force", is_flag=True, help="Make a delivered report again, as its next generation.")
@click.option("--wait", is_flag=True, help="Wait until the report is delivered.")
@seconds_option("--timeout", 300, "How long to wait.")
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
    force: bool,
    wait: bool,
    timeout: int,
    folder: Path | None,
) -> None:
    """Ask for the usage report of one account over a range of days in the account's time zone.

    The same request is the same report: asking twice makes it once. --force adds a generation beside it.
    """
    from insight.orders.request import ReportOrder, parse_formats
    from insight.periods import parse_inclusive
    from ops_cli.commands.report import stack_reports

    days = parse_inclusive(first, last or first)
    wanted = ReportOrder(account, *days, parse_formats(formats), getpass.getuser(), reason, force)
    answer = stack_reports.order(ops, wanted)
    if not (wait or folder):
        asked = answer.to_payload() | {"next": f"opsctl report show {answer.report_id} --wait"}
        emit(asked, ops.choices, columns=_DETAILS)
        return
    delivered = stack_reports.wait_for(ops, answer.report_id, timeout=timeout, say=note)
    _show(ops, delivered, folder)


@click.command("list", cls=OpsCommand)
@click.option("--account", help="Only this account's.")
@click.pass_obj
def list_reports(ops: Ops, account: str | None) -> None:
    """List reports with their state: REQUESTED, RUNNING, DELIVERED, FAILED or REISSUED."""
    from ops_cli.commands.report import stack_reports

    rows = [_row(found) for found in stack_reports.list_reports(ops, account)]
    emit(rows, ops.choices, columns=_COLUMNS, paint=_paint, empty="No report was ever asked for here.")


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.option("--wait", is_flag=True, help="Wait until the report is delivered.")
@seconds_option("--timeout", 300, "How long to wait.")
@click.option("--download", "folder", type=click.Path(file_okay=False, path_type=Path), help="Save it below DIR.")
@click.option("--chart", is_flag=True, help="Draw the active users of its thirteen months instead.")
@click.pass_obj
def show(ops: Ops, report_id: str, wait: bool, timeout: int, folder: Path | None, chart: bool) -> None:
    """Show one report, where its numbers come from, and its files."""
    from ops_cli.commands.report import stack_reports

    if chart and folder:
        raise UsageProblem("--chart and --download do not go together.", hint="Give one, then the other.")
    found = stack_reports.find(ops, report_id)
    if wait:
        found = stack_reports.wait_for(ops, found.report_id, timeout=timeout, say=note)
    if chart:
        _draw(ops, found)
        return
    _show(ops, found, folder)


@click.command(cls=OpsCommand)
@click.argument("report_id", shell_complete=complete_report)
@click.option("--file", "name", default="report.html", show_default=True, help="Which of the report's files.")
@click.option(
    "--minutes", type=click.IntRange(1, 60), default=15, show_default=True, help="How long the link can be used."
)
@click.pass_obj
def link(ops: Ops, report_id: str, name: str, minutes: int) -> None:
    """Print a link to a report's file that works for a few minutes, for anybody who has it."""
    from ops_cli.commands.report import stack_reports

    found = stack_reports.find(ops, report_id)
    address = stack_reports.link(ops, found, name, minutes * 60)
    row = {"report_id": found.report_id, "file": name, "link": address, "minutes": minutes}
    if ops.choices.is_for_people:
        emit_line(row, address, ops.choices)
    else:
        emit(row, ops.choices)
    note(f"Whoever has this link can read the report until {counted(minutes, 'minute')} from now.")


def _show(ops: Ops, found: "ReportSummary", folder: Path | None) -> None:
    from ops_cli.commands.report import stack_reports

    read = ops.choices.is_for_people
    details: dict[str, Any] = _row(found)
    if found.is_readable:
        manifest = stack_reports.manifest(ops, found)
        details["rows"] = manifest["rows"]
        details["gaps"] = manifest["gaps"]
        files = [{"name": file["name"], "bytes": file["bytes"]} for file in manifest["outputs"]]
        details["files"] = [f"{file['name']} ({sized(file['bytes'])})" for file in files] if read else files
    if folder:
        details["saved"] = [str(path) for path in stack_reports.download(ops, found, folder)]
    emit(details, ops.choices, columns=_DETAILS)


def _draw(ops: Ops, found: "ReportSummary") -> None:
    """Draw a report's trend, a bar a month; every format for programs gets its rows."""
    from insight.render import charts
    from ops_cli.commands.report import stack_proofs

    points = stack_proofs.trend(ops, found)
    rows = [{"month": month, "active_users": users} for month, users in points]
    if not ops.choices.is_for_people:
        emit(rows, ops.choices)
        return
    for row, line in zip(rows, charts.terminal(points), strict=True):
        emit_line(row, line, ops.choices)


def _row(found: "ReportSummary") -> dict[str, Any]:
    return {
        "report_id": found.report_id,
        "account": found.account,
        "first_day": found.start,
        "last_day": found.end - dt.timedelta(days=1),
        "generation": found.generation,
        "state": found.state.value,
        "requested_at": found.requested_at,
        "delivered_at": found.delivered_at,
        "reason": found.reason,
    }


def _paint(row: Any) -> str | None:
    return {"FAILED": "red", "REQUESTED": "yellow", "RUNNING": "yellow"}.get(row["state"])
