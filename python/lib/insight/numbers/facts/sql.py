"""The facts that all numbers come from, as SQL that DuckDB and Athena read alike. There is no second spelling.

A relation of raw events (RAW_COLUMNS) becomes three small tables, whatever its size:

    row_counts       how many rows were read, how many are not counted and why
    user_days        what each user did on each local day
    document_groups  the documents by kind and creator, with their score uplift

Counts are exact and sums are of whole numbers, so neither the order of the rows nor the engine changes anything.
Instants count to the millisecond. One engine's `date_diff` counts the units that were completed, the other's those
that were begun: it is asked only where both are the same, from a whole second on or in milliseconds.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from insight.numbers.facts.day_numbers import day_number_sql, timestamp_sql
from insight.periods import Period
from insight.sources.events import HIGHEST_SCORE, Kind
from insight.sources.raw_columns import RAW_COLUMNS, Columns, names_sql, text_sql

FACTS_VERSION = 1
"""Raised when equal events would give other facts."""

SCORE_SCALE = 10_000
"""Scores count to four decimals, as whole numbers of ten-thousandths."""

SHOWN_USERS = 20
"""How many rows a page shows of a list of users; XLSX, CSV and JSON hold all of them."""

LATE_AFTER = timedelta(days=1)
"""An event that arrives this long after it happened is counted, and reported as late."""

ROW_COUNTS = (
    ("reason", "VARCHAR"),
    ("row_count", "BIGINT"),
    ("without_user", "BIGINT"),
    ("late", "BIGINT"),
    ("newest", "TIMESTAMP"),
    ("watermark", "TIMESTAMP"),
)
USER_DAYS = (
    ("user", "VARCHAR"),
    ("day", "INTEGER"),
    ("events", "BIGINT"),
    ("sessions", "BIGINT"),
    ("phrases_shown", "BIGINT"),
    ("phrases_accepted", "BIGINT"),
)
DOCUMENT_GROUPS = (
    ("document_kind", "VARCHAR"),
    ("creator", "VARCHAR"),
    ("created", "BIGINT"),
    ("scored", "BIGINT"),
    ("improved", "BIGINT"),
    ("uplift", "BIGINT"),
)

_KEY_SCALE = 10 * SCORE_SCALE * 100
COPY_ORDER = """date_trunc('millisecond', "at"), kind, "user", document, document_kind, score, first_score"""
"""Everything the facts use of a row: to them, copies that are equal in this are the same."""


@dataclass(frozen=True)
class Selection:
    """Which rows count: those of one account in one period."""

    account: str
    period: Period

    @property
    def starts(self) -> str:
        """The first instant, as SQL."""
        return timestamp_sql(self.period.starts_at)

    @property
    def ends(self) -> str:
        """The first instant after it, as SQL."""
        return timestamp_sql(self.period.ends_at)


def _demands(selection: Selection, among: Collection[str] | None = None) -> list[tuple[str, str]]:
    """Return what a row must hold to count, each with the reason that it is not counted for when it does not.

    Once those before it hold, each is true or false, never NULL, so it can be negated.
    `among` names the reasons that rows can have at all, when that is known: the others are not asked for.
    """
    kinds = ", ".join(text_sql(kind) for kind in Kind)
    created, scored = text_sql(Kind.DOCUMENT_CREATED), text_sql(Kind.DOCUMENT_SCORED)
    every = [
        # No row can lack these: 'damaged' is no reason to leave a row out but one to refuse its file.
        *(("damaged", f'"{name}" IS NOT NULL') for name in ("event_id", "account", "kind", "at")),
        ("foreign_account", f"account = {text_sql(selection.account)}"),
        ("unknown_kind", f"kind IN ({kinds})"),
        (
            "incomplete",
            f"(kind NOT IN ({created}, {scored}) OR (document IS NOT NULL AND document_kind IS NOT NULL))",
        ),
        ("incomplete", f"(kind <> {scored} OR (score IS NOT NULL AND {_is_score('score')}))"),
        ("outside_period", f'("at" >= {selection.starts} AND "at" < {selection.ends})'),
    ]
    return [(reason, demand) for reason, demand in every if among is None or reason in among]


def reason_sql(selection: Selection) -> str:
    """Return why a row is not counted, NULL when it is; duplicates are found afterwards."""
    cases = " ".join(f"WHEN NOT ({demand}) THEN {text_sql(reason)}" for reason, demand in _demands(selection))
    return f"CASE {cases} END"


def row_counts_sql(raw: str, selection: Selection) -> str:
    """Return the query of row_counts over the relation `raw`; duplicates are still among the counted (reason NULL)."""
    late = f"date_diff('millisecond', \"at\", received_at) > {int(LATE_AFTER.total_seconds()) * 1000}"
    return (
        "SELECT reason, count(*) AS row_count, "
        'sum(CASE WHEN "user" IS NULL THEN 1 ELSE 0 END) AS without_user, '
        f"sum(CASE WHEN {late} THEN 1 ELSE 0 END) AS late, "
        'max("at") AS newest, max(coalesce(received_at, "at")) AS watermark '
        f"FROM (SELECT {reason_sql(selection)} AS reason, {names_sql(RAW_COLUMNS)} FROM {raw}) AS screened "
        "GROUP BY reason"
    )


def ours_sql(raw: str, selection: Selection, among: Collection[str] | None = None) -> str:
    """Return the rows that count, duplicates included."""
    asked = " AND ".join(demand for _, demand in _demands(selection, among))
    return f"SELECT {names_sql(RAW_COLUMNS)} FROM {raw} WHERE {asked or 'true'}"


def first_copies_sql(ours: str) -> str:
    """Return every event once: the first of the rows with one event id."""
    return f"SELECT {names_sql(RAW_COLUMNS)} FROM ({numbered_sql(ours, RAW_COLUMNS)}) AS numbered WHERE copy = 1"


def numbered_sql(ours: str, columns: Columns) -> str:
    """Return the rows with the number `copy` among those of their event id, from 1.

    They are numbered by what is in them: copies may differ, and files have no order.
    """
    number = f"row_number() OVER (PARTITION BY event_id ORDER BY {COPY_ORDER})"
    return f"SELECT {names_sql(columns)}, {number} AS copy FROM {ours}"


def user_days_sql(events: str, period: Period) -> str:
    """Return the query of user_days over the relation `events`, which holds every event once."""
    return (
        f'SELECT "user", {day_number_sql(period)} AS day, count(*) AS events, '
        f"{_count(Kind.SESSION_STARTED)} AS sessions, {_count(Kind.PHRASE_SHOWN)} AS phrases_shown, "
        f"{_count(Kind.PHRASE_ACCEPTED)} AS phrases_accepted FROM {events} GROUP BY 1, 2"
    )


def documents_sql(events: str, selection: Selection) -> str:
    """Return one row for each document that was created or scored: kind, creator, first and last score.

    A moment and the score at it are one whole number, so that the first and the last are a plain min and max.
    """
    created, scored = text_sql(Kind.DOCUMENT_CREATED), text_sql(Kind.DOCUMENT_SCORED)
    when = f"date_diff('millisecond', {selection.starts}, \"at\") * {_KEY_SCALE}"
    known = f" AND {_is_score('first_score')}"

    def key(score: str, condition: str = "") -> str:
        whole = f"CAST(round({score} * {SCORE_SCALE}) AS BIGINT)"
        return f"CASE WHEN kind = {scored}{condition} THEN {when} + {whole} END"

    return (
        "SELECT document, min(document_kind) AS document_kind, "
        f'min(CASE WHEN kind = {created} THEN "user" END) AS creator, '
        f"max(CASE WHEN kind = {created} THEN 1 ELSE 0 END) AS created, "
        f"max(CASE WHEN kind = {scored} THEN 1 ELSE 0 END) AS scored, "
        f"min({key('score')}) AS first_score, max({key('score')}) AS last_score, "
        f"max({key('first_score', known)}) AS known_score "
        f"FROM {events} WHERE kind IN ({created}, {scored}) GROUP BY document"
    )


def document_groups_sql(events: str, selection: Selection) -> str:
    """Return the query of document_groups over the relation `events`, which holds every event once."""
    uplift = f"mod(last_score, {_KEY_SCALE}) - mod(coalesce(known_score, first_score), {_KEY_SCALE})"
    return (
        "SELECT document_kind, creator, sum(created) AS created, sum(scored) AS scored, "
        "sum(CASE WHEN uplift > 0 THEN 1 ELSE 0 END) AS improved, coalesce(sum(uplift), 0) AS uplift "
        f"FROM (SELECT document_kind, creator, created, scored, {uplift} AS uplift "
        f"FROM ({documents_sql(events, selection)}) AS documents) AS measured GROUP BY document_kind, creator"
    )


def _is_score(column: str) -> str:
    # Also false for NaN, which a Parquet file can hold.
    return f"({column} >= 0 AND {column} <= {HIGHEST_SCORE})"


def _count(kind: Kind) -> str:
    return f"sum(CASE WHEN kind = {text_sql(kind)} THEN 1 ELSE 0 END)"
