"""Usage reports from the command line: order one, wait for it, fetch it. No Click in here."""

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from insight.delivery import search
from insight.delivery.search import ReportSummary
from insight.orders.request import Refusal, ReportAnswer, ReportOrder, Status, check_account
from insight.orders.state_table import States
from insight.orders.states import State
from insight.sources.accounts import account_ids
from ops_cli.frame.context import Ops
from opscore.errors import NotFound, OpsError, UsageProblem
from opscore.waiting import wait_until

REQUEST_SERVICE = "report-request"
REPORTS = "reports"
STATES = "report-states"


def order(ops: Ops, wanted: ReportOrder) -> ReportAnswer:
    """Invoke the request function with `wanted`; a refusal is raised with the reason and what would be accepted."""
    answer = ReportAnswer.from_payload(invoke(ops, REQUEST_SERVICE, wanted.to_payload()))
    if answer.status is not Status.REFUSED:
        return answer
    if answer.reason == Refusal.UNKNOWN_ACCOUNT:
        known = account_ids(ops.client("dynamodb"), ops.stack.table("accounts"))
        raise NotFound.among("account", wanted.account, known)
    raise UsageProblem(answer.message or f"The order was refused: {answer.reason}.")


def states(ops: Ops) -> States:
    """Return the table of what is known of each report."""
    return States(ops.client("dynamodb"), ops.stack.table(STATES), lambda: dt.datetime.now(dt.UTC))


def list_reports(ops: Ops, account: str | None) -> list[ReportSummary]:
    """Return the reports of one account, or of all. Raises BadRequest for what is no account id."""
    if account is not None:
        check_account(account)
    return search.list_reports(states(ops), account)


def find(ops: Ops, report_id: str) -> ReportSummary:
    """Return the report with this id or prefix of an id; see `search.find_report`."""
    return search.find_report(states(ops), report_id)


def ids(ops: Ops) -> list[str]:
    """Return the ids of up to a thousand reports, for completion on a command line."""
    return states(ops).ids(1000)


def link(ops: Ops, report: ReportSummary, name: str, seconds: int) -> str:
    """Return a link to one file of a delivered report that works for `seconds`."""
    return search.link(ops.client("s3"), ops.stack.bucket(REPORTS), report, name, seconds)


def manifest(ops: Ops, report: ReportSummary) -> dict[str, Any]:
    """Return the manifest of a delivered report as plain data."""
    found = search.read_manifest(ops.client("s3"), ops.stack.bucket(REPORTS), report)
    return dict(json.loads(found.to_json()))


def download(ops: Ops, report: ReportSummary, folder: Path) -> list[Path]:
    """Save a delivered report below `folder`, verified against its manifest."""
    return search.download(ops.client("s3"), ops.stack.bucket(REPORTS), report, folder)


def wait_for(ops: Ops, report_id: str, *, timeout: float, say: Callable[[str], None]) -> ReportSummary:
    """Wait until the report is delivered; raises `OpsError` when it failed, `TimedOut` when it is not there in time."""
    started = time.monotonic()
    said_at = 0

    def ready() -> ReportSummary | None:
        nonlocal said_at
        report = find(ops, report_id)
        waited, is_open = int(time.monotonic() - started), report.state in (State.REQUESTED, State.RUNNING)
        if is_open and waited >= said_at + 10:
            said_at = waited
            say(f"{report_id} is not there yet after {waited} s")
        return None if is_open else report

    report = wait_until(
        ready,
        timeout=timeout,
        what=f"Delivery of {report_id}",
        hint="`opsctl dlq show report-requests` says whether it died; `opsctl report list` whether it came.",
    )
    if report.state is State.FAILED:
        raise OpsError(f"The report {report_id} failed: {report.reason}", hint="Correct that, then start it again.")
    return report


def invoke(ops: Ops, role: str, payload: dict[str, Any]) -> Any:
    """Invoke a function by role and return its decoded answer; an exception in it is an error here."""
    function = ops.stack.function(role)
    answer = ops.client("lambda").invoke(
        FunctionName=function.name, Qualifier=function.alias, Payload=json.dumps(payload).encode()
    )
    decoded = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        reason = decoded.get("errorMessage", "no message") if isinstance(decoded, dict) else decoded
        raise OpsError(f"{role} failed: {reason}", hint=f"`opsctl logs {role} --since 5m` shows where.")
    return decoded
