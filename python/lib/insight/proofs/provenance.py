"""Whether a report's numbers hold, and where one of them comes from: read from its manifest and its events.

The event files are read as they were when the report was made; a bucket with versioning keeps them.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insight.delivery import store
from insight.delivery.deliver import Places, make_with, open_reader, render
from insight.manifest import InputFile, Manifest
from insight.numbers.facts.sql import Selection, document_groups_sql, row_counts_sql, user_days_sql
from insight.numbers.metrics import FIGURES, TABLES, USERS_SQL
from insight.numbers.register import FigureMetric, TableMetric
from insight.numbers.report import text_of
from insight.orders.request import ReportRequest
from insight.sources.raw_columns import RAW_COLUMNS, names_sql
from opscore.errors import NotFound, OpsError, nearest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from insight.delivery.reader import AccountReader

FIRST_ROWS = 10


class InputsGone(OpsError):
    """Event files that a report was made of are not there any more as they were."""

    def __init__(self, keys: list[str]) -> None:
        named = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")  # noqa: PLR2004
        super().__init__(
            f"{'1 event file is' if len(keys) == 1 else f'{len(keys):,} event files are'} no longer kept as "
            f"{'it was' if len(keys) == 1 else 'they were'}: {named}.",
            hint="`opsctl report start --force` makes the report again from what is there now.",
        )


@dataclass(frozen=True)
class Check:
    """One thing that was checked: what, whether it holds, and if not what was found."""

    what: str
    holds: bool
    found: str = ""


@dataclass(frozen=True)
class Explanation:
    """Everything behind one number or table of a report.

    `value` is None for a table, `text` is how the report writes it. `queries` are the metric's own and the facts' below
    it, by name; `rows` the first events that it counts, as mappings of column to value; `row_count` how many those are
    in all.
    """

    metric: str
    label: str
    value: int | float | None
    text: str
    definition: str
    queries: Mapping[str, str]
    inputs: tuple[InputFile, ...]
    row_count: int | None
    rows: tuple[Mapping[str, Any], ...]


def explain(manifest: Manifest, metric: str, places: Places) -> Explanation:
    """Explain how one number came about. Raises NotFound, and InputsGone when its events are not kept."""
    defined: FigureMetric | TableMetric | None = FIGURES.get(metric) or TABLES.get(metric)
    if defined is None:
        raise _unknown(metric)
    request = request_of(manifest)
    with _as_it_was(manifest, request, places) as reader:
        reader.analyse(request.period)
        condition = defined.rows if isinstance(defined, FigureMetric) else '"user" IS NOT NULL'
        count, rows = _rows_behind(reader, condition)
    selection = Selection(request.account, request.period)
    queries = {
        metric: defined.sql,
        "users": USERS_SQL,
        "user_days": user_days_sql("events", request.period),
        "document_groups": document_groups_sql("events", selection),
        "row_counts": row_counts_sql("raw_events", selection),
    }
    used = {name: query for name, query in queries.items() if name == metric or name in defined.sql}
    if "users" in used:
        used["user_days"] = queries["user_days"]
    value = manifest.figures.get(metric) if isinstance(defined, FigureMetric) else None
    text = text_of(value, defined.unit) if isinstance(defined, FigureMetric) else "a table"
    return Explanation(metric, defined.label, value, text, defined.definition, used, manifest.inputs, count, rows)


def _unknown(metric: str) -> NotFound:
    known = [*FIGURES, *TABLES]
    close = nearest(metric, known)
    meant = f"Did you mean {' or '.join(close)}? " if close else ""
    return NotFound(f"There is no metric named {metric!r}.", hint=f"{meant}Metrics: {', '.join(known)}.")


def verify(manifest: Manifest, places: Places) -> list[Check]:
    """Check a delivered report against its manifest: the stored files, and the numbers, computed again from its events.

    The files are rendered again too, byte by byte, when everything else that they show is still as it was: the account,
    its members, its peers and the events of the months before.
    """
    request = request_of(manifest)
    checks = [_stored(places.s3, places.reports_bucket, output) for output in manifest.outputs]
    try:
        with _as_it_was(manifest, request, places) as reader:
            figures = reader.analyse(request.period).figures
    except InputsGone as gone:
        return [*checks, Check("its events are kept as they were", holds=False, found=gone.message)]
    checks.append(Check(f"the event files it was made of ({len(manifest.inputs)}) are kept as they were", holds=True))
    for key, value in manifest.figures.items():
        again = figures.get(key)
        checks.append(Check(key, holds=again == value, found="" if again == value else f"{value} is now {again}"))
    return [*checks, *_rendered_again(manifest, request, places)]


def request_of(manifest: Manifest) -> ReportRequest:
    """Return the request that a report was made for."""
    return ReportRequest.from_payload(dict(manifest.request))


@contextmanager
def _as_it_was(manifest: Manifest, request: ReportRequest, places: Places) -> Iterator["AccountReader"]:
    with open_reader(request, places) as reader:
        if gone := reader.files.pin(manifest.inputs):
            raise InputsGone(gone)
        yield reader


def _rows_behind(reader: "AccountReader", condition: str) -> tuple[int | None, tuple[Mapping[str, Any], ...]]:
    """Return how many events a condition picks, and the first ones; nothing when Athena read them."""
    if not reader.has_events:
        return None, ()
    ((count,),) = reader.connection.execute(f"SELECT count(*) FROM events WHERE {condition}").fetchall()
    found = reader.connection.execute(
        f'SELECT {names_sql(RAW_COLUMNS)} FROM events WHERE {condition} ORDER BY "at", event_id LIMIT {FIRST_ROWS}'
    ).fetchall()
    names = [name for name, _ in RAW_COLUMNS]
    return count, tuple(dict(zip(names, row, strict=True)) for row in found)


def _stored(s3: "S3Client", bucket: str, output: Any) -> Check:
    what = f"{output.name} in the bucket is the one that was delivered"
    try:
        content = s3.get_object(Bucket=bucket, Key=output.key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return Check(what, holds=False, found="it is gone")
    found = hashlib.sha256(content).hexdigest()
    return Check(what, holds=found == output.sha256, found="" if found == output.sha256 else f"sha256 {found[:12]}")


def _rendered_again(manifest: Manifest, request: ReportRequest, places: Places) -> list[Check]:
    with open_reader(request, places) as reader:
        made = make_with(reader, request)
    earlier = {f"{each.period.start}_{each.period.end}": each.fingerprint for each in (*made.months, made.before)}
    changed = [name for name, version in made.versions.items() if manifest.versions.get(name) != version]
    changed += ["the months before"] if earlier != dict(manifest.earlier) else []
    changed += ["the period's events"] if made.found.inputs != manifest.inputs else []
    if changed:
        # No fault of the report: its data changed since.
        return [
            Check(
                "made again from today's data, byte by byte",
                holds=True,
                found=f"not tried, changed since: {', '.join(changed)}",
            )
        ]
    files: list[store.Output] = render(made.report, request.formats)
    wanted = {output.name: output.sha256 for output in manifest.outputs}
    return [
        Check(f"{file.name} made again is the same, byte by byte", holds=_sha256(file) == wanted.get(file.name))
        for file in files
    ]


def _sha256(file: store.Output) -> str:
    return hashlib.sha256(file.content).hexdigest()
