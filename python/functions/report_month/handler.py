"""Entry point of the monthly run: the schedule's scheduled time, or a person's order, becomes requests."""

import functools
import os
from datetime import UTC, datetime
from typing import Any

import boto3

from insight.months.survey import MonthOrder
from insight.orders.state_table import States
from opscore.logs import structured_log
from opscore.queues.sender import send_all
from opscore.settings import read

from .core import Dependencies, open_month
from .settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


@functools.cache
def _wiring() -> Dependencies:
    """Build settings and clients once per execution environment, not at import."""
    settings = read(Settings, os.environ)
    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    return Dependencies(
        s3=boto3.client("s3"),
        dynamodb=dynamodb,
        states=States(dynamodb, settings.reports_table, _now),
        send=lambda bodies: send_all(sqs, settings.report_queue_url, bodies),
        now=_now,
        reports_bucket=settings.reports_bucket,
        accounts_table=settings.accounts_table,
        patience_seconds=settings.patience_seconds,
    )


def handle(event: object, _context: object) -> dict[str, Any]:
    """Open the month that `event` (insight.months.survey.MonthOrder) asks for; raises when a request is not sent."""
    outcome = open_month(MonthOrder.from_payload(event), _wiring()).to_payload()
    structured_log.write("INFO", "month opened", **outcome)
    return outcome
