"""The rules of a request at one dead-letter queue: what is chosen, how it is edited, and where it goes."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from opscore import aws_faults
from opscore.dead_letters.causes.cause_index import CauseIndex, read_causes
from opscore.dead_letters.causes.groups import MAXIMUM_GROUPS, Grouping, classify
from opscore.dead_letters.looking.queue import QueueFacts, describe, source_queues
from opscore.dead_letters.looking.sweep import Sweep
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.journals import Journals
from opscore.dead_letters.replay.replay_counts import ReplayCounts
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.sent_before import SentBefore
from opscore.dead_letters.sending import selection
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import SqsDestination
from opscore.dead_letters.sending.router import Router
from opscore.dead_letters.sending.senders import (
    Subscription,
    functions_with_dead_letters,
    subscriptions_with_dead_letters,
    takes_from_topics,
    transform_of,
)
from opscore.errors import NotFound
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sqs import SQSClient

_GROUPS_NAMED, _BEGINNING = 10, 60


class Clients(Protocol):
    """The clients of one account and region. Not every replay needs each: they may be made when they are asked for."""

    @property
    def sqs(self) -> "SQSClient":
        """The queues."""

    @property
    def logs(self) -> "CloudWatchLogsClient":
        """The consumers' logs."""

    @property
    def functions(self) -> "LambdaClient":
        """The functions whose failed events are among the dead letters."""

    @property
    def sns(self) -> Any:
        """The topics whose failed deliveries are among the dead letters."""

    @property
    def events(self) -> Any:
        """The rules whose undelivered events are among the dead letters."""

    @property
    def s3(self) -> Any:
        """The bodies that are too large for a message."""


@dataclass(frozen=True)
class DeadLetterQueue:
    """A dead-letter queue by name, and the names that a replay of it needs.

    `log_groups` are those of all consumers whose messages end in it, `functions` all that may have failed events there.
    """

    name: str
    work_queue: str
    log_groups: Sequence[str]
    functions: Sequence[str]


@dataclass(frozen=True)
class Records:
    """What is kept of replays: the journals of the runs, and the file of `ReplayCounts`."""

    journals: Journals
    counts: Path


class Rules:
    """Builds the rules of requests to one queue. What they need from AWS is read once, and only when it is needed."""

    def __init__(self, clients: Clients, queue: DeadLetterQueue, records: Records) -> None:
        self._clients, self._queue, self._records = clients, queue, records
        self.source = describe(clients.sqs, queue.name)
        self._before = SentBefore(records.journals, self.source.arn)

    @functools.cached_property
    def sources(self) -> Sequence[QueueFacts]:
        """The queues that send their dead letters to this one."""
        try:
            found = source_queues(self._clients.sqs, self.source)
        except Exception as error:
            if not aws_faults.is_unknown_operation(error):
                raise
            found = [self._queue.work_queue]  # an emulator without the operation: the stack names one at least
        return [describe(self._clients.sqs, name) for name in found]

    @functools.cached_property
    def causes(self) -> CauseIndex:
        """What the consumers logged about the dead letters."""
        return read_causes(self._clients.sqs, self._clients.logs, self.source, self._queue.log_groups)

    def errors_since(self, start_ms: int) -> CauseIndex:
        """Return what the consumers have logged since then, in milliseconds since the epoch; read anew each time."""
        return CauseIndex.read(self._clients.logs, self._queue.log_groups, start_ms)

    def admission(self, request: ReplayRequest, to: QueueFacts | None) -> Admission:
        """Return the rules of `request` before it has a run; `to` is the destination that it names."""
        return Admission(
            "plan",
            self.source.end_of_second_ms,
            self._router(to),
            selected=self._selected(request),
            edited=_edited(request),
            history=self.counts(request).history,
            maximum_replays=request.maximum_replays,
        )

    def require_group(self, name: str, sample: Sequence[DeadLetter]) -> None:
        """Raise `NotFound`, with the groups that there are, when no message of the queue is of the group `name`.

        Where it is not in the `sample`, and only there, the whole queue is read. Nothing is raised while some messages
        cannot be read.
        """
        if any(classify(letter, self.causes).id == name for letter in sample):
            return
        grouping = Grouping(self.causes)
        read = Sweep(self._clients.sqs, self.source, grouping.add).run()
        groups = grouping.result()
        if read < self.source.depth or len(groups) > MAXIMUM_GROUPS or name in {group.id for group in groups}:
            return
        known = [
            f"{group.id} ({counted(group.count, 'message')}: {(group.cause or group.shape)[:_BEGINNING]})"
            for group in groups
        ]
        more = f", and {len(known) - _GROUPS_NAMED} more" if len(known) > _GROUPS_NAMED else ""
        raise NotFound(
            f"There is no group {name!r} in {self.source.name}.",
            hint=f"There are {'; '.join(known[:_GROUPS_NAMED])}{more}. `opsctl dlq analyse` shows them.",
        )

    def counts(self, request: ReplayRequest, run: str = "") -> ReplayCounts:
        """Return how often messages were replayed; the journals are read only for a request that has a use for it."""
        before = self._before if request.maximum_replays is not None else None
        return ReplayCounts(self._records.counts, run, before)

    def _router(self, to: QueueFacts | None) -> Router:
        clients, arn = self._clients, self.source.arn
        return Router(
            clients.sqs,
            self.source,
            sources=self.sources,
            to=SqsDestination(clients.sqs, to) if to else None,
            lambda_client=lambda: clients.functions,
            functions=functools.cache(
                lambda: functions_with_dead_letters(clients.functions, self._queue.functions, arn)
            ),
            subscriptions=functools.cache(self._subscriptions),
            transforms=lambda rule_arn, target_arn: transform_of(clients.events, rule_arn, target_arn),
            s3=lambda: clients.s3,
        )

    def _subscriptions(self, topic_arn: str) -> Sequence[Subscription]:
        """Return those with this queue for their failures; all of an account are only looked at when it takes some."""
        queue: Any = {"QueueUrl": self.source.url, "AttributeNames": ["Policy"]}
        if not topic_arn:
            answer = self._clients.sqs.get_queue_attributes(**queue)
            if not takes_from_topics(answer.get("Attributes", {}).get("Policy", "")):
                return ()
        return subscriptions_with_dead_letters(self._clients.sns, self.source.arn, topic_arn)

    def _selected(self, request: ReplayRequest) -> Callable[[DeadLetter], bool]:
        matches = selection.matching(request.filter) if request.filter else lambda _letter: True
        if not request.group:
            return matches
        return lambda letter: classify(letter, self.causes).id == request.group and matches(letter)


def _edited(request: ReplayRequest) -> Callable[[DeadLetter], str | None]:
    if request.edit:
        return selection.editing(request.edit)
    if request.edit_source is not None:
        return selection.editing_with(request.edit_source, request.edit_with or "the edit file")
    return lambda _letter: None
