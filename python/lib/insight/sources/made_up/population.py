"""A made-up population to try the platform with: accounts and thirteen months of usage, the same on every machine.

It is untidy on purpose: rows come twice, late and out of order, some name no user, an unknown user or a document of
before; one zone skips a midnight in these months, two change their clocks; accounts grow, decline, begin and leave;
and a name holds what pages and spreadsheets must be protected from.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from insight import duck, layout
from insight.sources import compaction
from insight.sources.accounts import Account
from insight.sources.made_up.population_usage import END, FIRST, AdoptionCurve, Event, chance, usage, user_id
from insight.sources.members import NO_TEAM, Member

if TYPE_CHECKING:
    import duckdb
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    Connection = duckdb.DuckDBPyConnection

START = date(2026, 8, 1)
"""The UTC date from which the named accounts' events lie in a file a day; what is older is compacted."""

ACCOUNTS = (
    Account("acme", "Acme Industries", "Europe/Berlin", seats=40, segment="enterprise"),
    Account("borealis", "Borealis Bank", "America/Toronto", seats=60, segment="enterprise"),
    Account("cordillera", "Cordillera & Hijos", "America/Santiago", seats=15, segment="mid-market"),
    Account("dunedin", "Dunedin Care", "Pacific/Auckland", seats=12, segment="mid-market"),
    Account("ember", "=Ember <Talent>", "Asia/Kolkata", seats=25, segment="mid-market"),
    Account("nile", "Nile Logistics", "Africa/Cairo", seats=30, segment="enterprise"),
)
_CURVES = {
    "acme": AdoptionCurve.GROWING,
    "borealis": AdoptionCurve.STEADY,
    "cordillera": AdoptionCurve.GROWING,
    "dunedin": AdoptionCurve.DECLINING,
    "ember": AdoptionCurve.NEW,
    "nile": AdoptionCurve.STEADY,
}
_ZONES = (*(account.time_zone for account in ACCOUNTS), "America/Los_Angeles", "Pacific/Kiritimati", "UTC")
_SEGMENTS = (("enterprise", 30), ("mid-market", 12), ("small", 4))
_TEAMS = ("Talent", "Sales hiring", "Technical hiring", "Brand")
_ONE_OF_THESE_COMES_TWICE = 100
_DAYS_IN_FILES_OF_THEIR_OWN = 7
_MARGIN = timedelta(days=2)
"""A local day and the UTC dates that it touches are never further apart."""
_WRITES_AT_ONCE = 8


@dataclass(frozen=True)
class Seeded:
    """What write_population found and did; `written` are the files that were not there as they should be."""

    accounts: int
    files: int
    written: int
    events: int


def accounts(count: int) -> tuple[Account, ...]:
    """Return the first `count` accounts: the six with names, then as many more as are wanted."""
    return (*ACCOUNTS, *(_account(number) for number in range(len(ACCOUNTS) + 1, count + 1)))[:count]


def write_population(
    s3: "S3Client",
    bucket: str,
    dynamodb: "DynamoDBClient",
    table: str,
    say: Callable[[str], None],
    population: Sequence[Account] = ACCOUNTS,
    first: date = FIRST,
) -> Seeded:
    """Put the accounts into the table and their event files into the bucket; files that are there already are left.

    A file that was changed is written again. `say` is called with a line for each account. `first` is the first day of
    the first compacted month.
    """
    files = written = events = 0
    with _compactor() as (connection, folder), ThreadPoolExecutor(_WRITES_AT_ONCE) as pool:
        for account in population:
            dynamodb.put_item(TableName=table, Item=account.to_item())
            present = _etags(s3, bucket, account.account)
            contents = [*compacted_files(account, connection, folder, first), *event_files(account)]
            missing = [(key, content) for key, content, _ in contents if present.get(key) != _md5(content)]
            directory = "".join(member.to_line() for member in members(account)).encode()
            wanted = [(layout.members_key(account.account), directory), *missing]
            list(pool.map(lambda file: s3.put_object(Bucket=bucket, Key=file[0], Body=file[1]), wanted))
            files, written = files + len(contents), written + len(missing)
            events += sum(rows for _, _, rows in contents)
            say(f"{account.account}: {account.name}, {account.time_zone}")
    return Seeded(len(population), files, written, events)


@contextmanager
def _compactor() -> Iterator[tuple["Connection", Path]]:
    with tempfile.TemporaryDirectory() as name, duck.connect(folder := Path(name).resolve()) as connection:
        yield connection, folder


def compacted_files(
    account: Account, connection: "Connection", folder: Path, first: date = FIRST
) -> Iterator[tuple[str, bytes, int]]:
    """Yield key, content and number of rows of each compacted file of one account, by UTC month."""
    since = _files_since(account)
    months: dict[date, list[Event]] = {}
    begin = FIRST if first <= FIRST else first - _MARGIN
    for day, rows in _by_utc_date(account, begin, since + _MARGIN):
        if (first <= day or begin == FIRST) and day < since:
            months.setdefault(day.replace(day=1), []).extend(rows)
    for month, rows in months.items():
        content = compaction.compact(connection, rows, folder)
        yield layout.compacted_key(account.account, month), content, len(rows)


def event_files(account: Account) -> Iterator[tuple[str, bytes, int]]:
    """Yield key, content and number of rows of each file of lines of one account, by UTC date, in disorder."""
    since = _files_since(account)
    for day, rows in _by_utc_date(account, since - _MARGIN, END):
        if day >= since:
            lines = (json.dumps(row, separators=(",", ":")) + "\n" for row in _in_disorder(account, day, rows))
            yield layout.events_key(account.account, day), "".join(lines).encode(), len(rows)


def members(account: Account) -> Iterator[Member]:
    """Yield the account's users on record: one has no team, one has left, and the last one to join is missing."""
    for number in range(1, account.seats):
        team = _TEAMS[number % len(_TEAMS)] if number > 1 else NO_TEAM
        yield Member(user_id(account, number), f"User {number} of {account.name}", team, has_left=number == 2)  # noqa: PLR2004


def curve_of(account: Account) -> AdoptionCurve:
    """Return how the account's usage goes over the months."""
    draw = chance(account.account, "course")
    return _CURVES.get(account.account) or tuple(AdoptionCurve)[int(draw.random() * len(AdoptionCurve))]


def _account(number: int) -> Account:
    name = f"customer-{number:04}"
    draw = chance(name, "account")
    time_zone = _ZONES[int(draw.random() * len(_ZONES))]
    segment, seats = _SEGMENTS[int(draw.random() * len(_SEGMENTS))]
    return Account(name, f"Customer {number:04}", time_zone, 2 + int(seats * draw.random()), segment)


def _files_since(account: Account) -> date:
    return START if account in ACCOUNTS else END - timedelta(days=_DAYS_IN_FILES_OF_THEIR_OWN)


def _by_utc_date(account: Account, first: date, end: date) -> list[tuple[date, list[Event]]]:
    """Return the rows of the local days from `first` up to `end` by UTC date, some of them twice."""
    found: dict[date, list[Event]] = {}
    for event in usage(account, curve_of(account), first, end):
        rows = found.setdefault(date.fromisoformat(event["at"][:10]), [])
        rows.extend([event, event] if int(event["event_id"], 16) % _ONE_OF_THESE_COMES_TWICE == 0 else [event])
    return sorted(found.items())


def _in_disorder(account: Account, day: date, rows: list[Event]) -> list[Event]:
    draw = chance(account.account, f"order of {day}")
    return sorted(rows, key=lambda _row: draw.random())


def _etags(s3: "S3Client", bucket: str, account: str) -> dict[str, str]:
    """Return the account's event files with their ETags, which are MD5 sums unless a KMS key encrypts the bucket."""
    found = {}
    for prefix in (layout.events_prefix(account), layout.compacted_prefix(account)):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            found.update({entry["Key"]: entry["ETag"].strip('"') for entry in page.get("Contents", [])})
    return found


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
