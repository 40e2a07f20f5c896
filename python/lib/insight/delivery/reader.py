"""Reading one account: its event files, and a database in which its numbers are computed, period by period."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from insight import duck, layout
from insight.manifest import InputFile
from insight.numbers import analysis, kept_figures
from insight.numbers.analysis import Earlier, PeriodNumbers, RowCounts
from insight.numbers.facts import athena as facts_athena
from insight.numbers.facts.athena import Athena
from insight.numbers.facts.local import compute_facts
from insight.numbers.facts.sql import Selection
from insight.numbers.kept_figures import KeptFigures
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

_DAYS_AFTER = timedelta(days=3)
"""How far after a period files are listed: files of later days show that the events go on."""


class EventsChanged(OpsError):
    """Event files changed while they were read; the next try reads all of them again."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(
            f"Event files changed while they were read: {', '.join(keys[:3])}.",
            hint="Its message goes back to the queue; the next try reads them as they are then.",
        )


@dataclass
class AccountReader:
    """Reads one account's events and computes its numbers; `folder` is a scratch folder of its own.

    `kept_bucket` holds the figures of earlier periods. `members` are given before the first `analyse`.
    """

    s3: "S3Client"
    events_bucket: str
    kept_bucket: str
    account: Account
    folder: Path
    athena: Athena | None = None
    athena_above_bytes: int = ATHENA_ABOVE_BYTES
    members: Sequence[Member] = ()
    files: EventFiles = field(init=False)
    has_events: bool = field(default=False, init=False)
    """Whether the events themselves are in the database, as they are unless Athena read them."""

    def __post_init__(self) -> None:
        self.files = EventFiles(self.s3, self.events_bucket, self.account.account, self.folder)
        self.connection = duck.connect(self.folder)
        self._kept = KeptFigures(self.s3, self.kept_bucket, self.account.account)

    def list_files(self, first: Period, last: Period) -> None:
        """List the event files from the first to the last period, once, and those of a few days after it."""
        *_, last_date = last.utc_dates()
        self.files.list_dates(next(iter(first.utc_dates())), last_date + _DAYS_AFTER)

    def analyse(self, period: Period) -> PeriodNumbers:
        """Compute facts, figures and tables of a period; they stay in the database. Raises DamagedEvents."""
        engine, counts, inputs = self._facts(period)
        analysis.describe_account(self.connection, period, self.account.seats, self.members)
        figures = analysis.figures(self.connection)
        tables = analysis.tables(self.connection)
        return PeriodNumbers(engine, counts, inputs, tuple(self.files.missing_dates(period)), figures, tables)

    def earlier(self, period: Period) -> Earlier:
        """Return the figures of an earlier period, from the bucket when they were made of the same files before."""
        files = self.files.of(period)
        made_of = kept_figures.fingerprint(self.account, period, files)
        if not files:
            return Earlier(period, made_of, None)
        is_kept = kept_figures.is_worth_keeping(files)
        figures = self._kept.find(period, made_of) if is_kept else None
        if figures is None:
            self._facts(period)
            analysis.describe_account(self.connection, period, self.account.seats, ())
            figures = analysis.figures(self.connection)
            if is_kept:
                self._kept.keep(period, made_of, figures)
        return Earlier(period, made_of, figures)

    def _facts(self, period: Period) -> tuple[str, RowCounts, tuple[InputFile, ...]]:
        files = self.files.of(period)
        if self.athena and sum(file.size for file in files if file.is_parquet) > self.athena_above_bytes:
            return self._facts_by_athena(self.athena, period, files)
        self.has_events = True
        local = self.files.fetch(files)
        loaded = event_tables.load(self.connection, local)
        compute_facts(self.connection, Selection(self.account.account, period))
        if analysis.is_damaged(self.connection):
            raise event_tables.damaged_file(self.connection, local)
        return "DuckDB", analysis.row_counts(self.connection, loaded.torn), loaded.inputs

    def _facts_by_athena(
        self, athena: Athena, period: Period, files: Sequence[EventFile]
    ) -> tuple[str, RowCounts, tuple[InputFile, ...]]:
        """Let Athena read the compacted files; the lines of the last days are checked here and handed to it."""
        self.has_events = False
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
