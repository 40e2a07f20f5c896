"""Reports as a reader sees them: which there are, in what state, and their files, verified."""

import enum
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import Manifest, OutputFile
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")


class State(enum.StrEnum):
    """How far a report is."""

    REQUESTED = "REQUESTED"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class ReportSummary:
    """One report: the period is half-open, the instants are the bucket's, `reason` says why one failed."""

    report_id: str
    account: str
    start: date
    end: date
    state: State
    requested_at: datetime | None
    delivered_at: datetime | None
    reason: str
    prefix: str


class ReportDamaged(OpsError):
    """A file of a delivered report is missing or is not what the manifest says."""


def list_reports(s3: "S3Client", bucket: str, account: str | None = None) -> list[ReportSummary]:
    """Return the reports of one account, or of all, by account, period and id."""
    found: dict[str, dict[str, tuple[layout.ReportKey, datetime]]] = {}
    for key, modified in _keys(s3, bucket, layout.reports_of(account)):
        found.setdefault(key.prefix, {})[key.name] = (key, modified)
    summaries = [_summary(s3, bucket, marks) for marks in found.values()]
    return sorted(summaries, key=lambda report: (report.account, report.start, report.end, report.report_id))


def find_report(s3: "S3Client", bucket: str, report_id: str, account: str | None = None) -> ReportSummary:
    """Return one report; knowing the account keeps the search short. Raises NotFound with the nearest ids."""
    reports = {report.report_id: report for report in list_reports(s3, bucket, account)}
    if report_id not in reports:
        raise NotFound.among("report", report_id, reports, listing="opsctl report list")
    return reports[report_id]


def read_manifest(s3: "S3Client", bucket: str, report: ReportSummary) -> Manifest:
    """Return the manifest of a delivered report; any other is refused with its state."""
    if report.state is not State.DELIVERED:
        why = f": {report.reason}" if report.reason else "."
        raise OpsError(f"Report {report.report_id} is {report.state.value}, not DELIVERED{why}")
    return Manifest.from_json(_read(s3, bucket, report.prefix + layout.MANIFEST))


def download(s3: "S3Client", bucket: str, report_id: str, folder: Path) -> list[Path]:
    """Save a delivered report's files in a folder of its own below `folder`; return their paths, the manifest's last.

    Each file is checked against the manifest before it gets its name, so a file that is there is whole and true.
    """
    report = find_report(s3, bucket, report_id)
    manifest = read_manifest(s3, bucket, report)
    last = report.end - timedelta(days=1)
    target = folder / _safe(f"{report.account}_{report.start}_{last}_{report.report_id}")
    paths = [_save(target / _safe(output.name), _verified(s3, bucket, report, output)) for output in manifest.outputs]
    return [*paths, _save(target / layout.MANIFEST, manifest.to_json())]


def _keys(s3: "S3Client", bucket: str, prefix: str) -> Iterator[tuple[layout.ReportKey, datetime]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            if key := layout.parse_report_key(entry["Key"]):
                yield key, entry["LastModified"]


def _summary(s3: "S3Client", bucket: str, marks: dict[str, tuple[layout.ReportKey, datetime]]) -> ReportSummary:
    times = {name: modified for name, (_, modified) in marks.items()}
    key = next(iter(marks.values()))[0]
    state, reason = State.REQUESTED, ""
    if layout.MANIFEST in marks:
        state = State.DELIVERED
    elif layout.FAILURE in marks:
        state, reason = State.FAILED, _failure(s3, bucket, key.prefix)
    return ReportSummary(
        report_id=key.report_id,
        account=key.account,
        start=key.start,
        end=key.end,
        state=state,
        requested_at=times.get(layout.REQUEST),
        delivered_at=times.get(layout.MANIFEST),
        reason=reason,
        prefix=key.prefix,
    )


def _failure(s3: "S3Client", bucket: str, prefix: str) -> str:
    try:
        return str(json.loads(_read(s3, bucket, prefix + layout.FAILURE))["message"])
    except (ValueError, KeyError, TypeError, ReportDamaged):
        # It may just have been taken back by a new attempt.
        return "the reason cannot be read"


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
