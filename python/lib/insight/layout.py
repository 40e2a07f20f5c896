"""Where things lie in the buckets. No other module spells a key.

    events/account=<id>/date=<UTC date>/events.jsonl            or .jsonl.gz, any name; late files beside the first
    compacted/account=<id>/month=<UTC month>/events.parquet     the same events once a month is over, any name
    directory/account=<id>/members.jsonl                        the account's users, their teams and roles
    peers/month=<month>.json                                    what accounts of a segment have in common
    summaries/account=<id>/<start>_<end>/<fingerprint>.json     numbers of earlier months, kept for the next report
    reports/account=<id>/<start>_<end>/<report id>/request.json
                                                  /<fingerprint>/report.html, usage.csv
                                                  /failure.json
                                                  /manifest.json      written last; readers trust nothing else

Outputs lie in a folder named after their content: two workers that make the same report at once from data that just
changed write beside each other, never over each other, and the manifest that wins names files that stay as they were.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from insight.requests import ReportRequest

REQUEST = "request.json"
FAILURE = "failure.json"
MANIFEST = "manifest.json"

EVENT_FILE_SUFFIX = ".jsonl"
COMPRESSED_SUFFIX = ".jsonl.gz"
PARQUET_SUFFIX = ".parquet"
REPORTS_PREFIX = "reports/"
PEERS_PREFIX = "peers/"

_EVENT_KEY = re.compile(r"events/account=(?P<account>[^/]+)/date=(?P<date>\d{4}-\d{2}-\d{2})/[^/]+")
_COMPACTED_KEY = re.compile(r"compacted/account=(?P<account>[^/]+)/month=(?P<month>\d{4}-\d{2})/[^/]+\.parquet")
_REPORT_KEY = re.compile(
    r"(?P<prefix>reports/account=(?P<account>[^/]+)/(?P<start>\d{4}-\d{2}-\d{2})_(?P<end>\d{4}-\d{2}-\d{2})"
    r"/(?P<report_id>r_[0-9a-f]{24})/)(?P<name>[^/]+)"
)


@dataclass(frozen=True)
class ReportKey:
    """What the key of a report's request, failure or manifest says."""

    prefix: str
    account: str
    start: date
    end: date
    report_id: str
    name: str


def events_prefix(account: str) -> str:
    """Return the prefix of all event files of an account."""
    return f"events/account={account}/"


def events_day(account: str, day: date) -> str:
    """Return the prefix of an account's event files of one UTC date."""
    return f"{events_prefix(account)}date={day}/"


def events_key(account: str, day: date) -> str:
    """Return the key of the event file of one account and UTC date."""
    return f"{events_day(account, day)}events{EVENT_FILE_SUFFIX}"


def event_date(key: str) -> date | None:
    """Return the UTC date that an event file is filed under, None for any other key."""
    found = _EVENT_KEY.fullmatch(key)
    return _date(found["date"]) if found else None


def compacted_prefix(account: str) -> str:
    """Return the prefix of an account's compacted event files; Athena reads it as a table."""
    return f"compacted/account={account}/"


def compacted_key(account: str, month: date) -> str:
    """Return the key of the compacted event file of one account and UTC month."""
    return f"{compacted_prefix(account)}month={month:%Y-%m}/events{PARQUET_SUFFIX}"


def compacted_month(key: str) -> date | None:
    """Return the first day of the UTC month that a compacted event file holds, None for any other key."""
    found = _COMPACTED_KEY.fullmatch(key)
    return _date(f"{found['month']}-01") if found else None


def members_key(account: str) -> str:
    """Return the key of the directory of an account's users."""
    return f"directory/account={account}/members.jsonl"


def summary_key(account: str, start: date, end: date, fingerprint: str) -> str:
    """Return the key under which the numbers of a period are kept; the fingerprint names what they were made of."""
    return f"{summaries_prefix(account)}{start}_{end}/{fingerprint}.json"


def summaries_prefix(account: str) -> str:
    """Return the prefix of the numbers that are kept of an account."""
    return f"summaries/account={account}/"


def peers_key(month: date) -> str:
    """Return the key of the table of peers of one month."""
    return f"{PEERS_PREFIX}month={month:%Y-%m}.json"


def reports_of(account: str | None) -> str:
    """Return the prefix of the reports of one account, or of all."""
    return f"{REPORTS_PREFIX}account={account}/" if account else REPORTS_PREFIX


def report_prefix(request: ReportRequest) -> str:
    """Return the prefix of everything that belongs to one report."""
    return f"{reports_of(request.account)}{request.start}_{request.end}/{request.report_id}/"


def output_key(prefix: str, fingerprint: str, name: str) -> str:
    """Return the key of one output of the report at `prefix`."""
    return f"{prefix}{fingerprint}/{name}"


def fingerprint(contents: Iterable[bytes]) -> str:
    """Return the name of the folder for outputs with these contents."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def parse_report_key(key: str) -> ReportKey | None:
    """Take the key of a report's request, failure or manifest apart; None for outputs and whatever else lies there."""
    found = _REPORT_KEY.fullmatch(key)
    if not found:
        return None
    start, end = _date(found["start"]), _date(found["end"])
    if not start or not end:
        return None
    return ReportKey(found["prefix"], found["account"], start, end, found["report_id"], found["name"])


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
