"""Peers: what the accounts of a segment have in common in one month, as quartiles, never as names.

The table of a month is made once its reports are there; a report shows the newest table up to its own month.
"""

import hashlib
import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from insight import layout
from insight.canonical_json import canonical_json

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FEWEST_ACCOUNTS = 5
"""With fewer accounts in a segment, single accounts could be recognised; there is no comparison then."""

_COMPARED = (
    "seat_utilisation",
    "seat_days_used",
    "active_users",
    "documents_created",
    "mean_score_uplift",
    "documents_improved",
    "phrase_acceptance",
    "concentration",
)
_MONTHS_BACK = 3


@dataclass(frozen=True)
class Peers:
    """One segment in one month: how many accounts, and the three quartiles of each number. `sha256` is the file's."""

    month: date
    sha256: str
    accounts: int
    quartiles: Mapping[str, Sequence[float]]


def make_table(reports: Iterable[tuple[str, Mapping[str, float | int | None]]]) -> dict[str, Any]:
    """Return the table from segment and figures of each account's report of the month."""
    segments: dict[str, list[Mapping[str, float | int | None]]] = {}
    for segment, figures in reports:
        segments.setdefault(segment, []).append(figures)
    return {
        segment: {"accounts": len(members), "quartiles": _quartiles(members)}
        for segment, members in sorted(segments.items())
        if len(members) >= FEWEST_ACCOUNTS
    }


def publish(s3: "S3Client", bucket: str, month: date, table: Mapping[str, Any]) -> None:
    """Put the table of a month where reports look for it."""
    body = canonical_json(table).encode()
    s3.put_object(Bucket=bucket, Key=layout.peers_key(month), Body=body, ContentType="application/json")


def find(s3: "S3Client", bucket: str, month: date, segment: str) -> Peers | None:
    """Return the segment's peers of that month, or else of one of the months before."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=layout.PEERS_PREFIX).get("Contents", [])
    present = {entry["Key"] for entry in listed}
    for _ in range(_MONTHS_BACK):
        key = layout.peers_key(month)
        if key in present:
            content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            found = json.loads(content).get(segment)
            return Peers(month, hashlib.sha256(content).hexdigest(), **found) if found else None
        month = (month - timedelta(days=1)).replace(day=1)
    return None


def _quartiles(members: Sequence[Mapping[str, float | int | None]]) -> dict[str, list[float]]:
    quartiles = {}
    for key in _COMPARED:
        values = [value for figures in members if (value := figures.get(key)) is not None]
        if len(values) >= FEWEST_ACCOUNTS:
            quartiles[key] = statistics.quantiles(values, n=4, method="inclusive")
    return quartiles
