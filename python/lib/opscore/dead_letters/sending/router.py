"""Where each dead letter belongs: one dead-letter queue may serve queues, functions, topics and rules at a time."""

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.dead_letters.envelopes import Envelope, Kind, recognise, subscription_of, text
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Destination, LambdaDestination, Refusal, SqsDestination
from opscore.dead_letters.sending.senders import Subscription
from opscore.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient


class Router:
    """Finds the destination of a message, in this order: the one the operator named; the queue that gave it up; the
    function, subscriber or target that failed; the only one there is. Otherwise nowhere: a wrong guess would do harm.

    What is asked of AWS is asked when a message needs it: for `functions`, those of the stack whose asynchronous dead
    letters these are; for `subscriptions`, of one topic or ("") of all, whose failed deliveries these are; for how a
    rule `transforms` its events.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        *,
        sources: Sequence[QueueFacts] = (),
        to: Destination | None = None,
        lambda_client: "Callable[[], LambdaClient] | None" = None,
        functions: Callable[[], Sequence[str]] = lambda: (),
        subscriptions: Callable[[str], Sequence[Subscription]] = lambda _topic_arn: (),
        transforms: Callable[[str, str], str] = lambda _rule_arn, _target_arn: "",
        s3: Callable[[], Any] | None = None,
    ) -> None:
        self._sqs, self._source, self._to = sqs, source, to
        self._lambda, self._s3 = lambda_client, s3
        self._functions, self._subscriptions, self._transforms = functions, subscriptions, transforms
        self._sources = list(sources)
        self._found: dict[str, Destination | Refusal] = {
            queue.arn: SqsDestination(sqs, queue) if queue.fifo == source.fifo else _mismatch(source, queue)
            for queue in sources
        }
        self._invoked: dict[str, LambdaDestination] = {}
        self._lock = threading.Lock()

    def __call__(self, letter: DeadLetter) -> Destination | Refusal:
        """Return where `letter` goes, or why it goes nowhere."""
        envelope = recognise(letter)
        if envelope.kind is Kind.S3_POINTER and (gone := self._payload_gone(envelope)):
            return gone
        if self._to:
            return self._to
        if origin := letter.origin_arn:
            return self._once(origin, lambda: self._queue(origin))
        if _is_workers_own(letter) and len(self._sources) == 1:
            return self._found[self._sources[0].arn]
        match envelope.kind:
            case Kind.EVENTBRIDGE:
                return self._to_target(letter, envelope.source)
            case Kind.SNS:
                subscription = subscription_of(envelope.payload)
                key = f"sns {envelope.source} {subscription}"
                return self._once(key, lambda: self._subscriber(envelope.source, subscription))
            case Kind.SNS_RAW:
                return self._once("sns raw", lambda: self._only(self._raw_endpoints()))
            case Kind.LAMBDA_ASYNC | Kind.LAMBDA_DESTINATION:
                return self._once(f"lambda {envelope.source}", lambda: self._failed_function(envelope.source))
        return self._once("no origin", self._unsaid)

    def _once(self, key: str, find: Callable[[], Destination | Refusal]) -> Destination | Refusal:
        with self._lock:
            if key not in self._found:
                self._found[key] = _or_unseen(find)
            return self._found[key]

    def _queue(self, arn: str) -> Destination | Refusal:
        if arn in self._found:
            return self._found[arn]
        try:
            queue = describe(self._sqs, arn)
        except NotFound:
            name = arn.rsplit(":", 1)[-1]
            return Refusal(
                "OriginGone", f"its queue {name} does not exist any more; name another with --to", final=True
            )
        return SqsDestination(self._sqs, queue) if queue.fifo == self._source.fifo else _mismatch(self._source, queue)

    def _function(self, arn: str) -> Destination | Refusal:
        if not self._lambda:
            return Refusal("Unreachable", f"the function {arn.rsplit(':', 1)[-1]} cannot be invoked here", final=True)
        if arn not in self._invoked:
            self._invoked[arn] = LambdaDestination(
                self._lambda(), arn, lambda topic_arn: self._subscription_to(topic_arn, arn)
            )
        return self._invoked[arn]

    def _failed_function(self, named: str) -> Destination | Refusal:
        found = [named] if named else list(self._functions())
        if len(found) == 1:
            return self._function(found[0])
        what = f"{', '.join(found)} have" if found else "no function of the stack has"
        return Refusal("NoOrigin", f"{what} {self._source.name} for failures; name a queue with --to", final=True)

    # Topics

    def _subscriber(self, topic_arn: str, named: str) -> Destination | Refusal:
        failed = [found for found in self._subscriptions(topic_arn) if found.topic_arn == topic_arn]
        failed = [found for found in failed if found.arn == named] or failed
        topic = topic_arn.rsplit(":", 1)[-1]
        if len(failed) != 1:
            said = f"{len(failed)} subscriptions of topic {topic} have {self._source.name} for their failures"
            return Refusal("NoOrigin", f"{said}; name the failed one's queue with --to", final=True)
        if failed[0].protocol == "sqs":
            return self._queue(failed[0].endpoint)
        if failed[0].protocol == "lambda":
            return self._function(failed[0].endpoint)
        return Refusal("Unreachable", f"a subscription by {failed[0].protocol} can only be reached by SNS", final=True)

    def _subscription_to(self, topic_arn: str, endpoint: str) -> str:
        return next((found.arn for found in self._subscriptions(topic_arn) if found.endpoint == endpoint), "")

    def _raw_endpoints(self) -> list[str]:
        return [found.endpoint for found in self._subscriptions("") if found.raw and found.protocol == "sqs"]

    # Rules and schedules

    def _to_target(self, letter: DeadLetter, target_arn: str) -> Destination | Refusal:
        if text(letter, "IS_PAYLOAD_TRUNCATED") == "true":
            return Refusal("Truncated", "EventBridge kept only a part of it", final=True)
        rule = text(letter, "RULE_ARN")
        return self._once(f"target {rule} {target_arn}", lambda: self._target(rule, target_arn))

    def _target(self, rule_arn: str, target_arn: str) -> Destination | Refusal:
        service, name = (target_arn.split(":") + [""] * 3)[2], target_arn.rsplit(":", 1)[-1]
        if service not in ("sqs", "lambda"):
            said = f"its target {name} ({service or 'no ARN'}) can only be reached by EventBridge"
            return Refusal("Unreachable", f"{said}; a queue can be named with --to", final=True)
        if rule_arn and (setting := self._transforms(rule_arn, target_arn)):
            said = f"its rule gives {name} something else than the event ({setting}), and the dead letter is the event"
            return Refusal("Transformed", f"{said}; a queue can be named with --to", final=True)
        return self._queue(target_arn) if service == "sqs" else self._function(target_arn)

    # Letters that say nothing

    def _unsaid(self) -> Destination | Refusal:
        try:
            raw = self._raw_endpoints()
        except Exception as error:
            if not aws_faults.code(error) or aws_faults.is_transient(error) or aws_faults.is_of_credentials(error):
                raise
            raw = []  # who may not see subscriptions goes by the queues
        return self._only([*(queue.arn for queue in self._sources), *raw])

    def _only(self, arns: Sequence[str]) -> Destination | Refusal:
        found = list(dict.fromkeys(arns))
        if len(found) == 1:
            return self._queue(found[0])
        names = ", ".join(arn.rsplit(":", 1)[-1] for arn in found)
        said = f", and {names} have {self._source.name} for failures" if found else ""
        return Refusal("NoOrigin", f"it does not say where it came from{said}; name the queue with --to", final=True)

    def _payload_gone(self, envelope: Envelope) -> Refusal | None:
        if self._s3 is None:
            return None
        try:
            self._s3().head_object(**envelope.payload)
        except Exception as error:
            if aws_faults.is_transient(error) or aws_faults.is_of_credentials(error):
                raise
            gone = ("404", "NoSuchKey", "NoSuchBucket", "NotFound", "ParamValidationError")
            if aws_faults.name(error) in gone:
                return Refusal("PayloadGone", "its body was stored in S3 and the object is gone", final=True)
            # Without the right to list the bucket S3 says the same of an object that is not there:
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
            said = f"its body is stored in S3 and cannot be seen ({aws_faults.name(error)}): gone, or no right to it"
            return Refusal("PayloadUnseen", said, final=True)
        return None


def _is_workers_own(letter: DeadLetter) -> bool:
    """Say whether a worker of this platform put it there itself: see `dead_letter_copy`."""
    return bool(text(letter, "reason") and text(letter, "RequestID") and not text(letter, "ErrorCode"))


def _or_unseen(find: Callable[[], Destination | Refusal]) -> Destination | Refusal:
    """Return what is found; what AWS does not let us see is a reason to leave the message, not to end the run."""
    try:
        return find()
    except Exception as error:
        if not aws_faults.code(error) or aws_faults.is_transient(error) or aws_faults.is_of_credentials(error):
            raise
        said = f"where it came from cannot be looked up: {aws_faults.message(error)}"
        return Refusal(aws_faults.name(error), said, final=True)


def _mismatch(source: QueueFacts, target: QueueFacts) -> Refusal:
    kinds = {True: "FIFO", False: "standard"}
    said = f"{source.name} is {kinds[source.fifo]} and {target.name} is {kinds[target.fifo]}"
    return Refusal("OtherKind", said, final=True)
