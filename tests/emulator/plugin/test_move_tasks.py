"""SQS's own move tasks in the sandbox."""

import json
import uuid
from typing import Any

import pytest

from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.replay.move_task import MoveTask, Support, support
from opscore.errors import RefusedByAws
from tests.emulator.emulated_account import Account, eventually


class Queues:
    """A work queue that gives up after one delivery, and its dead-letter queue."""

    def __init__(self, account: Account, *, fifo: bool = False) -> None:
        self.sqs = account.client("sqs")
        kind = {"FifoQueue": "true"} if fifo else {}
        suffix = ".fifo" if fifo else ""
        self.dead, self.dead_arn = self.create(suffix, **kind)
        policy = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 1})
        self.work, self.work_arn = self.create(suffix, RedrivePolicy=policy, VisibilityTimeout="0", **kind)

    def create(self, suffix: str = "", **attributes: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}{suffix}", Attributes=attributes)["QueueUrl"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    def die(self, *bodies: str, **more: Any) -> None:
        """Let messages die as they do at AWS: received, and not deleted."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.work, MessageBody=body, **more)
        for _ in bodies:
            self.sqs.receive_message(QueueUrl=self.work, VisibilityTimeout=0)
        self.sqs.receive_message(QueueUrl=self.work)
        eventually(lambda: self.depth(self.dead) == len(bodies), "the dead letters")

    def depth(self, url: str) -> int:
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def received(self, url: str, hidden_seconds: int = 30) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=hidden_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", []))

    def task(self) -> dict[str, Any]:
        return dict(self.sqs.list_message_move_tasks(SourceArn=self.dead_arn)["Results"][0])

    def ended(self, status: str) -> dict[str, Any]:
        eventually(lambda: self.task()["Status"] == status, f"a task that is {status}")
        return self.task()


def test_messages_go_back_to_where_they_came_from_with_a_new_id(account: Account) -> None:
    queues = Queues(account)
    queues.die("one", "two", MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}})
    before = {message["MessageId"] for message in queues.received(queues.dead, hidden_seconds=0)}
    handle = queues.sqs.start_message_move_task(SourceArn=queues.dead_arn)["TaskHandle"]
    task = queues.ended("COMPLETED")
    assert (task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == (2, 2)
    assert "TaskHandle" not in task
    moved = queues.received(queues.work)
    assert sorted(message["Body"] for message in moved) == ["one", "two"]
    assert all("DeadLetterQueueSourceArn" not in message["Attributes"] for message in moved)
    assert all(message["MessageAttributes"]["kind"]["StringValue"] == "x" for message in moved)
    assert before.isdisjoint(message["MessageId"] for message in moved)
    with pytest.raises(queues.sqs.exceptions.ClientError, match="does not exist"):
        queues.sqs.cancel_message_move_task(TaskHandle=handle)


def test_a_message_that_no_queue_gave_up_ends_the_task(account: Account) -> None:
    queues = Queues(account)
    queues.sqs.send_message(QueueUrl=queues.dead, MessageBody="put there by a consumer")
    queues.sqs.start_message_move_task(SourceArn=queues.dead_arn)
    task = queues.ended("FAILED")
    assert task["FailureReason"] == "CouldNotDetermineMessageSource"
    assert queues.depth(queues.dead) == 1


def test_a_replay_by_a_task_is_watched_to_its_end(account: Account) -> None:
    queues = Queues(account)
    queues.die("one", "two")
    source = describe(queues.sqs, queues.dead)
    assert support(queues.sqs, source) == Support(known=True)
    assert MoveTask(queues.sqs, source, destination_arn=None, rate=None, interval=0.05).run().moved == 2
    queues.sqs.purge_queue(QueueUrl=queues.work)
    queues.sqs.send_message(QueueUrl=queues.dead, MessageBody="put there by a consumer")
    with pytest.raises(RefusedByAws, match="after 0 messages: the next message was put there by a consumer"):
        MoveTask(queues.sqs, source, destination_arn=None, rate=None, interval=0.05).run()


def test_a_named_destination_takes_everything(account: Account) -> None:
    queues = Queues(account)
    rescue, rescue_arn = queues.create()
    queues.sqs.send_message(QueueUrl=queues.dead, MessageBody="put there by a consumer")
    queues.sqs.start_message_move_task(SourceArn=queues.dead_arn, DestinationArn=rescue_arn)
    assert queues.ended("COMPLETED")["DestinationArn"] == rescue_arn
    assert [message["Body"] for message in queues.received(rescue)] == ["put there by a consumer"]


def test_a_task_keeps_its_rate_and_is_cancelled(account: Account) -> None:
    queues = Queues(account)
    rescue_arn = queues.create()[1]
    for number in range(20):
        queues.sqs.send_message(QueueUrl=queues.dead, MessageBody=str(number))
    request = {"SourceArn": queues.dead_arn, "DestinationArn": rescue_arn, "MaxNumberOfMessagesPerSecond": 1}
    handle = queues.sqs.start_message_move_task(**request)["TaskHandle"]
    with pytest.raises(queues.sqs.exceptions.ClientError, match="already a task running"):
        queues.sqs.start_message_move_task(**request)
    queues.sqs.cancel_message_move_task(TaskHandle=handle)
    assert queues.ended("CANCELLED")["ApproximateNumberOfMessagesMoved"] < 20
    assert queues.depth(queues.dead) > 0


def test_what_sqs_refuses_is_refused(account: Account) -> None:
    queues = Queues(account)
    fifo = Queues(account, fifo=True)
    for request, said in (
        ({"SourceArn": queues.work_arn}, "must be configured as a Dead Letter Queue"),
        ({"SourceArn": f"{queues.dead_arn}-x"}, "SourceArn parameter doesn't exist"),
        ({"SourceArn": queues.dead_arn, "DestinationArn": f"{queues.dead_arn}-x"}, "DestinationArn parameter"),
        ({"SourceArn": queues.dead_arn, "DestinationArn": fifo.work_arn}, "of the same type"),
        ({"SourceArn": queues.dead_arn, "MaxNumberOfMessagesPerSecond": 501}, "must be 1 to 500"),
    ):
        with pytest.raises(queues.sqs.exceptions.ClientError, match=said):
            queues.sqs.start_message_move_task(**request)
