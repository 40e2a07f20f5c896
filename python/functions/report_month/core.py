"""Opening a month: the ledger first, then one request for each account in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight.months import ledger, survey
from insight.months.ledger import Entry, StoredLedger
from insight.months.survey import MonthOrder, Outcome, Policy
from insight.orders.state_table import States
from insight.sources.accounts import BadAccount, account_ids, find_account

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Dependencies:
    """What a run needs; `send` puts message bodies on the queue and raises when one was not taken.

    `patience_seconds` is how long a requested report may wait before it is asked for again.
    """

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    states: States
    send: Callable[[list[str]], None]
    now: Callable[[], datetime]
    reports_bucket: str
    accounts_table: str
    patience_seconds: float


def open_month(order: MonthOrder, deps: Dependencies) -> Outcome:
    """Ask for every report of the month that is not under way; safe to run again at any time."""
    stored = ledger.read(deps.s3, deps.reports_bucket, order.month) or _write_ledger(order, deps)
    stored = _with_corrected_accounts(stored, deps)
    standings = survey.survey(stored.ledger, deps.states, order.accounts)
    policy = Policy(deps.patience_seconds, failed_too=order.again)
    due = [(standing, why) for standing in standings if (why := policy.why(standing, deps.now()))]
    asked = survey.ask(due, order, deps.states, deps.send)
    return Outcome(order.month, len(standings), survey.counts(standings), asked)


def _write_ledger(order: MonthOrder, deps: Dependencies) -> StoredLedger:
    accounts = account_ids(deps.dynamodb, deps.accounts_table)
    entries = [_entry(account, deps) for account in accounts]
    return ledger.write_once(deps.s3, deps.reports_bucket, ledger.make_ledger(order.month, order.scheduled_at, entries))


def _entry(account: str, deps: Dependencies) -> Entry:
    """Return an account's entry; an account whose record cannot be used gets no report; the others do."""
    try:
        found = find_account(deps.dynamodb, deps.accounts_table, account)
    except BadAccount as error:
        return Entry(account, problem=error.message)
    if found is None:
        return Entry(account, problem="The account was deleted while the month was opened.")
    return Entry(account, found.time_zone, segment=found.segment)


def _with_corrected_accounts(stored: StoredLedger, deps: Dependencies) -> StoredLedger:
    """Add the reports of accounts whose records have been corrected since the ledger was written."""
    entries = tuple(_read_again(stored.ledger.month, entry, deps) for entry in stored.ledger.entries)
    if entries == stored.ledger.entries:
        return stored
    corrected = replace(stored.ledger, entries=entries)
    if ledger.replace_ledger(deps.s3, deps.reports_bucket, stored, corrected):
        return StoredLedger(corrected, "")
    return ledger.write_once(deps.s3, deps.reports_bucket, corrected)


def _read_again(month: str, entry: Entry, deps: Dependencies) -> Entry:
    if not entry.problem:
        return entry
    now = _entry(entry.account, deps)
    return now if now.problem else ledger.with_id(month, now)
