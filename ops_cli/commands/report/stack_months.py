"""A month's reports from the command line: how they stand, asking for them, planning their run. No Click in here."""

import datetime as dt
import getpass
from collections.abc import Callable, Collection, Iterable
from typing import Any

from insight.months import ledger, survey
from insight.months.survey import MonthOrder, Standing
from insight.orders.states import State
from insight.periods import parse_month
from insight.sources.accounts import account_ids
from ops_cli.commands.report import stack_reports
from ops_cli.frame.context import Ops
from opscore.errors import NotFound, UsageProblem
from opscore.queues import model as queue_model
from opscore.waiting import wait_until

MONTH_SERVICE = "report-month"
QUEUE = "report-requests"


def request(ops: Ops, month: str, accounts: Collection[str], reason: str) -> Any:
    """Invoke the function that opens a month; it asks for what is missing, stalled or failed."""
    parse_month(month)
    now = dt.datetime.now(dt.UTC)
    order = MonthOrder(now, month, tuple(accounts), again=True, requested_by=getpass.getuser(), reason=reason)
    return stack_reports.invoke(ops, MONTH_SERVICE, order.to_payload())


def standings(ops: Ops, month: str, accounts: Collection[str]) -> list[Standing]:
    """Return how each report of the month stands; raises `NotFound` for a month that was never opened."""
    owed = ledger.must_read(ops.client("s3"), ops.stack.bucket(stack_reports.REPORTS), month)
    known = {entry.account for entry in owed.entries}
    for account in accounts:
        if account not in known:
            raise NotFound.among(f"account in the ledger of {month}", account, known)
    return survey.survey(owed, stack_reports.states(ops), accounts)


def wait_for(
    ops: Ops, month: str, accounts: Collection[str], *, timeout: float, say: Callable[[str], None]
) -> list[Standing]:
    """Wait until every report of the month is delivered or has failed; `say` is called with each change."""
    said = ""

    def ended() -> tuple[list[Standing]] | None:
        nonlocal said
        found = standings(ops, month, accounts)
        news = summary(found)
        if all(standing.has_ended for standing in found):
            return (found,)
        if news != said:
            say(news)
        said = news
        return None

    hint = f"`opsctl report month {month} --open` shows what is left."
    return wait_until(ended, timeout=timeout, interval=3, what=f"Delivery of {month}", hint=hint)[0]


def row(standing: Standing) -> dict[str, Any]:
    """Return the row that people see."""
    record = standing.record
    return {
        "account": standing.entry.account,
        "state": (standing.state or "MISSING"),
        "report_id": standing.request.report_id if standing.request else "",
        "generation": standing.request.generation if standing.request else None,
        "attempts": record.attempts if record else 0,
        "delivered_at": record.delivered_at if record else None,
        "reason": standing.entry.problem or (record.message if record else ""),
    }


def summary(standings: Iterable[Standing]) -> str:
    """Return the month in one sentence: `213 of 214 delivered, 1 failed`."""
    counts = survey.counts(standings)
    delivered = counts.pop(State.DELIVERED, 0)
    rest = "".join(f", {count} {state.lower()}" for state, count in counts.items())
    return f"{delivered} of {delivered + sum(counts.values())} delivered{rest}."


def plan(ops: Ops, month: str, accounts: int | None, seconds: float | None, runs: int) -> dict[str, Any]:
    """Simulate the run of a month on the queue as it is deployed."""
    parse_month(month)
    count = accounts or sum(1 for _ in account_ids(ops.client("dynamodb"), ops.stack.table("accounts")))
    measured = [seconds] if seconds else _measured(ops)
    found = queue_model.forecast(_mapping(ops), count, measured, runs=runs, seed=month)
    return {
        "month": month,
        "reports": count,
        "measured_reports": 0 if seconds else len(measured),
        "seconds_per_report": round(sum(measured) / len(measured), 2),
        **found.to_row(),
    }


def _measured(ops: Ops) -> list[float]:
    found = [record.seconds for record in stack_reports.states(ops).all() if record.seconds > 0]
    if not found:
        raise UsageProblem("No report was delivered here yet, so none was measured.", hint="Say --seconds N.")
    return found


def _mapping(ops: Ops) -> queue_model.EventSourceMapping:
    """Read queue, mapping and function as they are deployed."""
    queue, sqs, functions = ops.stack.queue(QUEUE), ops.client("sqs"), ops.client("lambda")
    url = sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
    names = ["VisibilityTimeout", "RedrivePolicy", "QueueArn"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    function = ops.stack.function(queue.consumer)
    found = functions.list_event_source_mappings(EventSourceArn=attributes["QueueArn"])["EventSourceMappings"]
    if not found:
        raise NotFound(f"No function consumes {queue.name}.", hint="Apply the platform again.")
    reserved = functions.get_function_concurrency(FunctionName=function.name).get("ReservedConcurrentExecutions")
    return queue_model.as_deployed(attributes, found[0], reserved)
