"""Entry point of the sweeper, run by its schedule on the days after a month was opened."""

import functools
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

from insight.months.survey import MonthOrder
from insight.orders.state_table import States
from opscore.logs import structured_log
from opscore.queues.sender import send_all
from opscore.settings import read

from .core import Dependencies, sweep
from .settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient

NAMESPACE = "opsctl/reports"
FORGOTTEN = "ForgottenMonths"


def _now() -> datetime:
    return datetime.now(UTC)


@functools.cache
def _wiring() -> Dependencies:
    """Build settings and clients once per execution environment, not at import."""
    settings = read(Settings, os.environ)
    sqs, functions, cloudwatch = boto3.client("sqs"), boto3.client("lambda"), boto3.client("cloudwatch")
    return Dependencies(
        s3=boto3.client("s3"),
        states=States(boto3.client("dynamodb"), settings.reports_table, _now),
        send=lambda bodies: send_all(sqs, settings.report_queue_url, bodies),
        open_month=lambda order: _open(functions, settings.report_month_alias, order),
        count_forgotten=lambda: _count(cloudwatch, settings.stack),
        now=_now,
        reports_bucket=settings.reports_bucket,
        events_bucket=settings.usage_events_bucket,
        patience_seconds=settings.patience_seconds,
        reissue_share=settings.reissue_share,
        maximum_generations=settings.maximum_generations,
    )


def _open(functions: "LambdaClient", alias: str, order: MonthOrder) -> None:
    structured_log.write("ERROR", "month was never opened: it is opened now", month=order.month)
    functions.invoke(FunctionName=alias, InvocationType="Event", Payload=json.dumps(order.to_payload()))


def _count(cloudwatch: "CloudWatchClient", stack: str) -> None:
    cloudwatch.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[{"MetricName": FORGOTTEN, "Dimensions": [{"Name": "Stack", "Value": stack}], "Value": 1}],
    )


def handle(event: object, _context: object) -> dict[str, Any]:
    """Sweep the month that `event` (insight.months.survey.MonthOrder) names; raises when a request is not sent."""
    outcome = sweep(MonthOrder.from_payload(event), _wiring()).to_payload()
    structured_log.write("INFO", "month swept", **outcome)
    return outcome
