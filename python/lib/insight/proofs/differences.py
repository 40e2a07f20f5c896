"""What changed between two reports of one account: which numbers, and which late or changed rows are behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insight.delivery.deliver import Places, open_reader
from insight.manifest import InputFile, Manifest
from insight.numbers.facts.sql import Selection, reason_sql
from insight.numbers.metrics import FIGURES
from insight.numbers.register import Unit
from insight.proofs.provenance import InputsGone, request_of
from insight.sources import event_tables
from insight.sources.event_files import LocalFile
from insight.sources.raw_columns import RAW_COLUMNS, names_sql
from opscore.errors import UsageProblem

if TYPE_CHECKING:
    from insight.delivery.reader import AccountReader


_CAUSES = {
    "facts": "the facts are computed differently",
    "definitions": "the definitions differ",
    "account": "the account's record differs: its seats, zone, name or segment",
    "members": "the members on record differ",
    "peers": "the peers differ",
}


@dataclass(frozen=True)
class MovedFigure:
    """One number that differs, and how many rows that count for it came and went."""

    metric: str
    unit: Unit
    before: int | float | None
    after: int | float | None
    rows_added: int
    rows_removed: int


@dataclass(frozen=True)
class Difference:
    """Two reports side by side. `causes` are the reasons other than rows: seats, definitions, period."""

    figures: tuple[MovedFigure, ...]
    files: Mapping[str, str]
    rows_added: int
    rows_removed: int
    causes: tuple[str, ...]


def diff(before: Manifest, after: Manifest, places: Places) -> Difference:
    """Return what changed from one report to another of the same account. Raises InputsGone, UsageProblem."""
    first, second = request_of(before), request_of(after)
    if first.account != second.account:
        raise UsageProblem(f"One report is of {first.account}, the other of {second.account}.")
    files = _changed_files(before, after)
    same_period = first.period == second.period
    with open_reader(second, places) as reader:
        for manifest, request, table in ((before, first, "rows_before"), (after, second, "rows_after")):
            # In one period, equal files hold equal rows.
            inputs = [file for file in manifest.inputs if not same_period or file.key in files]
            _load(reader, inputs, table, Selection(request.account, request.period))
        added, removed = _count(reader, "rows_after", "rows_before"), _count(reader, "rows_before", "rows_after")
        moved = [key for key in FIGURES if before.figures.get(key) != after.figures.get(key)]
        figures = tuple(_moved(reader, key, before, after) for key in moved)
    return Difference(figures, files, added, removed, _causes(before, after))


def _changed_files(before: Manifest, after: Manifest) -> dict[str, str]:
    """Return the event files that came, went or changed, and which of that."""
    old, new = {file.key: file.etag for file in before.inputs}, {file.key: file.etag for file in after.inputs}
    changed = {}
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            changed[key] = "new" if key not in old else "gone" if key not in new else "changed"
    return changed


def _causes(before: Manifest, after: Manifest) -> tuple[str, ...]:
    asked = ("start", "end", "time_zone")
    requested = [f"the requests differ in `{name}`" for name in asked if _differ(before.request, after.request, name)]
    made = [cause for name, cause in _CAUSES.items() if _differ(before.versions, after.versions, name)]
    return (*requested, *made)


def _differ(first: Mapping[str, object], second: Mapping[str, object], name: str) -> bool:
    return first.get(name) != second.get(name)


def _load(reader: "AccountReader", inputs: Sequence[InputFile], table: str, selection: Selection) -> None:
    """Make a table of the rows in these files that count, each once."""
    if gone := reader.files.pin(inputs):
        raise InputsGone(gone)
    files: list[LocalFile] = reader.files.fetch_pinned()
    event_tables.load(reader.connection, files)
    reader.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT {names_sql(RAW_COLUMNS)} FROM raw_events "
        f"WHERE ({reason_sql(selection)}) IS NULL"
    )


def _count(reader: "AccountReader", table: str, other: str, condition: str = "true") -> int:
    columns = names_sql(RAW_COLUMNS)
    rest = f"SELECT {columns} FROM {table} EXCEPT SELECT {columns} FROM {other}"
    ((rows,),) = reader.connection.execute(f"SELECT count(*) FROM ({rest}) WHERE {condition}").fetchall()
    return int(rows)


def _moved(reader: "AccountReader", key: str, before: Manifest, after: Manifest) -> MovedFigure:
    metric = FIGURES[key]
    return MovedFigure(
        metric=key,
        unit=metric.unit,
        before=before.figures.get(key),
        after=after.figures.get(key),
        rows_added=_count(reader, "rows_after", "rows_before", metric.rows),
        rows_removed=_count(reader, "rows_before", "rows_after", metric.rows),
    )
