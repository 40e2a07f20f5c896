"""Reports as a reader sees them: which there are, in what state, and their files, verified."""

import hashlib
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import Manifest, OutputFile
from insight.orders.state_table import States
from insight.orders.states import Record, State
from opscore.errors import NotFound, OpsError, UsageProblem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SEARCHED_IDS = 10_000
"""How many ids are read, at most, to find the one that a prefix stands for."""

_SHOWN_IDS = 5
_REPORT_ID = re.compile(r"[A-Za-z0-9_]{1,26}")
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
            prefix=layout.report_prefix(record.account, record.start, record.end, record.report_id),
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
    """Return the report with this id, or the only one whose id begins so.

    Raises NotFound with the nearest ids, and UsageProblem for a prefix of several. A prefix costs a scan of the table,
    which ends after SEARCHED_IDS; in a larger table no prefix can be known to be the only one, so whole ids are needed.
    """
    if not report_id:
        raise UsageProblem("The id of the report is empty.", hint="`opsctl report list` lists the reports.")
    if _REPORT_ID.fullmatch(report_id) and (record := states.get(report_id)):
        return ReportSummary.of_record(record)
    known = states.ids(SEARCHED_IDS)
    found = states.get(_only_one(report_id, known)) if any(one.startswith(report_id) for one in known) else None
    if found is None:
        raise NotFound.among("report", report_id, known, listing="opsctl report list")
    return ReportSummary.of_record(found)


def _only_one(prefix: str, known: Sequence[str]) -> str:
    """Return the only id that begins with `prefix`, which at least one does; raises UsageProblem."""
    candidates = sorted(one for one in known if one.startswith(prefix))
    if len(known) >= SEARCHED_IDS:
        raise UsageProblem(
            f"There are too many reports here to know which one {prefix!r} stands for.",
            hint="Give the whole id; `opsctl report list --account ACCOUNT` lists an account's.",
        )
    if len(candidates) > 1:
        rest = f" and {len(candidates) - _SHOWN_IDS} more" if len(candidates) > _SHOWN_IDS else ""
        raise UsageProblem(
            f"{len(candidates)} reports have an id that begins with {prefix!r}.",
            hint=f"Which one: {', '.join(candidates[:_SHOWN_IDS])}{rest}?",
        )
    return candidates[0]


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
