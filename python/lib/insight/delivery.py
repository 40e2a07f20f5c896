"""From a request to a delivered report: look the account up, read its events, compute, render, publish."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight import render_csv, render_html, store
from insight.accounts import Account, UnknownAccount, find_account
from insight.event_files import EventReader
from insight.events import RowCounts, screen
from insight.manifest import Manifest, OutputFile
from insight.metrics import compute
from insight.report import Report, Source, event_source
from insight.requests import ReportRequest, canonical_json
from insight.store import Output

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_RENDERINGS: dict[str, tuple[str, str, Callable[[Report], bytes]]] = {
    "csv": ("usage.csv", "text/csv; charset=utf-8", render_csv.render),
    "html": ("report.html", "text/html; charset=utf-8", render_html.render),
}


@dataclass(frozen=True)
class Places:
    """Where accounts and events are read and reports are written."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    reports_bucket: str
    events_bucket: str
    accounts_table: str


def deliver(request: ReportRequest, places: Places) -> bool:
    """Make the report and publish it; False when it was there already, by an earlier or a concurrent delivery.

    Safe to call again after any interruption. Raises UnknownAccount, DamagedEvents, BadAccount.
    """
    s3, bucket = places.s3, places.reports_bucket
    if store.is_delivered(s3, bucket, request):
        return False
    account = find_account(places.dynamodb, places.accounts_table, request.account)
    if account is None:
        raise UnknownAccount(request.account)
    reader, counts = EventReader(s3, places.events_bucket, account.account, request.period), RowCounts()
    report = make_report(request, account, reader, counts)
    outputs = store.save_outputs(s3, bucket, request, render(report, request.formats))
    manifest = describe(request, account, reader, counts, outputs)
    return store.save_manifest(s3, bucket, request, manifest.to_json())


def make_report(request: ReportRequest, account: Account, reader: EventReader, counts: RowCounts) -> Report:
    """Compute the report in one pass over the reader's events; the rows are counted in `counts`."""
    period = request.period
    events = screen(reader, account.account, period, counts)
    metrics = compute(events, period, account.seats)
    return Report(
        report_id=request.report_id,
        spec_version=request.spec_version,
        account=account,
        period=period,
        sources=(
            event_source(counts, len(reader.inputs), reader.missing_dates),
            Source("Account record", read=1, counted=1),
        ),
        metrics=metrics,
    )


def render(report: Report, formats: tuple[str, ...]) -> list[Output]:
    """Return the report's files in these formats."""
    outputs = []
    for name in formats:
        file_name, content_type, rendering = _RENDERINGS[name]
        outputs.append(Output(file_name, content_type, rendering(report)))
    return outputs


def describe(
    request: ReportRequest,
    account: Account,
    reader: EventReader,
    counts: RowCounts,
    outputs: tuple[OutputFile, ...],
) -> Manifest:
    """Write down what the report was made of and what came out."""
    dropped = {f"dropped_{reason.name.lower()}": rows for reason, rows in counts.dropped.items()}
    return Manifest(
        report_id=request.report_id,
        request=request.identity(),
        starts_at=request.period.starts_at.isoformat(),
        ends_at=request.period.ends_at.isoformat(),
        account_sha256=hashlib.sha256(canonical_json(account.to_item()).encode()).hexdigest(),
        rows={"read": counts.read, "counted": counts.counted, **dropped},
        inputs=tuple(reader.inputs),
        outputs=outputs,
    )
