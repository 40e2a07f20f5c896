"""Where the numbers of one account are made: its event files, a database, and what was read for each period."""

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from insight import duck, layout
from insight.manifest import InputFile
from insight.numbers import analysis
from insight.numbers.analysis import Row, RowCounts
from insight.numbers.facts import athena as facts_athena
from insight.numbers.facts.athena import Athena
from insight.numbers.facts.local import compute_facts
from insight.numbers.facts.sql import FACTS_VERSION, Selection
from insight.numbers.metrics import DEFINITIONS_SHA256
from insight.orders.request import canonical_json
from insight.periods import Period
from insight.sources import event_tables
from insight.sources.accounts import Account
from insight.sources.event_files import EventFile, EventFiles
from insight.sources.events import DamagedEvents
from insight.sources.members import Member
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATHENA_ABOVE_BYTES = 2 * 1024**3
"""Where Athena takes over: some hundred million events in Parquet, more than a function's disk and minutes hold."""

_LOOK_AHEAD = timedelta(days=3)
_WORTH_KEEPING_FILES = 8
_WORTH_KEEPING_BYTES = 1024**2

Figures = dict[str, int | float | None]


class EventsChanged(OpsError):
    """Event files changed while they were read; made again, the report is whole."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            f"{len(keys)} event files changed while they were read: {', '.join(keys[:3])}.",
            hint="Its message goes back to the queue; the next try reads them as they are then.",
        )


@dataclass(frozen=True)
class Analysed:
    """What was found for one period."""

    engine: str
    counts: RowCounts
    inputs: tuple[InputFile, ...]
    missing: tuple[date, ...]
    figures: Figures
    tables: dict[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Earlier:
    """An earlier period's numbers; `fingerprint` names the files they were made of, `figures` is None without any."""

    period: Period
    fingerprint: str
    figures: Figures | None


@dataclass
class Workshop:
    """Everything that is needed to compute one account's numbers; `folder` is a scratch folder of its own."""

    s3: "S3Client"
    events_bucket: str
    summaries_bucket: str
    account: Account
    folder: Path
    athena: Athena | None = None
    athena_above_bytes: int = ATHENA_ABOVE_BYTES
    members: Sequence[Member] = ()
    files: EventFiles = field(init=False)
    _has_events: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.files = EventFiles(self.s3, self.events_bucket, self.account.account, self.folder)
        self.connection = duck.connect(self.folder)

    def look(self, first: Period, last: Period) -> None:
        """List the event files from the first to the last period, once, and a few days on: does the stream go on?"""
        *_, last_date = last.utc_dates()
        self.files.look(next(iter(first.utc_dates())), last_date + _LOOK_AHEAD)

    @property
    def has_events(self) -> bool:
        """Say whether the events themselves are in the database, as they are unless Athena read them."""
        return self._has_events

    def analyse(self, period: Period) -> Analysed:
        """Compute facts, figures and tables of a period; they stay in the database. Raises DamagedEvents."""
        engine, counts, inputs = self._facts(period)
        analysis.describe_account(self.connection, period, self.account.seats, self.members)
        figures = analysis.figures(self.connection)
        tables = analysis.tables(self.connection)
        return Analysed(engine, counts, inputs, tuple(self.files.missing_dates(period)), figures, tables)

    def earlier(self, period: Period) -> Earlier:
        """Return the figures of an earlier period, from the bucket when they were made of the same files before."""
        files = self.files.of(period)
        fingerprint = self._fingerprint(period, files)
        if not files:
            return Earlier(period, fingerprint, None)
        key = layout.summary_key(self.account.account, period.start, period.end, fingerprint)
        is_kept = len(files) >= _WORTH_KEEPING_FILES or sum(file.size for file in files) >= _WORTH_KEEPING_BYTES
        figures = self._kept(key) if is_kept else None
        if figures is None:
            self._facts(period)
            analysis.describe_account(self.connection, period, self.account.seats, ())
            figures = analysis.figures(self.connection)
            if is_kept:
                body = canonical_json(figures).encode()
                self.s3.put_object(Bucket=self.summaries_bucket, Key=key, Body=body, ContentType="application/json")
        return Earlier(period, fingerprint, figures)

    def _facts(self, period: Period) -> tuple[str, RowCounts, tuple[InputFile, ...]]:
        files = self.files.of(period)
        if self.athena and sum(file.size for file in files if file.is_parquet) > self.athena_above_bytes:
            return self._facts_by_athena(self.athena, period, files)
        self._has_events = True
        local = self.files.fetch(files)
        loaded = event_tables.load(self.connection, local)
        compute_facts(self.connection, Selection(self.account.account, period))
        if analysis.is_damaged(self.connection):
            raise event_tables.damaged_file(self.connection, local)
        return "DuckDB", analysis.row_counts(self.connection, loaded.torn), loaded.inputs

    def _facts_by_athena(
        self, athena: Athena, period: Period, files: Sequence[EventFile]
    ) -> tuple[str, RowCounts, tuple[InputFile, ...]]:
        """Let Athena read what is compacted; the lines of the last days are checked here and handed to it."""
        self._has_events = False
        lines = self.files.fetch([file for file in files if not file.is_parquet])
        loaded = event_tables.load(self.connection, lines)
        selection = Selection(self.account.account, period)
        facts_athena.compute_facts(athena, self.s3, self.connection, self.folder, self.events_bucket, selection)
        if analysis.is_damaged(self.connection):
            raise DamagedEvents(
                layout.compacted_prefix(selection.account), 0, "rows lack `event_id`, `account`, `kind` or `at`"
            )
        # Athena read what lay there then: it must be what was listed, and goes into the manifest.
        if changed := self.files.changed(period):
            raise EventsChanged(changed)
        unread = tuple(InputFile(file.key, file.etag.strip('"'), "", file.size, 0) for file in files if file.is_parquet)
        return "Athena", analysis.row_counts(self.connection, loaded.torn), (*loaded.inputs, *unread)

    def _kept(self, key: str) -> Figures | None:
        if key not in self._summaries:
            return None
        return dict(json.loads(self.s3.get_object(Bucket=self.summaries_bucket, Key=key)["Body"].read()))

    @functools.cached_property
    def _summaries(self) -> frozenset[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.summaries_bucket, Prefix=layout.summaries_prefix(self.account.account)
        )
        return frozenset(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def _fingerprint(self, period: Period, files: Sequence[EventFile]) -> str:
        made_of = {
            "facts": FACTS_VERSION,
            "definitions": DEFINITIONS_SHA256,
            "time_zone": period.time_zone,
            "seats": self.account.seats,
            "files": [[file.key, file.etag] for file in files],
        }
        return hashlib.sha256(canonical_json(made_of).encode()).hexdigest()[:24]
