"""Two hundred reports through the sandbox's queue: who is the bottleneck, and does the model know how long it takes."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from insight.months import ledger
from insight.months.ledger import Entry
from insight.orders.state_table import States
from insight.orders.states import Record
from insight.sources.accounts import Account
from insight.sources.made_up import population
from ops_cli.clone.places import Places
from ops_cli.packaging import Target, build
from ops_cli.sandbox.emulator import lifecycle
from opscore.queues.model import EventSourceMapping, forecast
from opscore.queues.sender import send_all
from opscore.waiting import wait_until
from tests.emulator.emulated_account import Account as Aws
from tests.lib.insight.reports_table import create

ROOT = Path(__file__).parents[2]
REPORTS, AT_ONCE, VISIBILITY_SECONDS, RECEIVES = 200, 5, 360, 5
LONGEST_SECONDS = 1800
MONTH = date(2026, 10, 1)
GOAL_UTILISATION = 0.85
GOAL_FORECAST = (0.8, 1.25)


def run() -> list[dict[str, Any]]:
    """Deliver a month of 200 accounts and look at when the generator worked."""
    with _aws() as aws:
        states = _deploy(aws)
        records = _deliver(aws, states)
    seconds = [record.seconds for record in records]
    began = min(record.started_at for record in records if record.started_at)
    took = (max(record.delivered_at for record in records if record.delivered_at) - began).total_seconds()
    utilisation = sum(seconds) / took / AT_ONCE
    mapping = EventSourceMapping(VISIBILITY_SECONDS, RECEIVES, 1, AT_ONCE, AT_ONCE)
    foreseen = forecast(mapping, len(records), seconds, runs=20, seed="bench").to_row()["run_seconds"]
    return [
        {
            "metric": f"{REPORTS} reports, {AT_ONCE} at once: share of the time that the generator's code was running",
            "ours": round(utilisation, 3),
            "goal": f">= {GOAL_UTILISATION}",
            "met": utilisation >= GOAL_UTILISATION,
        },
        {
            "metric": "the same run: seconds that it took / that the model foresees",
            "ours": round(took, 1),
            "peer": foreseen,
            "ratio": round(took / foreseen, 3),
            "goal": f"{GOAL_FORECAST[0]} to {GOAL_FORECAST[1]}",
            "met": GOAL_FORECAST[0] <= took / foreseen <= GOAL_FORECAST[1],
        },
    ]


@contextmanager
def _aws() -> Iterator[Aws]:
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder))
        try:
            yield Aws(lifecycle.ensure_running(places, print))
        finally:
            lifecycle.stop(places, print)


def _deploy(aws: Aws) -> States:
    """Make what the generator works on, and the generator from its zip, without Terraform's waits."""
    dynamodb, s3 = aws.client("dynamodb"), aws.client("s3")
    for bucket in ("reports", "usage-events"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    dynamodb.create_table(
        TableName="accounts",
        KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    create(dynamodb, "report-states")
    population.write_population(s3, "usage-events", dynamodb, "accounts", lambda _: None, _customers(), MONTH)
    return States(dynamodb, "report-states", lambda: datetime.now(UTC))


def _customers() -> tuple[Account, ...]:
    """Return accounts with one month of usage, all of about one size."""
    named = len(population.ACCOUNTS)
    return population.accounts(named + REPORTS)[named:]


def _generator(aws: Aws, url: str, dead_url: str) -> str:
    build(ROOT, Target.sandbox(), report=lambda _: None)
    described = json.loads((ROOT / "build/sandbox/manifest.json").read_text())["functions"]["report-generator"]
    functions, name = aws.client("lambda"), "report-generator"
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=aws.role({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        Handler=described["handler"],
        Timeout=60,
        Code={"ZipFile": (ROOT / "build/sandbox" / described["zip"]).read_bytes()},
        Environment={
            "Variables": {
                "REPORTS_BUCKET": "reports",
                "USAGE_EVENTS_BUCKET": "usage-events",
                "ACCOUNTS_TABLE": "accounts",
                "REPORTS_TABLE": "report-states",
                "REPORT_QUEUE_URL": url,
                "DEAD_LETTER_QUEUE_URL": dead_url,
                "DELIVERIES_TOPIC_ARN": aws.client("sns").create_topic(Name="deliveries")["TopicArn"],
                "RETRY_BASE_SECONDS": "30",
                "MAXIMUM_RECEIVES": str(RECEIVES),
                "ATHENA_DATABASE": "none",
                "ATHENA_WORKGROUP": "primary",
                "ATHENA_ABOVE_MB": "512",
            }
        },
    )
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=AT_ONCE)
    return name


def _deliver(aws: Aws, states: States) -> list[Record]:
    """Put all requests on the queue, let the mapping start, and wait for the last report."""
    dead_url, dead_arn = aws.queue()
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": RECEIVES})
    url, arn = aws.queue(VisibilityTimeout=str(VISIBILITY_SECONDS), RedrivePolicy=policy)
    name = _generator(aws, url, dead_url)
    entries = [Entry(one.account, one.time_zone) for one in _customers()]
    month = ledger.make_ledger(f"{MONTH:%Y-%m}", datetime(2026, 11, 2, tzinfo=UTC), entries)
    send_all(aws.client("sqs"), url, [month.request(entry).to_message() for entry in month.entries])
    aws.client("lambda").create_event_source_mapping(
        EventSourceArn=arn,
        FunctionName=name,
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": AT_ONCE},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )

    def all_there() -> list[Record] | None:
        records = list(states.all())
        return records if sum(record.delivered_at is not None for record in records) == REPORTS else None

    return wait_until(all_there, timeout=LONGEST_SECONDS, interval=2, what="The last report")
