"""Take a replay back, as far as that is possible, and say how far that is.

A replayed message may wait in the work queue (it is moved back), be in the dead-letter queue again (nothing to do), or
have been taken by the consumer: whether it was processed cannot be known. Copies of those can be put back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import NoJournal, Runs, check_place, parse
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.files import Import
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.looking.sweep import Sweep
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import to_line
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import SqsDestination
from opscore.dead_letters.tally import Tally
from opscore.errors import UsageProblem
from opscore.id_set import IdSet

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Undone:
    """What became of the messages that a run had replayed.

    `moved_back` were still waiting, `back_already` had failed again, `unknown` were taken by their consumer, and of
    those `copied` were put back as copies. `in_doubt` never left the dead-letter queue, and may have arrived as well.
    """

    replayed: int
    moved_back: int
    back_already: int
    unknown: int
    copied: int
    in_doubt: int


class Replayed:
    """The messages of a journal that arrived, by the id they got at their destination."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.new_ids = IdSet()
        self.destinations: set[str] = set()
        for fields in self._lines():
            for new_id in fields.get("sent", {}).values():
                self.new_ids.add(new_id)
            if "to" in fields:
                self.destinations.add(fields["to"])

    def copies(self, is_wanted: Callable[[str], bool]) -> Iterator[bytes]:
        """Yield, as lines of an export, the originals of those whose new id `is_wanted`."""
        records: dict[str, Any] = {}  # of the batches under way only
        for fields in self._lines():
            for record in fields.get("intent", ()):
                records[record["message_id"]] = record
            for message_id, new_id in fields.get("sent", {}).items():
                record = records.pop(message_id, None)
                if record and is_wanted(new_id):
                    yield to_line(record)

    def _lines(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as lines:
            yield from parse(lines)


@dataclass(frozen=True)
class UndoPlan:
    """What an undo will work on: the queues of the run as they are now, and what its journal says."""

    dead_letters: QueueFacts
    work_queues: Sequence[QueueFacts]
    replayed: Replayed
    in_doubt: int

    @property
    def count(self) -> int:
        """How many messages the run replayed."""
        return len(self.replayed.new_ids)

    @property
    def destinations(self) -> list[str]:
        """Where it sent them."""
        return sorted(self.replayed.destinations)

    @property
    def others(self) -> int:
        """How many messages that are not the run's an undo has to look at, and so count as received once, at most."""
        return max(0, sum(queue.visible for queue in self.work_queues) - self.count)


def plan_undo(sqs: "SQSClient", runs: Runs, run: str, environment: str) -> UndoPlan:
    """Read the journal of `run`; raises `UsageProblem` when that run cannot be undone in this environment."""
    state = runs.read(run)
    check_place(run, state, environment)
    if state.header.get("engine") != "client":
        raise UsageProblem(f"{run} was SQS's own move task: it left no journal to undo it by.")
    replayed = Replayed(runs.find(run))
    queues = [describe(sqs, name) for name in sorted(replayed.destinations) if ":" not in name]
    return UndoPlan(describe(sqs, state.header["source"]["name"]), queues, replayed, len(state.in_doubt))


def undo(sqs: "SQSClient", plan: UndoPlan, *, copies: bool, pace: Pace | None = None) -> Undone:
    """Move back what still waits in the work queues; with `copies` put copies back of what cannot be known."""
    new_ids, found = plan.replayed.new_ids, IdSet()
    back = _already_back(sqs, plan.dead_letters, new_ids, found)
    moved = sum(_move_back(sqs, queue, plan.dead_letters, new_ids, found, pace).moved for queue in plan.work_queues)
    unknown = plan.count - len(found)
    copied = 0
    if copies and unknown:
        lines = plan.replayed.copies(lambda new_id: new_id not in found)
        copied = len(Import(SqsDestination(sqs, plan.dead_letters)).run(lines).done)
    return Undone(plan.count, moved, back, unknown, copied, plan.in_doubt)


def _already_back(sqs: "SQSClient", dead_letters: QueueFacts, new_ids: IdSet, found: IdSet) -> int:
    def visit(letter: DeadLetter) -> None:
        if letter.message_id in new_ids:
            found.add(letter.message_id)

    if dead_letters.depth:
        Sweep(sqs, dead_letters, visit).run()
    return len(found)


def _move_back(
    sqs: "SQSClient",
    queue: QueueFacts,
    dead_letters: QueueFacts,
    new_ids: IdSet,
    found: IdSet,
    pace: Pace | None,
) -> Tally:
    """Replay in the other direction, only what the run had sent, and with the replay counted back by one."""
    destination = SqsDestination(sqs, dead_letters)

    def selected(letter: DeadLetter) -> bool:
        if letter.message_id not in new_ids:
            return False
        found.add(letter.message_id)
        return True

    admission = Admission(
        run="undo",
        bound_ms=dead_letters.asked_ms * 2,
        route=lambda _letter: destination,
        selected=selected,
        history=lambda letter: ("", max(-1, letter.replay[1] - 2)),
    )
    limits = Limits(ordered=queue.fifo)
    return ClientEngine(sqs, queue, admission, NoJournal(), limits=limits, pace=pace).run()
