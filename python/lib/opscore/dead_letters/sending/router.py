"""Where each dead letter belongs: one dead-letter queue may serve several queues, functions and topics."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.dead_letters.envelopes import Envelope, Kind, recognise
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Destination, LambdaDestination, Refusal, SqsDestination
from opscore.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Subscription:
    """A subscription with a dead-letter queue. To publish again would reach every subscriber; this one only failed."""

    topic_arn: str
    protocol: str
    endpoint: str


class Router:
    """Finds the destination of a message, in this order: the one the operator named; the queue that gave it up; the
    function or the subscriber that failed; the only queue there is. Otherwise nowhere: a wrong guess would do harm.

    `function` is asked once, for the function whose asynchronous dead letters these are; `subscriptions` for SNS's.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        *,
        sources: Sequence[QueueFacts] = (),
        to: Destination | None = None,
        lambda_client: "LambdaClient | None" = None,
        function: Callable[[], str | None] = lambda: None,
        subscriptions: Callable[[], Sequence[Subscription]] = lambda: (),
        s3: Any = None,
    ) -> None:
        self._sqs, self._source, self._to = sqs, source, to
        self._lambda, self._s3 = lambda_client, s3
        self._function, self._subscriptions = function, subscriptions
        self._sources = list(sources)
        self._found: dict[str, Destination | Refusal] = {
            queue.arn: SqsDestination(sqs, queue) if queue.fifo == source.fifo else _mismatch(source, queue)
            for queue in sources
        }
        self._lock = threading.Lock()

    def __call__(self, letter: DeadLetter) -> Destination | Refusal:
        """Return where `letter` goes, or why it goes nowhere."""
        envelope = recognise(letter)
        if envelope.kind is Kind.S3_POINTER and (gone := self._payload_gone(envelope)):
            return gone
        if self._to:
            return self._to
        if letter.origin_arn:
            return self._once(letter.origin_arn, self._queue)
        if envelope.kind in (Kind.LAMBDA_ASYNC, Kind.LAMBDA_DESTINATION, Kind.SNS):
            return self._once(f"{envelope.kind}:{envelope.source}", lambda _key: self._unqueued(envelope))
        if len(self._sources) == 1:
            return self._found[self._sources[0].arn]
        return Refusal("NoOrigin", "it does not say where it came from; name the queue with --to", final=True)

    def _once(self, key: str, find: Callable[[str], Destination | Refusal]) -> Destination | Refusal:
        with self._lock:
            if key not in self._found:
                self._found[key] = find(key)
            return self._found[key]

    def _queue(self, arn: str) -> Destination | Refusal:
        try:
            queue = describe(self._sqs, arn)
        except NotFound:
            name = arn.rsplit(":", 1)[-1]
            return Refusal(
                "OriginGone", f"its queue {name} does not exist any more; name another with --to", final=True
            )
        return SqsDestination(self._sqs, queue) if queue.fifo == self._source.fifo else _mismatch(self._source, queue)

    def _unqueued(self, envelope: Envelope) -> Destination | Refusal:
        if envelope.kind is Kind.SNS:
            return self._subscriber(envelope.source)
        function = envelope.source or self._function()
        if not function or not self._lambda:
            return Refusal("NoOrigin", f"no function of the stack has {self._source.name} for its failures", final=True)
        return LambdaDestination(self._lambda, function)

    def _subscriber(self, topic_arn: str) -> Destination | Refusal:
        failed = [subscription for subscription in self._subscriptions() if subscription.topic_arn == topic_arn]
        topic = topic_arn.rsplit(":", 1)[-1]
        if len(failed) != 1:
            text = f"{len(failed)} subscriptions of topic {topic} have {self._source.name} for their failures"
            return Refusal("NoOrigin", f"{text}; name the failed one's queue with --to", final=True)
        if failed[0].protocol == "sqs":
            return self._queue(failed[0].endpoint)
        if failed[0].protocol == "lambda" and self._lambda:
            return LambdaDestination(self._lambda, failed[0].endpoint, from_topic=True)
        return Refusal("Unreachable", f"a subscription by {failed[0].protocol} can only be reached by SNS", final=True)

    def _payload_gone(self, envelope: Envelope) -> Refusal | None:
        if self._s3 is None:
            return None
        try:
            self._s3.head_object(**envelope.payload)
        except Exception as error:
            if aws_faults.name(error) in ("404", "NoSuchKey", "NoSuchBucket", "NotFound", "ParamValidationError"):
                return Refusal("PayloadGone", "its body was stored in S3 and the object is gone", final=True)
            raise
        return None


def _mismatch(source: QueueFacts, target: QueueFacts) -> Refusal:
    kinds = {True: "FIFO", False: "standard"}
    text = f"{source.name} is {kinds[source.fifo]} and {target.name} is {kinds[target.fifo]}"
    return Refusal("OtherKind", text, final=True)


def function_with_dead_letters(client: "LambdaClient", functions: Sequence[str], queue_arn: str) -> str | None:
    """Return the one of `functions` whose asynchronous invocations die into the queue, None when there is none."""
    for function in functions:
        configuration = client.get_function_configuration(FunctionName=function)
        if configuration.get("DeadLetterConfig", {}).get("TargetArn") == queue_arn:
            return function
    return None


def subscriptions_with_dead_letters(sns: Any, queue_arn: str) -> list[Subscription]:
    """Return the subscriptions whose failed deliveries go to the queue."""
    return [
        Subscription(listed["TopicArn"], listed["Protocol"], listed["Endpoint"])
        for listed in _all(sns)
        if _dead_letter_arn(sns, listed["SubscriptionArn"]) == queue_arn
    ]


def _all(sns: Any) -> Iterator[dict[str, str]]:
    request: dict[str, str] = {}
    while True:
        page = sns.list_subscriptions(**request)
        yield from page.get("Subscriptions", [])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _dead_letter_arn(sns: Any, subscription_arn: str) -> str | None:
    if not subscription_arn.startswith("arn:"):  # "PendingConfirmation"
        return None
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription_arn)["Attributes"]
    arn = json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
    return str(arn) if arn else None
