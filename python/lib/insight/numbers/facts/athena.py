"""The facts computed by Athena, for accounts too large to be read here: the same SQL over the same files.

Athena reads the account's compacted Parquet files in their bucket. Rows that are still in JSON Lines are checked and
loaded here and written beside them as one more Parquet file. The results are the facts, which are small.

Athena knows an instant to the millisecond (https://docs.aws.amazon.com/athena/latest/ug/data-types.html) and rounds
what is finer, so compacted files hold whole milliseconds; the facts ask for no more in either engine.
"""

import contextlib
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insight import layout
from insight.numbers.facts.local import move_duplicates
from insight.numbers.facts.sql import (
    DOCUMENT_GROUPS,
    ROW_COUNTS,
    USER_DAYS,
    Selection,
    document_groups_sql,
    first_copies_sql,
    ours_sql,
    row_counts_sql,
    user_days_sql,
)
from insight.sources.raw_columns import RAW_COLUMNS, names_sql, stored_sql, text_sql
from opscore.errors import OpsError, TimedOut

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection

_HIVE_TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp", "DOUBLE": "double"}
_FIRST_PAUSE, _LONGEST_PAUSE, _ATTEMPTS = 0.05, 2.0, 600


class AthenaFailed(OpsError):
    """A query did not succeed; the message is Athena's."""


@dataclass(frozen=True)
class Athena:
    """Where queries run: client, Glue database, workgroup, bucket and prefix for results and staged rows."""

    client: Any
    database: str
    workgroup: str
    bucket: str
    prefix: str = "athena"
    sleep: Callable[[float], None] = time.sleep


def compute_facts(
    athena: Athena, s3: Any, connection: "Connection", folder: Path, events_bucket: str, selection: Selection
) -> None:
    """Make the tables row_counts, user_days and document_groups; the connection's `json_events` is part of the rows."""
    run = _Run(athena, s3, connection, folder, f"{athena.prefix}/{uuid.uuid4().hex}/")
    compacted, staged = f"events_{uuid.uuid4().hex}", f"staged_{uuid.uuid4().hex}"
    location = f"s3://{events_bucket}/{layout.compacted_prefix(selection.account)}"
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(run.clear)
        for name in (compacted, staged):
            cleanup.callback(run.execute, f"DROP TABLE IF EXISTS {name}")
        run.stage("staged/rows.parquet")
        partitions, projection = "PARTITIONED BY (month string)", _projection(location, selection)
        run.execute(_table_sql(compacted, location, partitions, projection))
        run.execute(_table_sql(staged, f"s3://{athena.bucket}/{run.prefix}staged/"))
        raw = f"({_raw_sql(compacted, staged, selection)}) AS raw_events"
        events = f"({first_copies_sql(f'({ours_sql(raw, selection)}) AS ours')}) AS events"
        run.fetch("row_counts", ROW_COUNTS, row_counts_sql(raw, selection))
        run.fetch("user_days", USER_DAYS, user_days_sql(events, selection.period))
        run.fetch("document_groups", DOCUMENT_GROUPS, document_groups_sql(events, selection))
    move_duplicates(connection)


def _raw_sql(compacted: str, staged: str, selection: Selection) -> str:
    days = tuple(selection.period.utc_dates())
    months = f"month >= '{days[0]:%Y-%m}' AND month <= '{days[-1]:%Y-%m}'"
    columns = names_sql(RAW_COLUMNS)
    return f"SELECT {columns} FROM {compacted} WHERE {months} UNION ALL SELECT {columns} FROM {staged}"


def _table_sql(name: str, location: str, partitions: str = "", properties: str = "") -> str:
    columns = ", ".join(f"`{column}` {_HIVE_TYPES[kind]}" for column, kind in RAW_COLUMNS)
    return f"CREATE EXTERNAL TABLE {name} ({columns}) {partitions} STORED AS PARQUET LOCATION '{location}' {properties}"


def _projection(location: str, selection: Selection) -> str:
    """Return the properties that let Athena work out the partitions, which then need not be registered."""
    days = tuple(selection.period.utc_dates())
    properties = {
        "projection.enabled": "true",
        "projection.month.type": "date",
        "projection.month.format": "yyyy-MM",
        "projection.month.range": f"{days[0]:%Y-%m},{days[-1]:%Y-%m}",
        "projection.month.interval": "1",
        "projection.month.interval.unit": "MONTHS",
        "storage.location.template": f"{location}month=${{month}}/",
    }
    return f"TBLPROPERTIES ({', '.join(f'{text_sql(name)} = {text_sql(value)}' for name, value in properties.items())})"


@dataclass(frozen=True)
class _Run:
    """The statements of one computation; all that they write is below `prefix` and is removed with it."""

    athena: Athena
    s3: Any
    connection: "Connection"
    folder: Path
    prefix: str

    def stage(self, name: str) -> None:
        """Write the rows of `json_events` where Athena can read them, with instants cut to the millisecond."""
        path = self.folder / "staged.parquet"
        self.connection.execute(
            f"COPY (SELECT {stored_sql()} FROM json_events) TO {text_sql(str(path))} (FORMAT parquet)"
        )
        with path.open("rb") as content:
            self.s3.put_object(Bucket=self.athena.bucket, Key=self.prefix + name, Body=content)
        path.unlink()

    def fetch(self, table: str, columns: tuple[tuple[str, str], ...], query: str) -> None:
        """Run a query and load its result file into a table: that file has no limit, unlike the pages of the API."""
        bucket, _, key = self.execute(query).removeprefix("s3://").partition("/")
        path = self.folder / f"{table}.csv"
        answer = self.s3.get_object(Bucket=bucket, Key=key)
        with contextlib.closing(answer["Body"]) as body, path.open("wb") as out:
            shutil.copyfileobj(body, out)
        types = ", ".join(f"{text_sql(name)}: {text_sql(kind)}" for name, kind in columns)
        # Athena quotes every value; what is not quoted is null, an empty text is not.
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {names_sql(columns)} FROM read_csv({text_sql(str(path))}, "
            f"header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {{{types}}}, "
            "nullstr = '', allow_quoted_nulls = false)"
        )
        path.unlink()

    def execute(self, query: str) -> str:
        """Run one statement to its end; return where its result lies. Raises AthenaFailed, TimedOut."""
        started = self.athena.client.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": self.athena.database},
            WorkGroup=self.athena.workgroup,
            ResultConfiguration={"OutputLocation": f"s3://{self.athena.bucket}/{self.prefix}results/"},
        )
        pause = _FIRST_PAUSE
        for _ in range(_ATTEMPTS):
            answer = self.athena.client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
            found = answer["QueryExecution"]
            if found["Status"]["State"] == "SUCCEEDED":
                return str(found["ResultConfiguration"]["OutputLocation"])
            if found["Status"]["State"] in ("FAILED", "CANCELLED"):
                raise AthenaFailed(f"Athena: {found['Status'].get('StateChangeReason', 'the query was cancelled')}")
            self.athena.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        raise TimedOut("Athena did not finish the query in time.", hint="Is its workgroup throttled?")

    def clear(self) -> None:
        """Remove what was staged and what the statements wrote."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.athena.bucket, Prefix=self.prefix):
            for entry in page.get("Contents", []):
                self.s3.delete_object(Bucket=self.athena.bucket, Key=entry["Key"])
