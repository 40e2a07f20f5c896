"""The journals of replays in a bucket of the account, without the messages' bodies: any machine can continue a run.

A journal is a row of objects, `replays/RUN/00000000.ndjson` and so on. Each is written only if it is not there
(`If-None-Match`), so the row itself is the fence: who continues a run writes the next object, and the process that
wrote the one before finds its place taken, before it sends anything more:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import datetime as dt
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.dead_letters.engine.run_state import RunState, parse, read_state
from opscore.dead_letters.ndjson import to_line
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FOLDER = "replays/"
_TAKEN = {"PreconditionFailed", "412"}
_CONFLICT = {"ConditionalRequestConflict", "409"}
_TRIES = 3


@dataclass(frozen=True)
class Part:
    """One object of a journal: its number, who wrote it, its lines."""

    number: int
    holder: str
    lines: bytes


class AccountRuns:
    """The journals in the bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def names(self) -> list[str]:
        """Return all runs, the newest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=_FOLDER, Delimiter="/")
        folders = (folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", ()))
        return sorted((folder.removeprefix(_FOLDER).rstrip("/") for folder in folders), reverse=True)

    def parts(self, run: str, known: Container[int] = ()) -> Iterator[Part]:
        """Yield the parts of a run's journal in order, but for those that are `known`."""
        for number in self._numbers(run):
            if number not in known:
                yield self._part(run, number)

    def summary(self, run: str) -> RunState:
        """Return how a run began and how it ended, from its first and last part: what arrived is as its tally says."""
        numbers = self._numbers(run)
        ends = [self._part(run, number) for number in sorted({numbers[0], numbers[-1]})]
        return read_state(line for part in ends for line in part.lines.splitlines())

    def seconds_since_written(self, run: str) -> float:
        """Return how long ago the last part of a run was written, by S3's own clock where its answer has the time."""
        answer = self._s3.head_object(Bucket=self._bucket, Key=_key(run, self._numbers(run)[-1]))
        said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        now = parsedate_to_datetime(said) if said else dt.datetime.now(dt.UTC)
        return (now - answer["LastModified"]).total_seconds()

    def open(self, run: str, holder: str) -> "AccountJournal":
        """Return where `holder` writes on: behind the last part there is."""
        numbers = self._numbers(run)
        return AccountJournal(self._s3, self._bucket, run, holder, numbers[-1] + 1 if numbers else 0)

    def _numbers(self, run: str) -> list[int]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{_FOLDER}{run}/")
        keys = (found["Key"] for page in pages for found in page.get("Contents", ()))
        return sorted(int(key.rsplit("/", 1)[1].removesuffix(".ndjson")) for key in keys)

    def _part(self, run: str, number: int) -> Part:
        content = self._s3.get_object(Bucket=self._bucket, Key=_key(run, number))["Body"].read()
        head = next(parse(content.splitlines()[:1]), {})
        return Part(number, str(head.get("holder", "")), content)


class AccountJournal:
    """Where one process, `holder`, writes its lines. The caller sees to it that one part is put at a time."""

    def __init__(self, s3: "S3Client", bucket: str, run: str, holder: str, number: int) -> None:
        self._s3, self._bucket, self._run, self._holder = s3, bucket, run, holder
        self._number = number

    def put(self, lines: Sequence[Mapping[str, Any]]) -> int:
        """Write the next part and return its number; raises `OpsError` when another process has written it."""
        number = self._number
        head = {"part": number, "holder": self._holder}
        self._put(b"".join(to_line(without_bodies(fields)) for fields in (head, *lines)))
        self._number += 1
        return number

    def _put(self, body: bytes) -> None:
        key = _key(self._run, self._number)
        for left in reversed(range(_TRIES)):
            try:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, IfNoneMatch="*")
            except Exception as error:
                if aws_faults.code(error) in _TAKEN:
                    self._refuse_unless_ours(key, body)
                    return
                if aws_faults.code(error) not in _CONFLICT or not left:
                    raise
            else:
                return

    def _refuse_unless_ours(self, key: str, body: bytes) -> None:
        """Raise unless the object is what was to be written: an earlier try whose answer was lost may have made it."""
        there = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        if there == body:
            return
        holder = next(parse(there.splitlines()[:1]), {}).get("holder", "another process")
        raise OpsError(
            f"{self._run} was taken over by {holder}: nothing more was sent from here.",
            hint=f"`opsctl dlq history {self._run}` shows how it goes on.",
        )


def without_bodies(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a line of a journal with nothing of the messages in it but their ids, and digests of what was sent."""
    if "intent" not in fields:
        return fields
    kept = [{name: record[name] for name in ("message_id", "digest") if name in record} for record in fields["intent"]]
    return {**fields, "intent": kept}


def _key(run: str, number: int) -> str:
    return f"{_FOLDER}{run}/{number:08d}.ndjson"
