"""The facts computed by Athena, for accounts too large to be read here: the same SQL over the same files.

Athena reads the account's compacted Parquet files where they lie. Rows that are still in JSON Lines were checked and
loaded here and are laid beside them as one more Parquet file. What comes back are the facts, which are small.
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
from insight.facts import (
    DOCUMENT_GROUPS,
    RAW_COLUMNS,
    ROW_COUNTS,
    USER_DAYS,
    Selection,
    document_groups_sql,
    first_copies_sql,
    names_sql,
    ours_sql,
    row_counts_sql,
    text_sql,
    user_days_sql,
)
from insight.facts_duckdb import move_duplicates
from opscore.errors import OpsError, TimedOut

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection

_HIVE_TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp", "DOUBLE": "double"}
_ATTEMPTS = 600


class AthenaFailed(OpsError):
    """A query did not succeed; the message is Athena's."""


@dataclass(frozen=True)
class Athena:
    """Where queries run: client, Glue database, workgroup, and the bucket prefix for results and staged rows."""

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
    run = f"{athena.prefix}/{uuid.uuid4().hex}"
    names = [f"events_{uuid.uuid4().hex}", f"staged_{uuid.uuid4().hex}"]
    compacted = f"s3://{events_bucket}/{layout.compacted_prefix(selection.account)}"
    try:
        _stage(athena, s3, connection, folder, f"{run}/staged/rows.parquet")
        _execute(
            athena, _table_sql(names[0], compacted, "PARTITIONED BY (month string)", _projection(compacted, selection))
        )
        _execute(athena, _table_sql(names[1], f"s3://{athena.bucket}/{run}/staged/"))
        raw = f"({_raw_sql(names, selection)}) AS raw_events"
        events = f"({first_copies_sql(f'({ours_sql(raw, selection)}) AS ours')}) AS events"
        for table, columns, query in (
            ("row_counts", ROW_COUNTS, row_counts_sql(raw, selection)),
            ("user_days", USER_DAYS, user_days_sql(events, selection.period)),
            ("document_groups", DOCUMENT_GROUPS, document_groups_sql(events, selection)),
        ):
            _fetch(athena, s3, connection, folder, table, columns, query)
    finally:
        for name in names:
            _execute(athena, f"DROP TABLE IF EXISTS {name}")
        _clear(s3, athena.bucket, f"{run}/")
    move_duplicates(connection)


def _raw_sql(names: list[str], selection: Selection) -> str:
    first, *_, last = *selection.period.utc_dates(), *selection.period.utc_dates()
    months = f"month >= '{first:%Y-%m}' AND month <= '{last:%Y-%m}'"
    columns = names_sql(RAW_COLUMNS)
    return f"SELECT {columns} FROM {names[0]} WHERE {months} UNION ALL SELECT {columns} FROM {names[1]}"


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


def _stage(athena: Athena, s3: Any, connection: "Connection", folder: Path, key: str) -> None:
    path = folder / "staged.parquet"
    connection.execute(f"COPY json_events TO {text_sql(str(path))} (FORMAT parquet)")
    with path.open("rb") as content:
        s3.put_object(Bucket=athena.bucket, Key=key, Body=content)
    path.unlink()


def _fetch(
    athena: Athena,
    s3: Any,
    connection: "Connection",
    folder: Path,
    table: str,
    columns: tuple[tuple[str, str], ...],
    query: str,
) -> None:
    """Run a query and load its result file into a table: that file has no limit, unlike the pages of the API."""
    bucket, _, key = _execute(athena, query).removeprefix("s3://").partition("/")
    path = folder / f"{table}.csv"
    answer = s3.get_object(Bucket=bucket, Key=key)
    with contextlib.closing(answer["Body"]) as body, path.open("wb") as out:
        shutil.copyfileobj(body, out)
    s3.delete_object(Bucket=bucket, Key=key)
    types = ", ".join(f"{text_sql(name)}: {text_sql(kind)}" for name, kind in columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {names_sql(columns)} FROM read_csv({text_sql(str(path))}, "
        f"header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {{{types}}}, "
        "nullstr = '')"
    )
    path.unlink()


def _execute(athena: Athena, query: str) -> str:
    """Run one statement to its end; return where its result lies."""
    started = athena.client.start_query_execution(
        QueryString=query,
        QueryExecutionContext={"Database": athena.database},
        WorkGroup=athena.workgroup,
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/{athena.prefix}/results/"},
    )
    pause = 0.05
    for _ in range(_ATTEMPTS):
        found = athena.client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        # It is over, with its result written, when it has an end.
        if found["Status"]["State"] == "SUCCEEDED" and found["Status"].get("CompletionDateTime"):
            return str(found["ResultConfiguration"]["OutputLocation"])
        if found["Status"]["State"] in ("FAILED", "CANCELLED"):
            raise AthenaFailed(f"Athena: {found['Status'].get('StateChangeReason', 'the query was cancelled')}")
        athena.sleep(pause)
        pause = min(pause * 1.5, 2.0)
    raise TimedOut("Athena did not finish the query in time.", hint="Is its workgroup throttled?")


def _clear(s3: Any, bucket: str, prefix: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
