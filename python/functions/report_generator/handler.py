"""SQS entry point of the report generator: unpack, call, report partial failures."""

import functools
import os
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3

from insight.delivery.deliver import Places
from insight.numbers.facts.athena import Athena
from insight.orders.state_table import States
from opscore.queues.dead_letter_copy import dead_letter
from opscore.queues.worker import BatchResponse, Invocation, Message, PermanentError, Retry, process_batch
from opscore.settings import read

from .core import report_work
from .lifecycle import Lifecycle
from .notices import Notices
from .settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


@functools.cache
def _wiring() -> tuple[functools.partial[Lifecycle], Retry]:
    """Build settings and clients once per execution environment, not at import."""
    settings = read(Settings, os.environ)
    sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
    places = Places(
        s3=boto3.client("s3"),
        dynamodb=dynamodb,
        reports_bucket=settings.reports_bucket,
        events_bucket=settings.usage_events_bucket,
        accounts_table=settings.accounts_table,
        athena=Athena(
            boto3.client("athena"), settings.athena_database, settings.athena_workgroup, settings.reports_bucket
        ),
        athena_above_bytes=settings.athena_above_mb * 1024**2,
    )
    notices = Notices(
        boto3.client("sns").publish,
        settings.deliveries_topic_arn,
        boto3.client("sesv2").send_email if settings.email_sender else None,
        settings.email_sender,
        settings.email_recipient,
    )

    def shorten(receipt_handle: str, seconds: int) -> None:
        sqs.change_message_visibility(
            QueueUrl=settings.report_queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )

    def move_to_dead_letters(message: Message, error: PermanentError) -> None:
        sqs.send_message(QueueUrl=settings.dead_letter_queue_url, **dead_letter(message, error))

    lifecycle = functools.partial(
        Lifecycle,
        report_work(places),
        States(dynamodb, settings.reports_table, _now),
        notices.announce,
        move_to_dead_letters,
        _now,
        settings.maximum_receives,
    )
    return lifecycle, Retry(settings.retry_base_seconds, shorten, random.random, settings.maximum_receives)


def handle(event: Mapping[str, Any], context: Invocation) -> BatchResponse:
    """Make the reports whose requests are in `event`; what the answer names goes back to the queue."""
    lifecycle, retry = _wiring()
    remaining = context.get_remaining_time_in_millis
    return process_batch(event, lifecycle(remaining).work(), retry=retry, remaining_milliseconds=remaining)
