"""Entry point of the drain function, for its queue, its poller's state machine and its schedule."""

import functools
import os
import random
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.aws.hosts import Hosts
from opscore.draining.aws.metrics import counter
from opscore.draining.aws.service_models import new_session
from opscore.draining.function.poller import pollers
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import parse_fleets
from opscore.queues.worker import Invocation, Retry
from opscore.settings import read
from opscore.watchers import starter

from .core import Setup, answer
from .settings import Settings


@functools.cache
def _wiring() -> Setup:
    """Build settings and clients once per execution environment, not at import."""
    settings = read(Settings, os.environ)
    # Adaptive: a throttled client slows down by itself instead of adding to the storm.
    session = boto3.session.Session(botocore_session=new_session())
    client = functools.partial(session.client, config=Config(retries={"mode": "adaptive", "total_max_attempts": 5}))
    sqs, ecs, autoscaling = client("sqs"), client("ecs"), client("autoscaling")

    def now() -> int:
        return int(time.time())

    def shorten(receipt_handle: str, seconds: int) -> None:
        sqs.change_message_visibility(
            QueueUrl=settings.drain_queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )

    wiring = Wiring(
        drains=DynamoDrains(client("dynamodb"), settings.drains_table),
        hosts=Hosts(ecs, autoscaling),
        ecs=ecs,
        ec2=client("ec2"),
        autoscaling=autoscaling,
        count=counter(client("cloudwatch"), settings.stack),
        fleets=parse_fleets(settings.fleets),
        now=now,
    )
    started = pollers(wiring.drains, starter(client("stepfunctions"), settings.poller_arn), now)
    return Setup(wiring, started, Retry(settings.retry_base_seconds, shorten, random.random))


def handle(event: Mapping[str, Any], context: Invocation) -> Mapping[str, Any]:
    """Do what the event asks for; see `core.answer`."""
    return answer(event, _wiring(), context.get_remaining_time_in_millis)
