"""What `opsctl status` and `opsctl dlq list` ask about: the stack's queues, by URL, and its alarms."""

from ops_cli.frame.context import Ops
from ops_cli.frame.stack import Stack
from opscore import alarms as cloudwatch_alarms
from opscore.alarms import StackAlarms, StackNames
from opscore.dead_letters.looking.overview import ListedQueue


def queue_url(ops: Ops, name: str) -> str:
    """Return the URL of a queue of the stack, which is made of what is known: asking for it would double the calls.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
    """
    return f"{ops.client('sqs').meta.endpoint_url}/{ops.stack.account_id}/{name}"


def dead_letter_queues(ops: Ops) -> list[ListedQueue]:
    """Return the stack's dead-letter queues."""
    return [
        ListedQueue(queue.role, queue.dead_letter, queue_url(ops, queue.dead_letter), queue.consumer)
        for queue in ops.stack.queues.values()
    ]


def alarms(ops: Ops) -> StackAlarms:
    """Return the stack's own alarms."""
    return cloudwatch_alarms.of_stack(ops.client("cloudwatch"), names(ops.stack))


def names(stack: Stack) -> StackNames:
    """Return the AWS names of everything in the stack that an alarm can be about."""
    kinds = (stack.functions, stack.tables, stack.buckets, stack.state_machines)
    return StackNames(
        stack.project,
        stack.environment,
        frozenset(
            [
                *(resource.name for kind in kinds for resource in kind.values()),
                *(name for queue in stack.queues.values() for name in (queue.name, queue.dead_letter)),
                *(name for fleet in stack.fleets.values() for name in (fleet.name, fleet.cluster)),
            ]
        ),
    )
