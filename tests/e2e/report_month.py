"""A month of two hundred accounts on the sandbox: what happens to it from the outside, through AWS's own API."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from insight import layout
from insight.months import ledger
from insight.months.ledger import Entry, Ledger
from insight.sources.accounts import Account
from insight.sources.made_up import population
from opscore.waiting import wait_until
from tests.emulator.emulated_account import client_of

ACCOUNTS = 200
MONTH = "2026-10"
PREFIX = "opsctl-sandbox"
LONGEST_SECONDS = 900

MALFORMED = '{"account": "acme", "colour": "red"}'
_HALF_A_LINE = b'{"event_id": "torn-by-a-crash", "acc\n'


def _files(account: Account) -> dict[str, bytes]:
    """Return the account's files of single days of the month."""
    files = {key: content for key, content, _ in population.event_files(account)}
    return {key: content for key, content in files.items() if "date=2026-10" in key and content}


def _with_lines() -> Iterator[Account]:
    return (account for account in population.accounts(ACCOUNTS)[6:] if len(_files(account)) > 1)


@dataclass
class ReportMonth:
    """October 2026: one account's events are damaged, one's come late, one's record cannot be used."""

    endpoint: str
    heard: str = ""
    poisoned: Account = field(init=False)
    late: Account = field(init=False)
    unusable: Account = field(init=False)
    _held_back: dict[str, bytes] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        accounts = _with_lines()
        self.poisoned, self.late, self.unusable = next(accounts), next(accounts), next(accounts)

    def client(self, service: str) -> Any:
        return client_of(self.endpoint, service)

    def bucket(self, role: str) -> str:
        return f"{PREFIX}-{role}-000000000000-eu-west-1"

    def spoil(self) -> None:
        """Bring about what a month may meet, and listen to its deliveries."""
        s3, bucket = self.client("s3"), self.bucket("usage-events")
        (key, content), *_ = _files(self.poisoned).items()
        s3.put_object(Bucket=bucket, Key=key, Body=_HALF_A_LINE + content)
        lines = [key for key, _, _ in population.event_files(self.late)]
        for key in (*lines, layout.compacted_key(self.late.account, date(2026, 10, 1))):
            self._held_back[key] = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            s3.delete_object(Bucket=bucket, Key=key)
        self._put_record(self.unusable, time_zone={"S": "Europe/Atlantis"})
        self.heard = self._listen()

    def mend(self) -> None:
        """Put right what was damaged."""
        (key, content), *_ = _files(self.poisoned).items()
        self.client("s3").put_object(Bucket=self.bucket("usage-events"), Key=key, Body=content)
        self._put_record(self.unusable)

    def late_data_arrives(self) -> None:
        for key, content in self._held_back.items():
            self.client("s3").put_object(Bucket=self.bucket("usage-events"), Key=key, Body=content)

    def run_schedule(self, role: str, at: str) -> None:
        """Let the deployed schedule run now as if it had been due then; its own times come back at once."""
        scheduler, name = self.client("scheduler"), f"{PREFIX}-{role}"
        schedule = scheduler.get_schedule(Name=name)
        kept = {field: schedule[field] for field in ("Name", "FlexibleTimeWindow", "Target", "Description")}
        runs = self._runs(role)
        scheduler.update_schedule(ScheduleExpression=f"at({at})", ScheduleExpressionTimezone="UTC", **kept)
        self._eventually(lambda: self._runs(role) > runs, f"A run of {name}")
        scheduler.update_schedule(
            ScheduleExpression=schedule["ScheduleExpression"], ScheduleExpressionTimezone="UTC", **kept
        )

    def ledger(self) -> Ledger:
        return ledger.must_read(self.client("s3"), self.bucket("reports"), MONTH)

    def deliver_again(self, copies: int) -> None:
        """Send a quarter of the requests some times more, and one message that is no request."""
        owed = self.ledger()
        entries = [entry for entry in owed.entries if not entry.problem and entry.account != self.poisoned.account]
        bodies = [owed.request(entry).to_message() for entry in entries[::4]]
        sqs, url = self.client("sqs"), self._queue_url("report-requests")
        for body in (*bodies * copies, MALFORMED):
            sqs.send_message(QueueUrl=url, MessageBody=body)

    def queue_is_empty(self) -> None:
        """Wait until nothing waits and nothing is worked on."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs, url = self.client("sqs"), self._queue_url("report-requests")

        def empty() -> bool:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            return not any(int(count) for count in found.values())

        self._eventually(empty, "The end of the queue")

    def dead_letters(self) -> dict[str, str]:
        """Take the dead letters that were buried with a reason; return body and reason."""
        sqs, url = self.client("sqs"), self._queue_url("report-requests-dead-letter")
        found, buried = (
            sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
            ).get("Messages", []),
            {},
        )
        for message in found:
            if reason := message.get("MessageAttributes", {}).get("reason"):
                buried[message["Body"]] = reason["StringValue"]
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return buried

    def writes_of_manifests(self) -> dict[str, int]:
        """Return how often each manifest of the month was written, by report: the bucket keeps every version."""
        counts: dict[str, int] = {}
        pages = self.client("s3").get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self.bucket("reports"), Prefix=layout.REPORTS_PREFIX):
            for version in page.get("Versions", []):
                if version["Key"].endswith(f"/{layout.MANIFEST}") and "/2026-10-01_2026-11-01/" in version["Key"]:
                    report_id = version["Key"].split("/")[-2]
                    counts[report_id] = counts.get(report_id, 0) + 1
        return counts

    def announced(self) -> set[str]:
        """Take what the deliveries' topic has told, each at least once; return the reports' ids."""
        sqs, found = self.client("sqs"), set()
        while messages := sqs.receive_message(QueueUrl=self.heard, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.add(json.loads(json.loads(message["Body"])["Message"])["report_id"])
                sqs.delete_message(QueueUrl=self.heard, ReceiptHandle=message["ReceiptHandle"])
        return found

    def segments_with_peers(self) -> set[str]:
        key = layout.peers_key(date(2026, 10, 1))
        return set(json.loads(self.client("s3").get_object(Bucket=self.bucket("reports"), Key=key)["Body"].read()))

    def entry(self, account: Account) -> Entry:
        (found,) = [entry for entry in self.ledger().entries if entry.account == account.account]
        return found

    def _put_record(self, account: Account, **changes: dict[str, str]) -> None:
        self.client("dynamodb").put_item(TableName=f"{PREFIX}-accounts", Item={**account.to_item(), **changes})

    def _listen(self) -> str:
        sqs, sns = self.client("sqs"), self.client("sns")
        url = sqs.create_queue(QueueName="deliveries-heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        (topic,) = [
            found["TopicArn"]
            for found in sns.list_topics()["Topics"]
            if found["TopicArn"].endswith(f"{PREFIX}-report-deliveries")
        ]
        may_send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [{**may_send, "Resource": arn}]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return str(url)

    def _runs(self, role: str) -> int:
        """Return how often a function has logged that it is through; each has one line for that."""
        group, text = f"/aws/lambda/{PREFIX}-{role}", '"month swept"' if role == "report-sweep" else '"month opened"'
        return len(self.client("logs").filter_log_events(logGroupName=group, filterPattern=text)["events"])

    def _queue_url(self, name: str) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=f"{PREFIX}-{name}")["QueueUrl"])

    def _eventually(self, ready: Callable[[], Any], what: str) -> None:
        wait_until(ready, timeout=LONGEST_SECONDS, interval=0.5, what=what)
