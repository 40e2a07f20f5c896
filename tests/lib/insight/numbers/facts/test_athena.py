"""Both engines give the same numbers: DuckDB here, and the emulated Athena over the same files in the bucket."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight import layout
from insight.delivery import deliver
from insight.delivery.deliver import Places
from insight.delivery.reader import EventsChanged
from insight.numbers.facts import athena as facts_athena
from insight.numbers.facts import sql as facts
from insight.numbers.facts.athena import Athena, AthenaFailed
from insight.numbers.facts.sql import Selection
from insight.orders.request import ReportRequest
from insight.periods import Period
from insight.sources.accounts import Account
from insight.sources.events import DamagedEvents, Dropped, UsageEvent
from ops_cli.clone import places as sandbox
from ops_cli.clone.record import REGION
from ops_cli.sandbox.emulator import lifecycle
from opscore.errors import TimedOut
from tests.emulator.emulated_account import Account as Emulated
from tests.lib.insight import plain
from tests.lib.insight.event_data import json_line, parquet, usage

BUCKETS = ("athena-reports", "athena-events")


@dataclass(frozen=True)
class World:
    """One running emulator with buckets, accounts table and a Glue database."""

    places: Places
    athena: Athena
    glue: Any

    def put(self, key: str, content: bytes) -> None:
        self.places.s3.put_object(Bucket=BUCKETS[1], Key=key, Body=content)

    def keys(self, bucket: str) -> list[str]:
        return [entry["Key"] for entry in self.places.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def tables(self) -> list[str]:
        return [table["Name"] for table in self.glue.get_tables(DatabaseName="insight")["TableList"]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    where = sandbox.Places(tmp_path_factory.mktemp("sandbox"))
    account = Emulated(lifecycle.ensure_running(where, print))
    s3, dynamodb = account.client("s3"), account.client("dynamodb")
    for bucket in BUCKETS:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    dynamodb.create_table(
        TableName="accounts",
        KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    glue = account.client("glue")
    glue.create_database(DatabaseInput={"Name": "insight"})
    athena = Athena(account.client("athena"), "insight", "primary", BUCKETS[0])
    yield World(Places(s3, dynamodb, *BUCKETS, "accounts", athena=athena, athena_above_bytes=0), athena, glue)
    lifecycle.stop(where, print)


def months(events: list[UsageEvent]) -> dict[date, list[UsageEvent]]:
    def month(event: UsageEvent) -> date:
        return event.at.date().replace(day=1)

    return {key: list(found) for key, found in itertools.groupby(sorted(events, key=month), key=month)}


NUMBER = itertools.count()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(usage(), st.integers(0, 40))
def test_both_engines_give_the_same_report_and_it_is_the_plain_one(
    world: World, tmp_path: Path, drawn: tuple[Period, list[UsageEvent]], cut: int
) -> None:
    period, drawn_events = drawn
    name = f"acme-{next(NUMBER)}"
    events = [UsageEvent(**{**vars(one), "account": name if one.account == "acme" else "x"}) for one in drawn_events]
    # One file at least is compacted, or there would be nothing for Athena to read.
    padding = UsageEvent("padding", "x", None, "session_started", period.starts_at)
    account = Account(name, "Acme", period.time_zone, 3, "enterprise")
    world.places.dynamodb.put_item(TableName="accounts", Item=account.to_item())
    for month, rows in months([*events[cut:], padding]).items():
        file = parquet(tmp_path, f"{name}-{month}", rows)
        world.put(layout.compacted_key(name, month), file.path.read_bytes())
    for number, event in enumerate(events[:cut]):
        day = event.at.date()
        world.put(f"{layout.events_day(name, day)}part-{number}.jsonl", json_line(event))
    request = ReportRequest(name, period.start, period.end, period.time_zone)
    by_athena = deliver.make(request, world.places)
    by_duckdb = deliver.make(request, Places(world.places.s3, world.places.dynamodb, *BUCKETS, "accounts"))
    assert (by_athena.found.engine, by_duckdb.found.engine) == ("Athena", "DuckDB")
    assert by_athena.found.figures == by_duckdb.found.figures
    assert by_athena.found.tables == by_duckdb.found.tables
    assert by_athena.report.tables == by_duckdb.report.tables
    in_utc = [event for event in events if period.starts_at.date() <= event.at.date() <= _last_date(period)]
    kept, _ = plain.screen(in_utc, name, period)
    assert by_athena.found.figures == pytest.approx(plain.figures(kept, period, 3))
    assert by_athena.found.counts.counted == len(kept)
    assert by_athena.found.counts.dropped == by_duckdb.found.counts.dropped
    assert by_athena.found.counts.late == by_duckdb.found.counts.late


def _last_date(period: Period) -> date:
    *_, last = period.utc_dates()
    return last


def test_a_row_that_says_nothing_is_damage_and_no_row_less(world: World, tmp_path: Path) -> None:
    name = "damaged"
    world.places.dynamodb.put_item(TableName="accounts", Item=Account(name, "D", "UTC", 3, "enterprise").to_item())
    rows = [UsageEvent("e", name, "ann", "session_started", datetime.fromisoformat("2026-10-05T09:00:00+00:00"))]
    file = parquet(tmp_path, name, rows, "* REPLACE (NULL AS kind)")
    world.put(layout.compacted_key(name, date(2026, 10, 1)), file.path.read_bytes())
    request = ReportRequest(name, date(2026, 10, 1), date(2026, 11, 1), "UTC")
    with pytest.raises(DamagedEvents, match="compacted/account=damaged/: rows lack `event_id`"):
        deliver.make(request, world.places)


def test_a_file_that_comes_while_athena_reads_is_no_part_of_a_report_that_does_not_name_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "moving"
    world.places.dynamodb.put_item(TableName="accounts", Item=Account(name, "M", "UTC", 3, "enterprise").to_item())
    rows = [UsageEvent("e", name, "ann", "session_started", datetime.fromisoformat("2026-10-05T09:00:00+00:00"))]
    content = parquet(tmp_path, name, rows).path.read_bytes()
    world.put(layout.compacted_key(name, date(2026, 10, 1)), content)
    compute = facts_athena.compute_facts

    def and_then_one_more(*arguments: Any) -> None:
        compute(*arguments)
        world.put(f"{layout.compacted_prefix(name)}month=2026-10/late.parquet", content)

    monkeypatch.setattr(facts_athena, "compute_facts", and_then_one_more)
    request = ReportRequest(name, date(2026, 10, 1), date(2026, 11, 1), "UTC")
    with pytest.raises(EventsChanged, match=r"Event files changed .*late\.parquet"):
        deliver.make(request, world.places)
    monkeypatch.undo()
    assert deliver.make(request, world.places).found.counts.dropped == {Dropped.DUPLICATE: 1}


def test_an_athena_that_refuses_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    name = "refused"
    world.places.dynamodb.put_item(TableName="accounts", Item=Account(name, "R", "UTC", 3, "enterprise").to_item())
    rows = [UsageEvent("e", name, "ann", "session_started", datetime.fromisoformat("2026-10-05T09:00:00+00:00"))]
    world.put(layout.compacted_key(name, date(2026, 10, 1)), parquet(tmp_path, name, rows).path.read_bytes())
    athena = replace(world.athena, client=Client("FAILED"))
    with pytest.raises(AthenaFailed, match="SYNTAX_ERROR"):
        deliver.make(
            ReportRequest(name, date(2026, 10, 1), date(2026, 11, 1), "UTC"), replace(world.places, athena=athena)
        )
    assert [key for key in world.keys(BUCKETS[0]) if not key.startswith("summaries/")] == []


def test_nothing_is_left_behind_in_the_bucket_or_the_catalogue(world: World) -> None:
    """Run last: the tests before it made tables, staged rows and left results, one of them with an error."""
    assert world.keys(BUCKETS[0]) == [key for key in world.keys(BUCKETS[0]) if key.startswith("summaries/")]
    assert world.tables() == []


def test_a_small_account_is_read_here(world: World) -> None:
    """With the size that is really set, nothing of this size goes to Athena."""
    name = "small"
    account = Account(name, "Small", "UTC", 3, "enterprise")
    world.places.dynamodb.put_item(TableName="accounts", Item=account.to_item())
    event = UsageEvent("e", name, "ann", "session_started", datetime.fromisoformat("2026-10-05T09:00:00+00:00"))
    world.put(layout.events_key(name, date(2026, 10, 5)), json_line(event))
    request = ReportRequest(name, date(2026, 10, 1), date(2026, 11, 1), "UTC")
    places = Places(world.places.s3, world.places.dynamodb, *BUCKETS, "accounts", athena=world.athena)
    assert deliver.make(request, places).found.engine == "DuckDB"


def test_the_facts_use_only_what_both_engines_have() -> None:
    """Names of functions that Trino and DuckDB document with one meaning for what is asked here."""
    period = Period(date(2026, 2, 26), date(2026, 5, 2), "America/Santiago")
    selection = Selection("acme", period)
    queries = (
        facts.row_counts_sql("raw", selection),
        facts.user_days_sql("events", period),
        facts.document_groups_sql("events", selection),
        facts.first_copies_sql(facts.ours_sql("raw", selection)),
    )
    called = {name.lower() for query in queries for name in re.findall(r"\b(\w+)\(", query)}
    assert called <= {"cast", "coalesce", "count", "date_diff", "date_trunc", "floor", "max", "min", "mod", "round"} | {
        "row_number",
        "sum",
    }
    assert not [query for query in queries if "::" in query or "//" in query or "EXCLUDE" in query]


class Client:
    """An Athena whose queries end in one state."""

    def __init__(self, state: str) -> None:
        self.state = state

    def start_query_execution(self, **_: Any) -> dict[str, str]:
        return {"QueryExecutionId": "q"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        status = {"State": self.state, "StateChangeReason": "SYNTAX_ERROR: line 1"}
        return {"QueryExecution": {"Status": status, "ResultConfiguration": {"OutputLocation": "s3://b/k"}}}


@pytest.mark.parametrize(
    ("state", "error", "says"),
    [
        ("FAILED", AthenaFailed, "SYNTAX_ERROR"),
        ("CANCELLED", AthenaFailed, "Athena: "),
        ("RUNNING", TimedOut, "in time"),
    ],
)
def test_a_query_that_does_not_succeed_says_why(state: str, error: type[Exception], says: str) -> None:
    slept: list[float] = []
    athena = Athena(Client(state), "insight", "primary", "bucket", sleep=slept.append)
    with duckdb.connect() as connection, pytest.raises(error, match=says):
        facts_athena._Run(athena, None, connection, Path(), "athena/run/").execute("SELECT 1")
    assert all(pause <= 2 for pause in slept)
