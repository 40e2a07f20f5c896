"""Replay message by message: receive, send, and delete exactly what the destination confirmed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opscore.dead_letters.destinations import Confirmation, Destination, Refusal
from opscore.dead_letters.message import EVERY_ATTRIBUTE, DeadLetter
from opscore.dead_letters.outgoing import Outgoing, Unsendable, prepare
from opscore.dead_letters.peek import PER_CALL, release
from opscore.dead_letters.queues import QueueFacts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LEASE_SECONDS = 120
_EMPTY_ANSWERS = 3


@dataclass
class Tally:
    """What became of the messages so far."""

    moved: int = 0
    failed: int = 0
    bounced: int = 0
    undeleted: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def fail(self, reason: str) -> None:
        """Count one message that stays where it is."""
        self.failed += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


class ClientEngine:
    """One run over one dead-letter queue. `started_ms` is the run's start by SQS's clock.

    A message sent later than that was sent by the run itself and came back: it is left alone.
    """

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        destination: Destination,
        *,
        run: str,
        started_ms: int,
        maximum: int | None = None,
        report: Callable[[Tally], None] = lambda _tally: None,
    ) -> None:
        self._sqs, self._source, self._destination = sqs, source, destination
        self._run, self._started_ms, self._maximum, self._report = run, started_ms, maximum, report
        self._parked: dict[str, str] = {}
        self._sent: dict[str, Confirmation] = {}
        self.tally = Tally()

    def run(self) -> Tally:
        """Replay until nothing older than the run is left, then make visible again what stays."""
        empty = 0
        try:
            while empty < _EMPTY_ANSWERS and (wanted := self._wanted()):
                letters = self._receive(wanted)
                empty = 0 if letters else empty + 1
                self._replay(letters)
                self._report(self.tally)
        finally:
            release(self._sqs, self._source, self._parked.values())
        return self.tally

    def _wanted(self) -> int:
        return PER_CALL if self._maximum is None else min(PER_CALL, self._maximum - len(self._sent))

    def _receive(self, count: int) -> list[DeadLetter]:
        answer = self._sqs.receive_message(
            QueueUrl=self._source.url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=LEASE_SECONDS,
            WaitTimeSeconds=1,
            **EVERY_ATTRIBUTE,
        )
        letters = [DeadLetter.from_sqs(message) for message in answer.get("Messages", [])]
        self._parked |= {letter.message_id: letter.receipt_handle for letter in letters}
        return letters

    def _replay(self, letters: list[DeadLetter]) -> None:
        # What an earlier try sent but could not delete is deleted now, not sent again.
        known = [letter for letter in letters if letter.message_id in self._sent]
        fresh = [message for letter in letters if letter not in known and (message := self._admit(letter))]
        if fresh:
            outcome = self._destination.send(fresh)
            self._sent |= outcome.confirmed
            for refusal in outcome.refused.values():
                self.tally.fail(str(refusal))
            known += [message.letter for message in fresh if message.letter.message_id in outcome.confirmed]
            self.tally.moved += len(outcome.confirmed)
        self._delete(known)

    def _admit(self, letter: DeadLetter) -> Outgoing | None:
        if letter.sent_ms >= self._started_ms or letter.replay[0] == self._run:
            self.tally.bounced += 1
            return None
        try:
            message = prepare(letter, run=self._run)
        except Unsendable as error:
            refusal: Refusal | None = Refusal("Unsendable", str(error), final=True)
        else:
            refusal = self._destination.objection(message)
        if refusal:
            self.tally.fail(str(refusal))
            return None
        return message

    def _delete(self, letters: list[DeadLetter]) -> None:
        proven = [letter for letter in letters if letter.message_id in self._sent]
        if not proven:
            return
        entries: Any = [
            {"Id": str(index), "ReceiptHandle": letter.receipt_handle} for index, letter in enumerate(proven)
        ]
        answer = self._sqs.delete_message_batch(QueueUrl=self._source.url, Entries=entries)
        for done in answer.get("Successful", []):
            self._parked.pop(proven[int(done["Id"])].message_id, None)
        self.tally.undeleted += len(answer.get("Failed", []))
