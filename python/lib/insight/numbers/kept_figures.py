"""Figures of earlier periods, kept in the bucket, so that a report need not count thirteen months again."""

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight import layout
from insight.canonical_json import canonical_json
from insight.numbers.analysis import Figures
from insight.numbers.facts.sql import FACTS_VERSION
from insight.numbers.metrics import DEFINITIONS_SHA256
from insight.periods import Period
from insight.sources.accounts import Account
from insight.sources.event_files import EventFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WORTH_KEEPING_FILES = 8
_WORTH_KEEPING_BYTES = 1024**2


def fingerprint(account: Account, period: Period, files: Sequence[EventFile]) -> str:
    """Return the name of everything that a period's figures are made of: files, definitions, zone and seats."""
    made_of = {
        "facts": FACTS_VERSION,
        "definitions": DEFINITIONS_SHA256,
        "time_zone": period.time_zone,
        "seats": account.seats,
        "files": [[file.key, file.etag] for file in files],
    }
    return hashlib.sha256(canonical_json(made_of).encode()).hexdigest()[:24]


def is_worth_keeping(files: Sequence[EventFile]) -> bool:
    """Say whether counting these files again would take longer than reading what was kept."""
    return len(files) >= _WORTH_KEEPING_FILES or sum(file.size for file in files) >= _WORTH_KEEPING_BYTES


@dataclass(frozen=True)
class KeptFigures:
    """The kept figures of one account; the bucket is listed once."""

    s3: "S3Client"
    bucket: str
    account: str

    def find(self, period: Period, made_of: str) -> Figures | None:
        """Return the figures of a period that were made of the same (its fingerprint), None when none are kept."""
        key = self._key(period, made_of)
        if key not in self._keys:
            return None
        return dict(json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()))

    def keep(self, period: Period, made_of: str, figures: Figures) -> None:
        """Write the figures of a period for the reports to come."""
        body = canonical_json(figures).encode()
        key = self._key(period, made_of)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json")

    def _key(self, period: Period, made_of: str) -> str:
        return layout.summary_key(self.account, period.start, period.end, made_of)

    @functools.cached_property
    def _keys(self) -> frozenset[str]:
        prefix = layout.summaries_prefix(self.account)
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return frozenset(entry["Key"] for page in pages for entry in page.get("Contents", []))
