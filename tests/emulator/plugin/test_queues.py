"""Queues in the sandbox: dead-letter sources and metrics."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.plugin.sqs import oldest_age
from tests.emulator.emulated_account import Account, eventually


def test_the_sources_of_a_dead_letter_queue_are_listed(account: Account) -> None:
    dead_url, dead_arn = account.queue()
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5})
    sources = sorted(account.queue(RedrivePolicy=policy)[0] for _ in range(2))
    answer = account.client("sqs").list_dead_letter_source_queues(QueueUrl=dead_url)
    assert answer["queueUrls"] == sources
    assert account.client("sqs").list_dead_letter_source_queues(QueueUrl=sources[0])["queueUrls"] == []


def test_depth_and_age_are_in_the_metrics(account: Account) -> None:
    url, arn = account.queue()
    account.client("sqs").send_message(QueueUrl=url, MessageBody="waits")
    name = arn.rsplit(":", 1)[-1]
    assert eventually(lambda: values(account, name, "ApproximateNumberOfMessagesVisible") == [1.0], "the depth")
    assert values(account, name, "ApproximateAgeOfOldestMessage")[0] < 60
    assert values(account, "no-such-queue", "ApproximateNumberOfMessagesVisible") == []


def values(account: Account, queue: str, metric: str) -> list[float]:
    now = dt.datetime.now(dt.UTC)
    stat = {"Namespace": "AWS/SQS", "MetricName": metric, "Dimensions": [{"Name": "QueueName", "Value": queue}]}
    answer = account.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": {"Metric": stat, "Period": 60, "Stat": "Maximum"}}],
        StartTime=now - dt.timedelta(minutes=10),
        EndTime=now + dt.timedelta(minutes=1),
        ScanBy="TimestampDescending",
    )
    return list(answer["MetricDataResults"][0]["Values"])[:1]


def test_a_poison_pill_does_not_count_in_the_age() -> None:
    messages = [{"sent_at": 10, "receive_count": 3}, {"sent_at": 40, "receive_count": 0}]
    assert oldest_age(messages, now=100) == 60


def test_a_dead_letter_ages_from_the_move() -> None:
    letter = {"sent_at": 10, "receive_count": 5, "sys": {"DeadLetterQueueSourceArn": "arn"}}
    assert oldest_age([letter], now=100) == 0
    assert oldest_age([letter], now=130) == 30


@given(st.lists(st.integers(0, 1000)), st.integers(1000, 2000))
def test_the_age_is_that_of_the_oldest(sent: list[int], now: int) -> None:
    messages = [{"sent_at": at, "receive_count": 0} for at in sent]
    assert oldest_age(messages, now) == (now - min(sent) if sent else 0)


def test_a_tls_only_queue_serves_this_machine(account: Account) -> None:
    url, arn = account.queue()
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    sqs = account.client("sqs")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sqs.send_message(QueueUrl=url, MessageBody="over the loopback interface")
    always = json.dumps({"Version": "2012-10-17", "Statement": [{**deny, "Condition": {}}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": always})
    with pytest.raises(sqs.exceptions.ClientError, match="AccessDenied"):
        sqs.send_message(QueueUrl=url, MessageBody="to show that the policy is looked at")


def test_an_old_handle_is_accepted_and_deletes_nothing_and_a_malformed_one_is_refused(account: Account) -> None:
    url, _arn = account.queue(VisibilityTimeout="0")
    sqs = account.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="received twice")
    old, new = (sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"] for _ in range(2))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=old)
    handles = {"old": old, "malformed": "no-handle"}
    entries = [{"Id": name, "ReceiptHandle": handle} for name, handle in handles.items()]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["old"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("malformed", "ReceiptHandleIsInvalid")]
    with pytest.raises(sqs.exceptions.ClientError, match="ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="no-handle")
    newest = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    assert newest not in (old, new)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=newest)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=newest)


def test_the_sources_of_a_dead_letter_queue_come_in_pages(account: Account) -> None:
    dead_url, dead_arn = account.queue()
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5})
    sources = sorted(account.queue(RedrivePolicy=policy)[0] for _ in range(3))
    pages = account.client("sqs").get_paginator("list_dead_letter_source_queues")
    found = [page["queueUrls"] for page in pages.paginate(QueueUrl=dead_url, PaginationConfig={"PageSize": 2})]
    assert found == [sources[:2], sources[2:]]
