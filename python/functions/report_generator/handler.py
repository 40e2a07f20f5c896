"""SQS entry point of the report generator: unpack, call, report partial failures."""

import functools
import os
import random
from collections.abc import Mapping
from typing import Any

import boto3

from insight.delivery import Places
from insight.requests import ReportRequest
from opscore.queue_worker import BatchResponse, Invocation, Retry, Work, process_batch
from opscore.settings import read

from .core import report_work
from .settings import Settings


@functools.cache
def _wiring() -> tuple[Work[ReportRequest], Retry]:
    """Build settings and clients once per execution environment, not at import."""
    settings = read(Settings, os.environ)
    places = Places(
        s3=boto3.client("s3"),
        dynamodb=boto3.client("dynamodb"),
        reports_bucket=settings.reports_bucket,
        events_bucket=settings.usage_events_bucket,
        accounts_table=settings.accounts_table,
    )
    sqs = boto3.client("sqs")

    def shorten(receipt_handle: str, seconds: int) -> None:
        sqs.change_message_visibility(
            QueueUrl=settings.report_queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )

    return report_work(places), Retry(settings.retry_base_seconds, shorten, random.random)


def handle(event: Mapping[str, Any], context: Invocation) -> BatchResponse:
    """Make the reports whose requests are in `event`; what the answer names goes back to the queue."""
    work, retry = _wiring()
    return process_batch(event, work, retry=retry, remaining_milliseconds=context.get_remaining_time_in_millis)
