"""The ledger of a month: which reports it owes. Written before the first request, so that a lost one is noticed."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight import layout
from insight.canonical_json import canonical_json
from insight.orders.request import DEFAULT_FORMATS, SPEC_VERSION, ReportRequest
from insight.periods import parse_month
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEMA_VERSION = 1


class BadLedger(OpsError):
    """A ledger that this code cannot read."""


@dataclass(frozen=True)
class Entry:
    """One account that the month owes a report, or, with a `problem`, an account whose record could not be used."""

    account: str
    time_zone: str = ""
    report_id: str = ""
    problem: str = ""
    segment: str = ""


@dataclass(frozen=True)
class Ledger:
    """What a month owes; `report_id` of an entry is its first generation's."""

    month: str
    scheduled_at: str
    spec_version: int
    formats: tuple[str, ...]
    entries: tuple[Entry, ...]

    def request(self, entry: Entry) -> ReportRequest:
        """Return the request for an entry's report, as it was when the month was opened."""
        return _request(self.month, entry.account, entry.time_zone, self.formats, self.spec_version)

    def to_json(self) -> bytes:
        """Return the ledger's file."""
        return canonical_json({"schema_version": SCHEMA_VERSION, **asdict(self)}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Ledger":
        """Read a ledger's file; raises BadLedger."""
        try:
            fields = json.loads(text)
            if fields.pop("schema_version") != SCHEMA_VERSION:
                raise BadLedger("The month's ledger was written by another release.", hint="Update opsctl.")
            entries = tuple(Entry(**entry) for entry in fields.pop("entries"))
            return cls(**{**fields, "formats": tuple(fields["formats"])}, entries=entries)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise BadLedger("The month's ledger is damaged.", hint="An earlier version may be in the bucket.") from None


@dataclass(frozen=True)
class StoredLedger:
    """A ledger as it lies in the bucket; `etag` is the condition under which it may be replaced."""

    ledger: Ledger
    etag: str


def make_ledger(month: str, scheduled_at: datetime, entries: Iterable[Entry]) -> Ledger:
    """Return the ledger of a month for these accounts, which know their zones; ids are filled in."""
    known = sorted(entries, key=lambda entry: entry.account)
    filled = (entry if entry.problem else with_id(month, entry) for entry in known)
    return Ledger(month, scheduled_at.isoformat(), SPEC_VERSION, DEFAULT_FORMATS, tuple(filled))


def with_id(month: str, entry: Entry) -> Entry:
    """Return the entry with the id of its report."""
    request = _request(month, entry.account, entry.time_zone, DEFAULT_FORMATS, SPEC_VERSION)
    return replace(entry, report_id=request.report_id, problem="")


def read(s3: "S3Client", bucket: str, month: str) -> StoredLedger | None:
    """Return a month's ledger, None when the month was never opened."""
    parse_month(month)
    try:
        answer = s3.get_object(Bucket=bucket, Key=layout.ledger_key(month))
    except s3.exceptions.NoSuchKey:
        return None
    return StoredLedger(Ledger.from_json(answer["Body"].read()), answer["ETag"])


def must_read(s3: "S3Client", bucket: str, month: str) -> Ledger:
    """Return a month's ledger; raises NotFound with the command that opens the month."""
    stored = read(s3, bucket, month)
    if stored is None:
        hint = f"The schedule opens a month on day 2 of the next; `opsctl report month {month} --request` does it now."
        raise NotFound(f"The reports of {month} were never asked for.", hint=hint)
    return stored.ledger


def write_once(s3: "S3Client", bucket: str, ledger: Ledger) -> StoredLedger:
    """Write a ledger unless the month has one; the first one stays. Return the one that is there."""
    _put(s3, bucket, ledger, IfNoneMatch="*")
    stored = read(s3, bucket, ledger.month)
    if stored is None:
        raise OpsError(f"The ledger of {ledger.month} was deleted while it was written.", hint="Try it again.")
    return stored


def replace_ledger(s3: "S3Client", bucket: str, stored: StoredLedger, ledger: Ledger) -> bool:
    """Replace the ledger that was read; False when another run replaced it first."""
    return _put(s3, bucket, ledger, IfMatch=stored.etag)


def _put(s3: "S3Client", bucket: str, ledger: Ledger, **condition: str) -> bool:
    key, body = layout.ledger_key(ledger.month), ledger.to_json()
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition)  # type: ignore[arg-type]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "PreconditionFailed":
            return False
        raise
    return True


def _request(month: str, account: str, time_zone: str, formats: tuple[str, ...], spec_version: int) -> ReportRequest:
    start, end = parse_month(month)
    return ReportRequest(account, start, end, time_zone, formats, spec_version)
