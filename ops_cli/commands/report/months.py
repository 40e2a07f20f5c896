"""`opsctl report month` and `plan`: all the reports that a month owes."""

from typing import Any

import click

from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, seconds_option
from ops_cli.frame.output import Column, emit, note
from opscore.errors import PartlyDone
from opscore.words import counted

_COLUMNS = (
    Column("account", "id"),
    Column("state", "id", rank=0),
    Column("report_id", "id", rank=2),
    Column("generation", "number", rank=5, heading="GEN"),
    Column("attempts", "number", rank=4),
    Column("delivered_at", "moment", rank=3),
    Column("reason", rank=1),
)
_PLAN = (
    Column("reports", "number"),
    Column("measured_reports", "number"),
    Column("seconds_per_report", "number"),
    Column("run_seconds", "span"),
    Column("run_seconds_p95", "span", heading="RUN P95"),
)
_COLORS = {"FAILED": "red", "MISSING": "red", "REQUESTED": "yellow", "RUNNING": "yellow"}


@click.command(cls=OpsCommand)
@click.argument("month", metavar="MONTH")
@click.option("--account", "accounts", multiple=True, help="Only this account's; may be given more than once.")
@click.option("--open", "only_open", is_flag=True, help="Only what is not delivered.")
@click.option("--request", "wanted", is_flag=True, help="Ask for what is missing, stalled or failed.")
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--wait", is_flag=True, help="Wait until each is delivered or has failed; one that failed: exit code 3.")
@seconds_option("--timeout", 3600, "How long to wait.")
@click.pass_obj
def month(
    ops: Ops,
    month: str,
    accounts: tuple[str, ...],
    only_open: bool,
    wanted: bool,
    reason: str,
    wait: bool,
    timeout: int,
) -> None:
    """Show how the reports of MONTH (2026-10) stand: delivered, pending, failed and why.

    The list of what the month owes is fixed when it is opened, on day 2 of the next month or by --request.
    """
    from ops_cli.commands.report import stack_months

    if wanted:
        asked = stack_months.request(ops, month, accounts, reason)["asked"]
        note(f"Asked for: {', '.join(f'{count} {why}' for why, count in asked.items()) or 'nothing'}.")
    if wait:
        standings = stack_months.wait_for(ops, month, accounts, timeout=timeout, say=note)
    else:
        standings = stack_months.standings(ops, month, accounts)
    rows = [stack_months.row(standing) for standing in standings]
    shown = [row for row in rows if row["state"] != "DELIVERED"] if only_open else rows
    emit(shown, ops.choices, columns=_COLUMNS, paint=lambda row: _COLORS.get(row["state"]), empty="None.")
    note(stack_months.summary(standings))
    if wait and (failed := sum(row["state"] == "FAILED" for row in rows)):
        hint = f"Correct the causes, then `opsctl report month {month} --request`."
        raise PartlyDone(f"{counted(failed, 'report')} failed.", hint=hint)


@click.command(cls=OpsCommand)
@click.option("--month", required=True, help="The month whose run is planned: 2026-11.")
@click.option("--accounts", type=click.IntRange(min=1), help="How many reports.  [default: all accounts]")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="How long one takes.  [default: as measured]"
)
@click.option("--runs", type=click.IntRange(1, 1000), default=50, show_default=True, help="Simulated runs.")
@click.pass_obj
def plan(ops: Ops, month: str, accounts: int | None, seconds: float | None, runs: int) -> None:
    """Compute how long a month's run takes, its load on the sources, and what throttles may cost.

    The queue and its mapping are simulated as they are deployed, with the durations of the reports delivered before.
    """
    from ops_cli.commands.report import stack_months

    planned: dict[str, Any] = stack_months.plan(ops, month, accounts, seconds, runs)
    emit(planned, ops.choices, columns=_PLAN)
