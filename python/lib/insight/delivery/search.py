"""Reports as a reader sees them: which there are, in what state, and their files, verified."""

import hashlib
import re
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import Manifest, OutputFile
from insight.orders.state_table import States
from insight.orders.states import Record, State
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["ReportDamaged", "ReportSummary", "State"]

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


@dataclass(frozen=True)
class ReportSummary:
    """One report: the period is half-open, `reason` is the sentence that says why one failed or what it waits for."""

    report_id: str
    account: str
    start: date
    end: date
    generation: int
    state: State
    requested_at: datetime | None
    delivered_at: datetime | None
    reason: str
    prefix: str

    @classmethod
    def of_record(cls, record: Record) -> "ReportSummary":
        """Return what a reader wants of a record."""
        return cls(
            report_id=record.report_id,
            account=record.account,
            start=record.start,
            end=record.end,
            generation=record.generation,
            state=record.state,
            requested_at=record.requested_at,
            delivered_at=record.delivered_at,
            reason=record.message,
            prefix=layout.prefix_of(record.account, record.start, record.end, record.report_id),
        )

    @property
    def is_readable(self) -> bool:
        """Whether its files are there: a reissued report still has them."""
        return self.state in (State.DELIVERED, State.REISSUED)


class ReportDamaged(OpsError):
    """A file of a delivered report is missing or is not what the manifest says."""


def list_reports(states: States, account: str | None = None) -> list[ReportSummary]:
    """Return the reports of one account, or of all, by account, period and generation."""
    summaries = map(ReportSummary.of_record, states.all(account))
    return sorted(summaries, key=lambda report: (report.account, report.start, report.end, report.generation))


def find_report(states: States, report_id: str) -> ReportSummary:
    """Return one report. Raises NotFound with the nearest ids."""
    if record := states.get(report_id):
        return ReportSummary.of_record(record)
    known = [other.report_id for other in states.all()]
    raise NotFound.among("report", report_id, known, listing="opsctl report list")


def read_manifest(s3: "S3Client", bucket: str, report: ReportSummary) -> Manifest:
    """Return the manifest of a delivered report; any other is refused with its state."""
    if not report.is_readable:
        why = f": {report.reason}" if report.reason else "."
        raise OpsError(f"Report {report.report_id} is {report.state.value}, not DELIVERED{why}")
    return Manifest.from_json(_read(s3, bucket, report.prefix + layout.MANIFEST))


def download(s3: "S3Client", bucket: str, report: ReportSummary, folder: Path) -> list[Path]:
    """Save a delivered report's files in a folder of its own below `folder`; return their paths, the manifest's last.

    Each file is checked against the manifest before it gets its name, so a file that is there is whole and true.
    """
    manifest = read_manifest(s3, bucket, report)
    last = report.end - timedelta(days=1)
    target = folder / _safe(f"{report.account}_{report.start}_{last}_{report.report_id}")
    paths = [_save(target / _safe(output.name), _verified(s3, bucket, report, output)) for output in manifest.outputs]
    return [*paths, _save(target / layout.MANIFEST, manifest.to_json())]


def link(s3: "S3Client", bucket: str, report: ReportSummary, name: str, seconds: int) -> str:
    """Return an address under which anybody can fetch one file of a delivered report for `seconds`.

    It is made without asking AWS; the key in it holds ids only. Raises NotFound with the report's file names.
    """
    outputs = {output.name: output for output in read_manifest(s3, bucket, report).outputs}
    if name not in outputs:
        raise NotFound.among("file of the report", name, outputs, listing=f"opsctl report show {report.report_id}")
    output = outputs[name]
    arguments = {
        "Bucket": bucket,
        "Key": output.key,
        "ResponseContentType": output.content_type,
        "ResponseContentDisposition": f'attachment; filename="{_safe(f"{report.account}_{report.start}_{name}")}"',
        "ResponseCacheControl": "private, no-store",
    }
    return s3.generate_presigned_url("get_object", Params=arguments, ExpiresIn=seconds)


def _verified(s3: "S3Client", bucket: str, report: ReportSummary, output: OutputFile) -> bytes:
    if not output.key.startswith(report.prefix):
        raise ReportDamaged(f"The manifest of {report.report_id} names a file outside of the report: {output.key}.")
    content = _read(s3, bucket, output.key)
    if hashlib.sha256(content).hexdigest() != output.sha256:
        raise ReportDamaged(
            f"{output.name} of {report.report_id} is not the file that its manifest describes.",
            hint="Somebody changed the bucket; earlier versions of the object may still be there.",
        )
    return content


def _read(s3: "S3Client", bucket: str, key: str) -> bytes:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        raise ReportDamaged(f"{key} is no longer in the bucket.") from None


def _safe(name: str) -> str:
    if not _SAFE_NAME.fullmatch(name):
        raise ReportDamaged(f"The report's manifest holds a file name that is not safe: {name!r}.")
    return name


def _save(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(content)
            file.close()
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return path
