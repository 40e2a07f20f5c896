"""Reading an account's event files from the bucket, line by line, with a record of what was read."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from insight import layout
from insight.events import UsageEvent, read_lines
from insight.manifest import InputFile
from insight.periods import Period

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class EventFile:
    """An event file as the bucket lists it; `etag` with its quotes, as a condition wants it."""

    key: str
    day: date
    etag: str


class EventReader:
    """Iterates over the events in the files of the UTC dates that a period touches, in the order of their keys.

    Iterate once; afterwards `inputs` says what was read. Raises DamagedEvents, and the client's own error when a file
    changes or vanishes between being listed and being read: what was counted must be what the record names.
    """

    def __init__(self, s3: "S3Client", bucket: str, account: str, period: Period) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._dates = tuple(period.utc_dates())
        self._files = tuple(_list(s3, bucket, account, self._dates))
        self.inputs: list[InputFile] = []

    @property
    def missing_dates(self) -> list[date]:
        """The UTC dates of the period for which there is no file."""
        present = {file.day for file in self._files}
        return [day for day in self._dates if day not in present]

    def __iter__(self) -> Iterator[UsageEvent]:
        for file in self._files:
            yield from self._read(file)

    def _read(self, file: EventFile) -> Iterator[UsageEvent]:
        answer = self._s3.get_object(Bucket=self._bucket, Key=file.key, IfMatch=file.etag)
        digest, size, rows = hashlib.sha256(), 0, 0

        def lines() -> Iterator[bytes]:
            nonlocal size
            for line in body.iter_lines(chunk_size=_CHUNK_BYTES, keepends=True):
                digest.update(line)
                size += len(line)
                yield line

        with contextlib.closing(answer["Body"]) as body:
            for event in read_lines(file.key, lines()):
                rows += 1
                yield event
        self.inputs.append(InputFile(file.key, file.etag.strip('"'), digest.hexdigest(), size, rows))


def _list(s3: "S3Client", bucket: str, account: str, dates: tuple[date, ...]) -> Iterator[EventFile]:
    """Yield the account's event files of `dates`, which are sorted; the bucket lists keys in their order."""
    if not dates:
        return
    wanted = frozenset(dates)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=layout.events_prefix(account), StartAfter=layout.events_day(account, dates[0])
    )
    for page in pages:
        for entry in page.get("Contents", []):
            day = layout.event_date(entry["Key"])
            if day is not None and day > dates[-1]:
                return
            if day in wanted and entry["Key"].endswith(layout.EVENT_FILE_SUFFIX):
                yield EventFile(entry["Key"], day, entry["ETag"])
