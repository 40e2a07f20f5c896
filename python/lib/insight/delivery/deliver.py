"""From a request to a delivered report: look the account up, read its events, compute, render, publish."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from insight.canonical_json import canonical_json
from insight.delivery import store
from insight.delivery.reader import ATHENA_ABOVE_BYTES, AccountReader
from insight.delivery.store import Output
from insight.manifest import Manifest, OutputFile
from insight.numbers import peers, trend
from insight.numbers.analysis import Earlier, PeriodNumbers
from insight.numbers.facts.athena import Athena
from insight.numbers.facts.sql import FACTS_VERSION
from insight.numbers.metrics import DEFINITIONS_SHA256
from insight.numbers.report import Report, Source, event_source, gaps_of, make_figures, make_tables
from insight.orders.request import ReportRequest
from insight.render import csv_table as render_csv
from insight.render import json_document as render_json
from insight.render import page as render_html
from insight.render import pdf as render_pdf
from insight.render import workbook as render_xlsx
from insight.sources.accounts import UnknownAccount, find_account
from insight.sources.members import read_members

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

RENDERINGS: dict[str, tuple[str, str, Callable[[Report], bytes]]] = {
    "csv": ("usage.csv", "text/csv; charset=utf-8", render_csv.render),
    "html": ("report.html", "text/html; charset=utf-8", render_html.render),
    "json": ("report.json", "application/json", render_json.render),
    "pdf": ("report.pdf", "application/pdf", render_pdf.render),
    "xlsx": (
        "report.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        render_xlsx.render,
    ),
}


@dataclass(frozen=True)
class Places:
    """Where accounts and events are read and reports are written.

    `scratch` is where temporary files go, the system's own folder by default; without `athena` DuckDB reads everything.
    """

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    reports_bucket: str
    events_bucket: str
    accounts_table: str
    athena: Athena | None = None
    athena_above_bytes: int = ATHENA_ABOVE_BYTES
    scratch: Path | None = None


@dataclass(frozen=True)
class MadeReport:
    """A report with everything that its manifest says about it."""

    report: Report
    found: PeriodNumbers
    months: tuple[Earlier, ...]
    before: Earlier
    versions: Mapping[str, object]


@dataclass
class Timings:
    """How many seconds each step took; never part of what must be equal."""

    seconds: dict[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step."""
        started = self.clock()
        yield
        self.seconds[name] = round(self.clock() - started, 3)


def deliver(request: ReportRequest, places: Places, timings: Timings | None = None) -> bool:
    """Make the report and publish it; False when it was there already, by an earlier or a concurrent delivery.

    It may be called again after any interruption. Raises UnknownAccount, DamagedEvents, BadAccount, DamagedMembers.
    """
    s3, bucket, watch = places.s3, places.reports_bucket, timings or Timings()
    if store.is_delivered(s3, bucket, request):
        return False
    with watch.step("compute"):
        made = make(request, places)
    with watch.step("render"):
        files = render(made.report, request.formats)
    with watch.step("store"):
        outputs = store.save_outputs(s3, bucket, request, files)
    return store.save_manifest(s3, bucket, request, describe(request, made, outputs).to_json(), watch.seconds)


def make(request: ReportRequest, places: Places) -> MadeReport:
    """Compute the report that `request` asks for from what the buckets hold now."""
    with open_reader(request, places) as reader:
        return make_with(reader, request)


@contextmanager
def open_reader(request: ReportRequest, places: Places) -> Iterator[AccountReader]:
    """Open a reader of the request's account in a scratch folder that is removed afterwards. Raises UnknownAccount."""
    account = find_account(places.dynamodb, places.accounts_table, request.account)
    if account is None:
        raise UnknownAccount(request.account)
    with tempfile.TemporaryDirectory(dir=places.scratch, prefix="report-") as folder:
        reader = AccountReader(
            s3=places.s3,
            events_bucket=places.events_bucket,
            kept_bucket=places.reports_bucket,
            account=account,
            folder=Path(folder).resolve(),
            athena=places.athena,
            athena_above_bytes=places.athena_above_bytes,
        )
        try:
            yield reader
        finally:
            reader.connection.close()


def make_with(reader: AccountReader, request: ReportRequest) -> MadeReport:
    """Compute the report with an open reader."""
    period, account = request.period, reader.account
    directory, reader.members = read_members(reader.s3, reader.events_bucket, account.account)
    months, previous = trend.months_until(period), trend.before(period)
    reader.list_files(min(months[0], previous, key=lambda each: each.start), period)
    months = tuple(month for month in months if month != period)
    earlier = {each: reader.earlier(each) for each in dict.fromkeys((*months, previous))}
    found = reader.analyse(period)
    segment = peers.find(reader.s3, reader.kept_bucket, period.last.replace(day=1), account.segment)
    trended = [(month, earlier[month].figures) for month in months]
    if trend.is_month(period):
        trended.append((period, found.figures if found.inputs else None))
    extra = [trend.trend_table(trended), trend.comparison_table(found.figures, earlier[previous])]
    if segment:
        extra.append(trend.peers_table(found.figures, segment.month, segment.accounts, segment.quartiles))
    watermark = found.counts.watermark
    report = Report(
        report_id=request.report_id,
        spec_version=request.spec_version,
        account=account,
        period=period,
        sources=(
            event_source(found.counts, len(found.inputs), found.missing, found.engine),
            Source("Account record", read=1, counted=1),
            Source("Members on record", read=len(reader.members), counted=len(reader.members)),
        ),
        figures=make_figures(found.figures),
        tables=(*extra, *make_tables(found.tables)),
        gaps=gaps_of(found.counts, period, reader.files.newest_date),
        as_of=f"{watermark:%Y-%m-%dT%H:%M:%SZ}, when the latest event arrived" if watermark else "no event arrived",
    )
    versions = {
        "facts": FACTS_VERSION,
        "definitions": DEFINITIONS_SHA256,
        "account": _sha256(canonical_json(account.to_item()).encode()),
        "members": _sha256(directory),
        "peers": segment.sha256 if segment else "",
    }
    return MadeReport(report, found, tuple(earlier[month] for month in months), earlier[previous], versions)


def render(report: Report, formats: tuple[str, ...]) -> list[Output]:
    """Return the report's files in these formats."""
    outputs = []
    for name in formats:
        file_name, content_type, rendering = RENDERINGS[name]
        outputs.append(Output(file_name, content_type, rendering(report)))
    return outputs


def describe(request: ReportRequest, made: MadeReport, outputs: tuple[OutputFile, ...]) -> Manifest:
    """Return the manifest: what the report was made of and what came out."""
    counts = made.found.counts
    dropped = {f"dropped_{reason.name.lower()}": rows for reason, rows in counts.dropped.items() if rows}
    trended = {f"{each.period.start:%Y-%m}": (each.figures or {}).get("active_users") for each in made.months}
    if trend.is_month(request.period):
        trended[f"{request.period.start:%Y-%m}"] = made.found.figures["active_users"]
    return Manifest(
        report_id=request.report_id,
        request=request.identity(),
        starts_at=request.period.starts_at.isoformat(),
        ends_at=request.period.ends_at.isoformat(),
        engine=made.found.engine,
        versions=made.versions,
        rows={"read": counts.read, "counted": counts.counted, **dropped},
        inputs=made.found.inputs,
        outputs=outputs,
        figures=made.found.figures,
        trend=trended,
        earlier={f"{each.period.start}_{each.period.end}": each.fingerprint for each in (*made.months, made.before)},
        gaps=made.report.gaps,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
