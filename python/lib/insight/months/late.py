"""Late data: how much the event files have changed since a report was made of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import InputFile
from insight.periods import Period
from insight.sources.event_files import EventFiles

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class FileNow:
    """An event file as the bucket lists it now."""

    etag: str
    bytes: int


@dataclass(frozen=True)
class Drift:
    """What changed since: `share` of the bytes that the report was made of, infinite when it was made of none."""

    files: int
    bytes: int
    share: float

    def __str__(self) -> str:
        share = "all of them new" if self.share == float("inf") else f"{self.share:.1%} of what the report was made of"
        return f"late data: {self.files} files, {self.bytes} bytes, {share}"


def drift(inputs: Iterable[InputFile], files: Mapping[str, FileNow]) -> Drift:
    """Compare a report's inputs with the files there are now.

    A file that grew counts with the bytes that were added; one that is new, gone, smaller or rewritten counts whole,
    because any of its rows may have changed. Empty files count as nothing. Compacting a month's files of lines is no
    change: the compacted file holds what they held. Late rows that are in the compacted file alone are not noticed.
    """
    before = {file.key: FileNow(file.etag, file.bytes) for file in inputs}
    changed = {key for key in before.keys() | files.keys() if before.get(key) != files.get(key)}
    changed -= _compacted(before, files)
    moved = sum(_changed_bytes(before.get(key), files.get(key)) for key in changed)
    total = sum(file.bytes for file in before.values())
    return Drift(len(changed), moved, moved / total if total else float("inf") if moved else 0.0)


def _compacted(before: Mapping[str, FileNow], now: Mapping[str, FileNow]) -> set[str]:
    """Return the compacted files that replace lines that a report was made of, and such lines that are gone."""
    lines = {key: day.replace(day=1) for key in before if (day := layout.event_date(key))}
    came = {key: month for key in now.keys() - before.keys() if (month := layout.compacted_month(key))}
    stand_ins = {key for key, month in came.items() if month in lines.values()}
    gone = {key for key, month in lines.items() if key not in now and month in came.values()}
    return stand_ins | gone


def _changed_bytes(before: FileNow | None, now: FileNow | None) -> int:
    old, new = before.bytes if before else 0, now.bytes if now else 0
    return new - old if new > old else max(old, new)


def files_now(s3: "S3Client", bucket: str, account: str, period: Period) -> dict[str, FileNow]:
    """Return the event files that a report of the period would be made of now, by key."""
    dates = list(period.utc_dates())
    files = EventFiles(s3, bucket, account, Path())
    files.list_dates(dates[0], dates[-1])
    return {file.key: FileNow(file.etag.strip('"'), file.size) for file in files.of(period)}
