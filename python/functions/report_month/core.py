"""Opening a month: the ledger first, then one request for each account in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight.months import ledger, survey
from insight.months.ledger import Entry, Kept
from insight.months.survey import MonthOrder, Outcome, Policy
from insight.orders.state_table import States
from insight.sources.accounts import BadAccount, account_ids, find_account

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Office:
    """What a run works with; `send` puts message bodies on the queue and raises when one was not taken."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    states: States
    send: Callable[[list[str]], None]
    now: Callable[[], datetime]
    reports_bucket: str
    accounts_table: str
    patience_seconds: float


def open_month(order: MonthOrder, office: Office) -> Outcome:
    """Ask for every report of the month that is not under way; safe to run again at any time."""
    kept = ledger.read(office.s3, office.reports_bucket, order.month) or _draw_up(order, office)
    kept = _mend(kept, office)
    standings = survey.survey(kept.ledger, office.states, order.accounts)
    policy = Policy(office.patience_seconds, failed_too=order.again)
    due = [(standing, why) for standing in standings if (why := policy.why(standing, office.now()))]
    asked = survey.ask(due, order, office.states, office.send)
    return Outcome(order.month, len(standings), survey.counts(standings), asked)


def _draw_up(order: MonthOrder, office: Office) -> Kept:
    accounts = account_ids(office.dynamodb, office.accounts_table)
    entries = [_entry(account, office) for account in accounts]
    return ledger.open_once(office.s3, office.reports_bucket, ledger.draw_up(order.month, order.scheduled_at, entries))


def _entry(account: str, office: Office) -> Entry:
    """Return an account's entry; a record that cannot be used costs that account its report, nobody else."""
    try:
        found = find_account(office.dynamodb, office.accounts_table, account)
    except BadAccount as error:
        return Entry(account, problem=error.message)
    if found is None:
        return Entry(account, problem="The account vanished.")
    return Entry(account, found.time_zone, segment=found.segment)


def _mend(kept: Kept, office: Office) -> Kept:
    """Take in the accounts whose records have been mended since the ledger was drawn up."""
    entries = tuple(_mended(kept.ledger.month, entry, office) for entry in kept.ledger.entries)
    if entries == kept.ledger.entries:
        return kept
    mended = replace(kept.ledger, entries=entries)
    if ledger.amend(office.s3, office.reports_bucket, kept, mended):
        return Kept(mended, "")
    return ledger.open_once(office.s3, office.reports_bucket, mended)


def _mended(month: str, entry: Entry, office: Office) -> Entry:
    if not entry.problem:
        return entry
    now = _entry(entry.account, office)
    return now if now.problem else ledger.with_id(month, now)
