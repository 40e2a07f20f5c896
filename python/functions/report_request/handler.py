"""Entry point of the report request function: take the order, answer, leave one log line."""

import functools
import os
from datetime import UTC, datetime

import boto3

from insight.orders.state_table import States
from opscore.logs import structured_log
from opscore.settings import read

from .core import Dependencies, place_order
from .settings import Settings


@functools.cache
def _wiring() -> Dependencies:
    """Build settings and clients once per execution environment, not at import."""
    settings = read(Settings, os.environ)
    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    return Dependencies(
        s3=boto3.client("s3"),
        dynamodb=dynamodb,
        states=States(dynamodb, settings.reports_table, lambda: datetime.now(UTC)),
        send=lambda body: sqs.send_message(QueueUrl=settings.report_queue_url, MessageBody=body),
        reports_bucket=settings.reports_bucket,
        accounts_table=settings.accounts_table,
        maximum_period_days=settings.maximum_period_days,
        formats=tuple(settings.formats.split(",")),
    )


def handle(event: object, _context: object) -> dict[str, str]:
    """Answer an order (insight.orders.request.ReportOrder) with what became of it (ReportAnswer)."""
    answer = place_order(event, _wiring())
    structured_log.write(
        "INFO", "order answered", status=answer.status, report_id=answer.report_id, reason=answer.reason
    )
    return answer.to_payload()
