"""Where things lie in the buckets. No other module spells a key.

    events/account=<id>/date=<UTC date>/events.jsonl            or .jsonl.gz, any name; late files beside the first
    compacted/account=<id>/month=<UTC month>/events.parquet     the same events once a month is over, any name
    directory/account=<id>/members.jsonl                        the account's users, their teams and roles
    peers/month=<month>.json                                    what accounts of a segment have in common
    summaries/account=<id>/<start>_<end>/<fingerprint>.json     numbers of earlier months, kept for the next report
    reports/account=<id>/<start>_<end>/<report id>/<fingerprint>/report.html, usage.csv
                                                  /manifest.json      written last; it proves a delivery
    months/<month>/ledger.json                                        which reports a month owes

Outputs lie in a folder named after their content: two workers that make the same report at once from data that just
changed write to different folders, and the manifest that is written first names files that no other worker changes.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date

MANIFEST = "manifest.json"

EVENT_FILE_SUFFIX = ".jsonl"
COMPRESSED_SUFFIX = ".jsonl.gz"
PARQUET_SUFFIX = ".parquet"
REPORTS_PREFIX = "reports/"
PEERS_PREFIX = "peers/"

_EVENT_KEY = re.compile(r"events/account=(?P<account>[^/]+)/date=(?P<date>\d{4}-\d{2}-\d{2})/[^/]+")
_COMPACTED_KEY = re.compile(r"compacted/account=(?P<account>[^/]+)/month=(?P<month>\d{4}-\d{2})/[^/]+\.parquet")


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


def report_prefix(account: str, start: date, end: date, report_id: str) -> str:
    """Return the prefix of everything that belongs to one report; the days are half-open."""
    return f"{REPORTS_PREFIX}account={account}/{start}_{end}/{report_id}/"


def ledger_key(month: str) -> str:
    """Return the key of the list of all reports that a month owes."""
    return f"months/{month}/ledger.json"


def output_key(prefix: str, fingerprint: str, name: str) -> str:
    """Return the key of one output of the report at `prefix`."""
    return f"{prefix}{fingerprint}/{name}"


def fingerprint(contents: Iterable[bytes]) -> str:
    """Return the name of the folder for outputs with these contents."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
