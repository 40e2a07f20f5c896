"""One dead-letter queue for everything that can fail: each letter dies, is analysed, replayed and taken.

The emulator's queues and functions give up messages themselves, and its topics make the notifications and invoke the
function. What it does not do is here in the form that AWS documents (see `envelopes.recognise`): its topics and rules
give nothing up, its function's dead-letter queue gets the record of an on-failure destination, and the link in its
notifications names no subscription.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops_cli.clone.record import REGION
from ops_cli.frame.environments import Environment, register
from ops_cli.main import run
from tests.emulator.emulated_account import Account, eventually

CONSUMER = """
import json, os
import boto3

def handle(event, context):
    if os.environ["BROKEN"]:
        raise KeyError("price")
    boto3.client("sqs").send_message(QueueUrl=os.environ["TAKEN"], MessageBody=json.dumps(event))
"""
ASYNC = {"RequestID": "r-1", "ErrorMessage": '{"errorType": "KeyError", "errorMessage": "\'price\'"}'}
KEYS_OF_SNS = {
    *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature"),
    *("SigningCertUrl", "UnsubscribeUrl", "MessageAttributes"),
}
"""https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html; the emulator's own events have not all of them."""

REDRIVEN = {"RequestID": "r-2", "ErrorCode": "AWS.SimpleQueueService.NonExistentQueue", "ErrorMessage": "It is gone."}


def texts(**attributes: str) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}


@dataclass
class Shop:
    """A work queue, a topic with three subscribers, a function and a rule; all have one dead-letter queue."""

    account: Account

    def __post_init__(self) -> None:
        client = self.account.client
        self.sqs, self.sns, self.functions = client("sqs"), client("sns"), client("lambda")
        self.dead, self.dead_arn = self.account.queue()
        policy = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 1})
        self.work, self.work_arn = self.account.queue(RedrivePolicy=policy, VisibilityTimeout="0")
        self.wrapped, wrapped_arn = self.account.queue()
        self.raw, raw_arn = self.account.queue()
        self.from_rule, self.from_rule_arn = self.account.queue()
        self.taken, taken_arn = self.account.queue()
        may: list[dict[str, Any]] = [
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [taken_arn, self.dead_arn]},
            {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
        ]
        environment = {"Variables": {"BROKEN": "", "TAKEN": self.taken}}
        self.function = self.account.function(CONSUMER, role=self.account.role(*may), Environment=environment)
        found = self.functions.get_function_configuration(FunctionName=self.function)
        self.function_arn = found["FunctionArn"]
        self.functions.put_function_event_invoke_config(
            FunctionName=self.function,
            MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": self.dead_arn}},
        )
        self.functions.update_function_configuration(
            FunctionName=self.function, DeadLetterConfig={"TargetArn": self.dead_arn}
        )
        self.functions.add_permission(
            FunctionName=self.function, StatementId="sns", Action="lambda:InvokeFunction", Principal="sns.amazonaws.com"
        )
        self.topic = self.sns.create_topic(Name=f"orders-{self.function}")["TopicArn"]
        self.wrapped_subscription = self.subscribe("sqs", wrapped_arn)
        self.subscribe("sqs", raw_arn, RawMessageDelivery="true")
        self.function_subscription = self.subscribe("lambda", self.function_arn)
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        statement = [{**allow, "Resource": "*"}]
        for url in (self.dead, self.wrapped, self.raw):
            self.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": statement})}
            )
        events, rule = client("events"), f"made-{self.function}"
        self.rule_arn = events.put_rule(Name=rule, EventPattern='{"source": ["s"]}')["RuleArn"]
        targets = [{"Id": "q", "Arn": self.from_rule_arn}, {"Id": "f", "Arn": self.function_arn}]
        events.put_targets(Rule=rule, Targets=targets)

    def subscribe(self, protocol: str, endpoint: str, **attributes: str) -> str:
        attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": self.dead_arn})
        answer = self.sns.subscribe(
            TopicArn=self.topic, Protocol=protocol, Endpoint=endpoint, Attributes=attributes, ReturnSubscriptionArn=True
        )
        return str(answer["SubscriptionArn"])

    def mend(self, *, broken: bool = False) -> None:
        """Let the function take what it gets, or break it again."""
        environment = {"Variables": {"BROKEN": "yes" if broken else "", "TAKEN": self.taken}}
        self.functions.update_function_configuration(FunctionName=self.function, Environment=environment)

    def put(self, body: str, **attributes: Any) -> None:
        self.sqs.send_message(QueueUrl=self.dead, MessageBody=body, MessageAttributes=attributes)

    def dead_count(self) -> int:
        found = self.sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def take(self, url: str) -> list[str]:
        """Take what is in a queue."""
        found: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    # Deaths

    def die_in_the_queue(self, body: str) -> None:
        """Fail on a message as often as the queue allows."""
        before = self.dead_count()
        self.sqs.send_message(QueueUrl=self.work, MessageBody=body)

        def is_dead() -> bool:
            self.sqs.receive_message(QueueUrl=self.work)
            return self.dead_count() > before

        eventually(is_dead, "the move to the dead letters")

    def die_in_the_function(self, event: str) -> None:
        """Let the function fail on an event, as often as Lambda tries."""
        before = self.dead_count()
        self.functions.invoke(FunctionName=self.function, InvocationType="Event", Payload=event.encode())
        eventually(lambda: self.dead_count() > before, "the function's dead letter")

    def publish(self, message: str, subject: str) -> tuple[str, str, Any]:
        """Return the notification, the bare message and the event that the three subscribers get."""
        self.sns.publish(TopicArn=self.topic, Message=message, Subject=subject)
        (notification,) = eventually(lambda: self.take(self.wrapped), "the notification")
        (bare,) = eventually(lambda: self.take(self.raw), "the bare message")
        (event,) = self.invoked_with(1)
        return notification, bare, event

    def invoked_with(self, count: int) -> list[Any]:
        """Return the events that the function has taken."""
        events: list[Any] = []

        def are_all_taken() -> bool:
            events.extend(map(json.loads, self.take(self.taken)))
            return len(events) >= count

        eventually(are_all_taken, f"{count} events")
        return sorted(events, key=json.dumps)

    def pointers(self) -> tuple[str, str]:
        """Return two bodies as the extended client library sends them: one is in the bucket, one is gone."""
        s3 = self.account.client("s3")
        s3.create_bucket(Bucket="large-bodies", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="large-bodies", Key="k/1", Body=b"x")
        there, gone = (
            json.dumps(
                ["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "large-bodies", "s3Key": key}]
            )
            for key in ("k/1", "k/2")
        )
        return there, gone

    def undelivered(self, target_arn: str) -> dict[str, Any]:
        return texts(
            RULE_ARN=self.rule_arn,
            TARGET_ARN=target_arn,
            ERROR_CODE="NO_PERMISSIONS",
            ERROR_MESSAGE="No permission to invoke the target.",
            RETRY_ATTEMPTS="0",
        )


@pytest.fixture(scope="module")
def shop(account: Account) -> Shop:
    return Shop(account)


@pytest.fixture
def opsctl(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Run opsctl on the shop's stack and return the data that it prints."""
    name = {url: url.rsplit("/", 1)[-1] for url in (shop.work, shop.dead)}
    stack = {
        "schema_version": 1,
        "project": "opsctl",
        "environment": "shop",
        "account_id": shop.dead_arn.split(":")[4],
        "region": REGION,
        "functions": {"consumer": {"name": shop.function}},
        "queues": {"orders": {"name": name[shop.work], "dead_letter": name[shop.dead], "consumer": "consumer"}},
        **{kind: {} for kind in ("state_machines", "tables", "buckets", "fleets")},
    }
    shop.account.client("ssm").put_parameter(
        Name="/opsctl/shop/stack", Value=json.dumps(stack), Type="String", Overwrite=True
    )
    register(Environment("shop", region=REGION, endpoint=shop.account.emulator.endpoint))
    for variable, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    assert "AWS_PROFILE" not in os.environ

    def opsctl(*arguments: str) -> Any:
        capsys.readouterr()
        run(["--env", "shop", *arguments, "--output", "json"])
        return json.loads(capsys.readouterr().out)

    return opsctl


def test_every_letter_of_a_shared_queue_is_analysed_replayed_and_taken(shop: Shop, opsctl: Callable[..., Any]) -> None:
    stored, lost = shop.pointers()
    notification, bare, of_sns = shop.publish("hello", subject="s")
    shop.mend(broken=True)

    shop.die_in_the_queue("plain")
    shop.die_in_the_queue(stored)
    shop.die_in_the_queue(lost)
    shop.die_in_the_function('{"order": 1.10}')
    shop.die_in_the_function(json.dumps(of_sns))
    wrapped = given_up_for(shop.wrapped_subscription, notification)
    shop.put(wrapped, **texts(**REDRIVEN))
    shop.put(bare, **texts(**REDRIVEN))
    shop.put(given_up_for(shop.function_subscription, notification))
    shop.put('{"order": 2.50}', **texts(**ASYNC), ErrorCode={"DataType": "Number", "StringValue": "200"})
    shop.put('{"source": "s", "detail": {"order": 3}}', **shop.undelivered(shop.from_rule_arn))
    shop.put('{"source": "s", "detail": {"order": 4}}', **shop.undelivered(shop.function_arn))
    shop.put('{"source": "s"}', **shop.undelivered(f"arn:aws:states:{REGION}:1:stateMachine:yearly"))

    groups = opsctl("dlq", "analyse", "orders")
    assert counts(groups, "envelope") == {
        "plain": 1,
        "s3-pointer": 2,
        "lambda-destination": 2,
        "sns": 2,
        "sns-raw": 1,
        "lambda-async": 1,
        "eventbridge": 3,
    }
    causes = counts(groups, "cause")
    assert causes["AWS.SimpleQueueService.NonExistentQueue: It is gone."] == 2
    assert causes["NO_PERMISSIONS: No permission to invoke the target."] == 3
    assert causes["KeyError: 'price'"] == 3

    shop.mend()
    result = opsctl("replay-dlq", "orders", "--yes")
    assert (result["moved"], result["failed"]) == (10, 2), json.dumps(result["reasons"])
    reasons = " ".join(result["reasons"])
    assert "PayloadGone: its body was stored in S3 and the object is gone" in reasons
    assert "Unreachable: its target yearly (states) can only be reached by EventBridge" in reasons
    assert shop.dead_count() == 2

    assert sorted(shop.take(shop.work)) == sorted(["plain", stored])
    assert shop.take(shop.wrapped) == [wrapped]
    assert shop.take(shop.raw) == ["hello"] == [bare]
    assert [json.loads(body)["detail"] for body in shop.take(shop.from_rule)] == [{"order": 3}]
    events = shop.invoked_with(5)
    assert [event for event in events if "Records" not in event] == [
        {"order": 1.1},
        {"order": 2.5},
        {"source": "s", "detail": {"order": 4}},
    ]
    one, other = (event for event in events if "Records" in event)
    assert of_sns in (one, other)
    made = other if one == of_sns else one
    assert made["Records"][0]["EventSubscriptionArn"] == shop.function_subscription
    assert set(made["Records"][0]["Sns"]) == KEYS_OF_SNS


def given_up_for(subscription: str, notification: str) -> str:
    """Return a notification with the link that AWS has in it; the emulator's names no subscription."""
    link = f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"
    return json.dumps(json.loads(notification) | {"UnsubscribeURL": link})


def counts(groups: list[dict[str, Any]], key: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for group in groups:
        found[group[key]] += group["count"]
    return found
