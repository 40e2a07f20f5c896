"""An AWS in the test's own process, and a report to render."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from insight.numbers.analysis import Row, RowCounts
from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.report import Report, Source, event_source, gaps_of, make_figures, make_tables
from insight.periods import Period
from insight.sources.accounts import Account
from insight.sources.events import Dropped

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class World:
    """Clients of one empty AWS with the buckets and the table that reports need."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    reports: str = "reports"
    events: str = "usage-events"
    accounts: str = "accounts"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = World(boto3.client("s3", "us-east-1"), boto3.client("dynamodb", "us-east-1"))
        for bucket in (made.reports, made.events):
            made.s3.create_bucket(Bucket=bucket)
        made.dynamodb.create_table(
            TableName=made.accounts,
            KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield made


@pytest.fixture
def report_with() -> Callable[..., Report]:
    """Return a maker of reports; the texts in them are what a test gives."""

    def make(
        name: str = "Acme", segment: str = "enterprise", kind: str = "job post", note: str = "", users: int = 2
    ) -> Report:
        period = Period(date(2026, 10, 1), date(2026, 10, 4), "Europe/Berlin")
        counts = RowCounts(12, 9, {Dropped.DUPLICATE: 2, Dropped.OUTSIDE_PERIOD: 1})
        events = event_source(counts, files=4, missing=[date(2026, 10, 3)], engine="DuckDB")
        rows: dict[str, tuple[Row, ...]] = dict.fromkeys(TABLES, ())
        rows["daily_active_users"] = tuple(zip(period.days, (5, 0, 6), strict=True))
        rows["documents_by_kind"] = ((kind, 3, 2, -1.25),)
        rows["top_users"] = tuple((f"u{number}", name, kind, 1, 1, 0, 2) for number in range(users))
        figures: dict[str, int | float | None] = dict.fromkeys(FIGURES, 7)
        figures |= {"seats": 40, "seat_utilisation": 0.175, "mean_score_uplift": -1.25, "phrase_acceptance": None}
        return Report(
            report_id="r_0123456789abcdef01234567",
            spec_version=2,
            account=Account("acme", name, "Europe/Berlin", 40, segment),
            period=period,
            sources=(Source(events.name, events.read, events.counted, events.dropped, (*events.notes, note)),),
            figures=make_figures(figures),
            tables=make_tables(rows),
            gaps=gaps_of(counts, period, date(2026, 10, 2)),
            as_of="2026-10-02T20:00:00Z, when the latest event arrived",
        )

    return make
