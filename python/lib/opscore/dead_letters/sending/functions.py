"""Lambda as a destination: what an asynchronous invocation gave up is replayed by invoking again."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.dead_letters.envelopes import Kind, unwrap
from opscore.dead_letters.looking.queues import MAXIMUM_BYTES
from opscore.dead_letters.sending.destinations import Confirmation, Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ACCEPTED = 202


class LambdaDestination:
    """A function, invoked asynchronously with what it was invoked with before. It confirms with status 202.

    `from_topic` wraps a notification in the event that SNS invokes a function with.
    """

    fifo = False
    batch_entries = 1
    batch_bytes = MAXIMUM_BYTES

    def __init__(self, client: "LambdaClient", function: str, *, from_topic: bool = False) -> None:
        self._client = client
        self._function = function
        self._from_topic = from_topic
        self.label = f"lambda:{function.rsplit(':function:', 1)[-1]}"

    def objection(self, message: Outgoing) -> Refusal | None:
        """Return why the function cannot be invoked with `message`: an event is JSON."""
        try:
            json.loads(message.body)
        except ValueError:
            return Refusal("NotAnEvent", "the body is not JSON, so it is no event for a function", final=True)
        return None

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        """Invoke the function once for each message."""
        confirmed: dict[str, Confirmation] = {}
        refused: dict[str, Refusal] = {}
        for message in messages:
            answer = self._invoke(message)
            if isinstance(answer, Refusal):
                refused[message.letter.message_id] = answer
            else:
                confirmed[message.letter.message_id] = answer
        return Outcome(confirmed, refused)

    def _invoke(self, message: Outgoing) -> Confirmation | Refusal:
        try:
            answer = self._client.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=self._event(message.body)
            )
        except Exception as error:
            if aws_faults.is_transient(error):
                raise
            return Refusal(aws_faults.code(error) or type(error).__name__, aws_faults.message(error), final=True)
        if answer["StatusCode"] != _ACCEPTED:
            return Refusal("NotAccepted", f"status {answer['StatusCode']}", final=False)
        return Confirmation(message.letter.message_id, answer["ResponseMetadata"].get("RequestId", ""))

    def _event(self, body: str) -> bytes:
        envelope = unwrap(body)
        if envelope.kind is Kind.LAMBDA_DESTINATION:
            return json.dumps(envelope.payload).encode()
        if self._from_topic and envelope.kind is Kind.SNS:
            return json.dumps(_topic_event(envelope.payload)).encode()
        return body.encode()


def _topic_event(notification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event of https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html around a notification."""
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": dict(notification)}
    return {"Records": [record]}


def function_with_dead_letters(client: "LambdaClient", functions: Sequence[str], queue_arn: str) -> str | None:
    """Return the one of `functions` whose asynchronous invocations die into the queue, None when there is none."""
    for function in functions:
        configuration = client.get_function_configuration(FunctionName=function)
        if configuration.get("DeadLetterConfig", {}).get("TargetArn") == queue_arn:
            return function
    return None
