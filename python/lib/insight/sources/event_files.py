"""An account's event files: which there are for a period, and copies of them on disk with a record of what was read."""

import calendar
import hashlib
import shutil
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from insight import layout
from insight.manifest import InputFile
from insight.periods import Period

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 1024 * 1024
_DOWNLOADS_AT_ONCE = 8
_ROOM_BYTES = 256 * 1024 * 1024
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class EventFile:
    """An event file as the bucket lists it; `etag` with its quotes, as a condition wants it.

    `day` is the UTC date that the file is filed under, for a compacted file (`is_parquet`) the first of its month.
    `version` is the bucket's id of an earlier content, empty for the current one.
    """

    key: str
    day: date
    etag: str
    size: int
    version: str = ""

    @property
    def is_parquet(self) -> bool:
        """Say whether this is a compacted file."""
        return self.key.endswith(layout.PARQUET_SUFFIX)


@dataclass(frozen=True)
class LocalFile:
    """A copy on disk; a compressed file is unpacked there, `torn` when its end was missing."""

    path: Path
    file: EventFile
    sha256: str
    lines: int
    torn: bool = False

    def as_input(self, rows: int) -> InputFile:
        """Return what the manifest says of it."""
        return InputFile(self.file.key, self.file.etag.strip('"'), self.sha256, self.file.size, rows)


class EventFiles:
    """The event files of one account, listed once: later files are not read, changed ones are refused."""

    def __init__(self, s3: "S3Client", bucket: str, account: str, folder: Path) -> None:
        self.bucket = bucket
        self.account = account
        self._s3 = s3
        self._folder = folder
        self._kept: dict[str, LocalFile] = {}
        self._files: tuple[EventFile, ...] = ()

    def list_dates(self, first: date, last: date) -> None:
        """List what is filed under the UTC dates from `first` to `last`, both included."""
        self._files = (*self._list_days(first, last), *self._list_months(first, last))

    def pin(self, inputs: Iterable[InputFile]) -> list[str]:
        """Take the files that a manifest names, as they were then; return the keys whose content is not kept any more.

        A bucket with versioning keeps what was overwritten.
        """
        found = [(file, self._as_it_was(file)) for file in inputs]
        self._files = tuple(pinned for _, pinned in found if pinned)
        return [file.key for file, pinned in found if not pinned]

    def of(self, period: Period) -> list[EventFile]:
        """Return the files that may hold events of the period, in the order of their keys."""
        days = frozenset(period.utc_dates())
        months = {day.replace(day=1) for day in days}
        return [file for file in self._files if file.day in (months if file.is_parquet else days)]

    def missing_dates(self, period: Period) -> list[date]:
        """The UTC dates of the period for which there is no file."""
        files = self.of(period)
        days = {file.day for file in files if not file.is_parquet}
        months = {file.day for file in files if file.is_parquet}
        return [day for day in period.utc_dates() if day not in days and day.replace(day=1) not in months]

    @property
    def newest_date(self) -> date | None:
        """The latest UTC date that any listed file is filed under."""
        days = [_last_day(file.day) if file.is_parquet else file.day for file in self._files]
        return max(days, default=None)

    def changed(self, period: Period) -> list[str]:
        """List again; return the compacted files of the period that were added, removed or changed since."""
        days = tuple(period.utc_dates())
        then = {file.key: file.etag for file in self.of(period) if file.is_parquet}
        now = {file.key: file.etag for file in self._list_months(days[0], days[-1])}
        return sorted(key for key in then.keys() | now.keys() if then.get(key) != now.get(key))

    def fetch_pinned(self) -> list[LocalFile]:
        """Copy all files that are pinned, and nothing that was copied before under the same names."""
        for local in self._kept.values():
            local.path.unlink()
        self._kept.clear()
        return self.fetch(self._files)

    def fetch(self, files: Iterable[EventFile]) -> list[LocalFile]:
        """Copy the files to disk, several at once. Raises the client's error when one changed after it was listed."""
        wanted = list(files)
        self._make_room(wanted)
        missing = [file for file in wanted if file.key not in self._kept]
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            for local in pool.map(self._download, missing):
                self._kept[local.file.key] = local
        return [self._kept[file.key] for file in wanted]

    def _make_room(self, wanted: Iterable[EventFile]) -> None:
        """Remove copies that the next step does not need, when many are kept; periods share their edges."""
        keep = {file.key for file in wanted}
        if sum(local.file.size for local in self._kept.values()) > _ROOM_BYTES:
            for key in [key for key in self._kept if key not in keep]:
                self._kept.pop(key).path.unlink()

    def _download(self, file: EventFile) -> LocalFile:
        name = hashlib.sha256(file.key.encode()).hexdigest()[:20]
        path = self._folder / (name + (layout.PARQUET_SUFFIX if file.is_parquet else layout.EVENT_FILE_SUFFIX))
        version: Any = {"VersionId": file.version} if file.version else {}
        answer = self._s3.get_object(Bucket=self.bucket, Key=file.key, IfMatch=file.etag, **version)
        with path.open("wb") as out:
            return _copy(answer["Body"], out, LocalFile(path, file, "", 0))

    def _as_it_was(self, file: InputFile) -> EventFile | None:
        day = layout.event_date(file.key) or layout.compacted_month(file.key)
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=file.key)
        for page in pages:
            for entry in page.get("Versions", []):
                if day and entry["Key"] == file.key and entry["ETag"].strip('"') == file.etag:
                    version = "" if entry["IsLatest"] else entry["VersionId"]
                    return EventFile(file.key, day, entry["ETag"], file.bytes, version)
        return None

    def _list_days(self, first: date, last: date) -> Iterable[EventFile]:
        start = layout.events_day(self.account, first)
        for entry in self._entries(layout.events_prefix(self.account), start):
            day = layout.event_date(entry["Key"])
            if day is not None and day > last:
                return
            if day and entry["Key"].endswith((layout.EVENT_FILE_SUFFIX, layout.COMPRESSED_SUFFIX)):
                yield EventFile(entry["Key"], day, entry["ETag"], entry["Size"])

    def _list_months(self, first: date, last: date) -> Iterable[EventFile]:
        for entry in self._entries(layout.compacted_prefix(self.account), ""):
            month = layout.compacted_month(entry["Key"])
            if month and first.replace(day=1) <= month <= last:
                yield EventFile(entry["Key"], month, entry["ETag"], entry["Size"])

    def _entries(self, prefix: str, start_after: str) -> Iterable[Any]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, StartAfter=start_after
        )
        for page in pages:
            yield from page.get("Contents", [])


def _last_day(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _copy(body: Any, out: IO[bytes], local: LocalFile) -> LocalFile:
    """Write what comes, unpacked, hash it as it came, count the lines; the body is closed."""
    digest, lines = hashlib.sha256(), 0
    unpack = zlib.decompressobj(_GZIP) if local.file.key.endswith(layout.COMPRESSED_SUFFIX) else None
    torn = False
    try:
        for chunk in body.iter_chunks(_CHUNK_BYTES):
            digest.update(chunk)
            content = unpack.decompress(chunk) if unpack else chunk
            lines += content.count(b"\n")
            out.write(content)
    except zlib.error:
        torn = True
        shutil.copyfileobj(body, _Sink(digest), _CHUNK_BYTES)
    finally:
        body.close()
    torn = torn or (unpack is not None and not unpack.eof)
    return replace(local, sha256=digest.hexdigest(), lines=lines, torn=torn)


class _Sink:
    """Takes the rest of a file that cannot be unpacked any further, for its hash."""

    def __init__(self, digest: Any) -> None:
        self.write = digest.update
