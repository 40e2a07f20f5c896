"""A made-up population to try the platform with: six accounts, three months of usage, the same on every machine.

It is not tidy on purpose: rows come twice and out of order, one zone skips a midnight in these months, two change
their clocks, and a name holds what pages and spreadsheets must be protected from.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from insight import layout
from insight.accounts import Account
from insight.events import Kind
from insight.members import NO_TEAM, Member
from insight.periods import zone

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

SEED = 20260801
START, END = date(2026, 8, 1), date(2026, 11, 1)

ACCOUNTS = (
    Account("acme", "Acme Industries", "Europe/Berlin", seats=40, segment="enterprise"),
    Account("borealis", "Borealis Bank", "America/Toronto", seats=60, segment="enterprise"),
    Account("cordillera", "Cordillera & Hijos", "America/Santiago", seats=15, segment="mid-market"),
    Account("dunedin", "Dunedin Care", "Pacific/Auckland", seats=12, segment="mid-market"),
    Account("ember", "=Ember <Talent>", "Asia/Kolkata", seats=25, segment="mid-market"),
    Account("nile", "Nile Logistics", "Africa/Cairo", seats=30, segment="enterprise"),
)

_DOCUMENT_KINDS = ("job post", "recruiting mail")
_TEAMS = ("Talent", "Sales hiring", "Technical hiring", "Brand")
_SHARE_OF_DUPLICATES = 0.01
_SHARE_OF_PHRASES_TAKEN = 0.6
_SATURDAY = 5

Event = dict[str, Any]


@dataclass(frozen=True)
class Seeded:
    """What write_population found and did; `written` are the files that were not there as they should be."""

    accounts: int
    files: int
    written: int
    events: int


def write_population(
    s3: "S3Client", bucket: str, dynamodb: "DynamoDBClient", table: str, report: Callable[[str], None]
) -> Seeded:
    """Put the accounts into the table and their event files into the bucket; files that are there already are left.

    A file that was changed is put right. `report` is called with a line for each account.
    """
    files = written = events = 0
    for account in ACCOUNTS:
        dynamodb.put_item(TableName=table, Item=account.to_item())
        present = _etags(s3, bucket, account.account)
        directory = "".join(member.to_line() for member in members(account)).encode()
        s3.put_object(Bucket=bucket, Key=layout.members_key(account.account), Body=directory)
        for key, content in event_files(account):
            files += 1
            events += content.count(b"\n")
            if present.get(key) != hashlib.md5(content, usedforsecurity=False).hexdigest():
                s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/x-ndjson")
                written += 1
        report(f"{account.account}: {account.name}, {account.time_zone}")
    return Seeded(len(ACCOUNTS), files, written, events)


def event_files(account: Account) -> Iterator[tuple[str, bytes]]:
    """Yield key and content of each event file of one account, by UTC date; duplicates and disorder included."""
    chance = _chance(account, "files")
    by_date: dict[date, list[Event]] = {}
    for event in usage(account):
        by_date.setdefault(datetime.fromisoformat(event["at"]).date(), []).append(event)
    for day in sorted(by_date):
        rows = [row for event in by_date[day] for row in _maybe_twice(event, chance)]
        rows.sort(key=lambda _row: chance.random())
        lines = (json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        yield layout.events_key(account.account, day), "".join(lines).encode()


def members(account: Account) -> Iterator[Member]:
    """Yield the account's users on record: one has no team, one has left, and the last one to join is missing."""
    for number in range(1, account.seats):
        team = _TEAMS[number % len(_TEAMS)] if number > 1 else NO_TEAM
        yield Member(_user(account, number), f"User {number} of {account.name}", team, has_left=number == 2)  # noqa: PLR2004


def usage(account: Account) -> Iterator[Event]:
    """Yield what the account's users did, each event once, day by day in the account's own zone."""
    chance = _chance(account, "usage")
    users = [_user(account, number) for number in range(1, account.seats + 1)]
    habits = {user: chance.random() for user in users}
    documents = 0
    for offset in range((END - START).days):
        day = START + timedelta(days=offset)
        # More people take part as time goes by: from half of the seats to nine in ten.
        joined = int(len(users) * (0.5 + 0.4 * offset / (END - START).days))
        for user in users[:joined]:
            if chance.random() < habits[user] * (0.05 if day.weekday() >= _SATURDAY else 0.9):
                for event in _visit(account, user, day, documents, chance):
                    documents += event["kind"] == Kind.DOCUMENT_CREATED
                    yield event


def _user(account: Account, number: int) -> str:
    return f"{account.account}-user-{number:03}"


def _visit(account: Account, user: str, day: date, documents: int, chance: random.Random) -> Iterator[Event]:
    """Yield one session of one user and what happened in it, a few minutes apart."""
    at = _start_of_visit(account, day, chance)

    def event(kind: Kind, **fields: object) -> Event:
        nonlocal at
        at += timedelta(seconds=20 + int(chance.random() * 300))
        event_id = f"{int(chance.random() * 2**53):014x}"
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "event_id": event_id,
            "account": account.account,
            "user": user,
            "kind": kind.value,
            "at": stamp,
            **fields,
        }

    yield event(Kind.SESSION_STARTED)
    for _ in range(int(chance.random() * 3)):
        documents += 1
        kind = _DOCUMENT_KINDS[int(chance.random() * len(_DOCUMENT_KINDS))]
        document = {"document": f"{account.account}-doc-{documents:05}", "document_kind": kind}
        first = 30 + int(chance.random() * 40)
        yield event(Kind.DOCUMENT_CREATED, **document)
        yield event(Kind.DOCUMENT_SCORED, **document, score=first, first_score=first)
        for _ in range(int(chance.random() * 4)):
            yield event(Kind.PHRASE_SHOWN, document=document["document"])
            if chance.random() < _SHARE_OF_PHRASES_TAKEN:
                yield event(Kind.PHRASE_ACCEPTED, document=document["document"])
        yield event(Kind.DOCUMENT_SCORED, **document, score=first + int(chance.random() * 30), first_score=first)


def _start_of_visit(account: Account, day: date, chance: random.Random) -> datetime:
    """Return when a session starts: in working hours mostly, now and then at any hour, so that days' edges matter."""
    any_hour = chance.random() < 0.05  # noqa: PLR2004  A plain share.
    minutes = chance.random() * 24 * 60 if any_hour else (8 + chance.random() * 10) * 60
    local = datetime.combine(day, time(), tzinfo=zone(account.time_zone)) + timedelta(minutes=int(minutes))
    return local.astimezone(UTC)


def _maybe_twice(event: Event, chance: random.Random) -> list[Event]:
    return [event, event] if chance.random() < _SHARE_OF_DUPLICATES else [event]


def _chance(account: Account, purpose: str) -> random.Random:
    """Return the account's own source of chance, so that one account's data never depends on another's.

    Only `random` is drawn from it: Python promises that its sequence never changes for a seed.
    """
    return random.Random(f"{SEED}:{account.account}:{purpose}")  # noqa: S311  Not a secret.


def _etags(s3: "S3Client", bucket: str, account: str) -> dict[str, str]:
    """Return the account's event files with their ETags, which are MD5 sums unless a KMS key encrypts the bucket."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=layout.events_prefix(account))
    return {entry["Key"]: entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", [])}
