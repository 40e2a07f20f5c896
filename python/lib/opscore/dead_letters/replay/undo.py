"""Take a replay back, as far as that is possible, and say how far that is.

A replayed message may wait in the work queue (it is moved back), be in the dead-letter queue again (nothing to do), or
have been taken by the consumer: whether it was processed cannot be known. Copies of those can be put back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opscore.batches import batches
from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import RunState, parse
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.files import Import
from opscore.dead_letters.looking.queue import BATCH, QueueFacts, describe
from opscore.dead_letters.looking.sweep import Sweep
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.ndjson import to_line
from opscore.dead_letters.replay.journals import Journals
from opscore.dead_letters.replay.runs import check_place
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import Confirmation, Outcome, SqsDestination
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.errors import UsageProblem
from opscore.id_set import IdSet
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Undone:
    """What became of the messages that a run had replayed. Each is counted once, so these add up to `replayed`:

    `back_before` were taken back by an earlier undo, `moved_back` by this one; `waiting` were seen at their destination
    and are there still; `back_already` had failed again; `taken` are nowhere, so the consumer has taken them;
    `not_found` may be anywhere, because the search for them did not come to its end: `why`.

    Of the taken, `copied` were put back as copies. `possibly_twice` were taken back again, because it is not known
    whether an earlier try arrived. `in_doubt` never left the dead-letter queue, and may have arrived as well.
    """

    replayed: int
    back_before: int = 0
    moved_back: int = 0
    waiting: int = 0
    back_already: int = 0
    taken: int = 0
    not_found: int = 0
    copied: int = 0
    possibly_twice: int = 0
    in_doubt: int = 0
    interrupted: bool = False
    why: Sequence[str] = ()


class Replayed:
    """The messages of a journal that arrived, by the id they got at their destination; `state` is what it says."""

    def __init__(self, path: Path, state: RunState) -> None:
        self._path = path
        self.undone, self.undoing, self.in_doubt = state.undone, state.undoing, len(state.in_doubt)
        self.new_ids = IdSet()
        self.destinations: set[str] = set()
        for fields in self._lines():
            for new_id in fields.get("sent", {}).values():
                self.new_ids.add(new_id)
            if "to" in fields:
                self.destinations.add(fields["to"])

    def originals(self, is_wanted: Callable[[str], bool]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the new id and the record of the dead letter it was made from, of those whose new id `is_wanted`."""
        records: dict[str, Any] = {}  # of the batches under way only
        for fields in self._lines():
            for record in fields.get("intent", ()):
                records[record["message_id"]] = record
            for message_id, new_id in fields.get("sent", {}).items():
                record = records.pop(message_id, None)
                if record and is_wanted(new_id):
                    yield new_id, record

    def _lines(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as lines:
            yield from parse(lines)


@dataclass(frozen=True)
class UndoPlan:
    """What an undo will work on: the queues of the run as they are now, and what its journal says."""

    run: str
    dead_letters: QueueFacts
    work_queues: Sequence[QueueFacts]
    replayed: Replayed

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


def plan_undo(sqs: "SQSClient", journals: Journals, run: str, environment: str) -> UndoPlan:
    """Read the journal of `run`; raises `UsageProblem` when that run cannot be undone in this environment."""
    state = journals.read(run)
    check_place(run, state, environment)
    if state.header.get("engine") != "client":
        raise UsageProblem(f"{run} was SQS's own move task: it left no journal to undo it by.")
    replayed = Replayed(journals.path(run), state)
    queues = [describe(sqs, name) for name in sorted(replayed.destinations) if ":" not in name]
    return UndoPlan(run, describe(sqs, state.header["source"]["name"]), queues, replayed)


def undo(sqs: "SQSClient", journals: Journals, plan: UndoPlan, *, copies: bool, pace: Pace | None = None) -> Undone:
    """Move back what still waits in the work queues; with `copies` put copies back of what the consumer has taken.

    Each step is written to the run's journal, so that an undo after this one, or after a kill, takes nothing back that
    is back. Ctrl-C ends it after what is under way.
    """
    with journals.open(plan.run) as journal:
        return Undo(sqs, plan, journal, pace).run(copies=copies)


class UndoJournal:
    """Adds to the journal of a run what an undo takes back: by the id the message got when it was replayed."""

    def __init__(self, journal: RunJournal) -> None:
        self._journal = journal
        journal.resume()

    def intend(self, _destination: str, messages: Sequence[Outgoing]) -> None:
        """Write down what is about to be put back."""
        self.undoing(message.letter.message_id for message in messages)

    def sent(self, outcome: Outcome) -> None:
        """Write down what is back."""
        self.undone(outcome.confirmed)

    def deleted(self, message_ids: Iterable[str]) -> None:
        """Write nothing: what is back is not taken back again."""

    def undoing(self, new_ids: Iterable[str]) -> None:
        """Write down what is about to be put back."""
        self._journal.note({"undoing": list(new_ids)})

    def undone(self, new_ids: Iterable[str]) -> None:
        """Write down what is back."""
        self._journal.note({"undone": list(new_ids)})


@dataclass
class _Found:
    """Where the messages of the run were found."""

    waiting: IdSet = field(default_factory=IdSet)
    moved: IdSet = field(default_factory=IdSet)
    back: IdSet = field(default_factory=IdSet)

    def __contains__(self, new_id: str) -> bool:
        return new_id in self.waiting or new_id in self.back


class Undo:
    """One undo of one run.

    The work queues are searched before the dead-letter queue, as messages only go that way: what fails between the two
    searches is found by the second.
    """

    def __init__(self, sqs: "SQSClient", plan: UndoPlan, journal: RunJournal, pace: Pace | None = None) -> None:
        self._sqs, self._plan, self._pace = sqs, plan, pace
        self._new_ids, self._done = plan.replayed.new_ids, plan.replayed.undone  # the engine adds to these
        self._done_before = len(self._done)
        self._journal = UndoJournal(journal)
        self._found = _Found()
        self._twice = self._copied = 0
        self._interrupted = self._searched = False
        self._why: list[str] = []

    def run(self, *, copies: bool) -> Undone:
        """Do it, and say what became of each message."""
        try:
            self._work(copies=copies)
        except KeyboardInterrupt:
            self._stop()
        missing = self._missing
        return Undone(
            replayed=self._plan.count,
            back_before=self._done_before,
            moved_back=len(self._found.moved),
            waiting=len(self._found.waiting) - len(self._found.moved),
            back_already=len(self._found.back),
            taken=missing if self._searched else 0,
            not_found=0 if self._searched else missing,
            copied=self._copied,
            possibly_twice=self._twice,
            in_doubt=self._plan.replayed.in_doubt,
            interrupted=self._interrupted,
            why=tuple(self._why),
        )

    def _work(self, *, copies: bool) -> None:
        for queue in self._plan.work_queues:
            if not self._interrupted:
                self._move_back(queue)
        if not self._interrupted:
            self._search_dead_letters()
        self._searched = not self._why
        if copies and self._missing and self._searched:
            self._copy()

    @property
    def _missing(self) -> int:
        """How many messages were not found so far."""
        return self._plan.count - self._done_before - len(self._found.waiting) - len(self._found.back)

    def _is_open(self, new_id: str) -> bool:
        return new_id in self._new_ids and not self._done.proof(new_id) and new_id not in self._found

    # Moving back

    def _move_back(self, queue: QueueFacts) -> None:
        """Replay in the other direction, only what the run had sent, and with the replay counted back by one."""
        destination = SqsDestination(self._sqs, self._plan.dead_letters)
        admission = Admission(
            run="undo",
            bound_ms=self._plan.dead_letters.asked_ms * 2,
            route=lambda _letter: destination,
            selected=self._selected,
            history=lambda letter: ("", max(-1, letter.replay[1] - 2)),
        )
        attempts = Attempts()
        attempts.arrived = self._done  # what an earlier undo put back, and could not delete here any more
        engine = ClientEngine(
            self._sqs,
            queue,
            admission,
            self._journal,
            limits=Limits(ordered=queue.fifo),
            pace=self._pace,
            attempts=attempts,
            on_arrival=self._arrived,
        )
        tally = engine.run()
        if tally.interrupted:
            self._stop()
        if tally.held_elsewhere:
            self._why.append(f"{counted(tally.held_elsewhere, 'message')} of {queue.name} hidden by another reader")
        if queue.fifo and tally.skipped:
            self._why.append(f"messages of others are before the run's in groups of {queue.name}")
        if delayed := describe(self._sqs, queue.url).delayed:
            self._why.append(f"{counted(delayed, 'message')} of {queue.name} delayed")

    def _selected(self, letter: DeadLetter) -> bool:
        if letter.message_id not in self._new_ids:
            return False
        if not self._done.proof(letter.message_id):
            self._found.waiting.add(letter.message_id)
        return True

    def _arrived(self, message: Outgoing, _proof: Confirmation) -> None:
        self._found.moved.add(message.letter.message_id)
        self._twice += message.letter.message_id in self._plan.replayed.undoing

    # Looking for what is back

    def _search_dead_letters(self) -> None:
        queue = self._plan.dead_letters

        def visit(letter: DeadLetter) -> None:
            if self._is_open(letter.message_id):
                self._found.back.add(letter.message_id)

        before = describe(self._sqs, queue.url).depth
        seen = Sweep(self._sqs, queue, visit).run() if before else 0
        if unseen := max(before, describe(self._sqs, queue.url).depth) - seen:
            reason = "a group shows ten at a time" if queue.fifo else "another reader may hide them"
            self._why.append(f"{counted(unseen, 'message')} of {queue.name} not seen: {reason}")

    # Copies

    def _copy(self) -> None:
        """Put copies back. An id is written down before its copy goes, and again when that has arrived."""
        sent: list[str] = []

        def lines() -> Iterator[bytes]:
            for some in batches(self._plan.replayed.originals(self._is_open), BATCH):
                self._journal.undoing(new_id for new_id, _ in some)
                for new_id, record in some:
                    sent.append(new_id)
                    yield to_line(record)

        work = Import(SqsDestination(self._sqs, self._plan.dead_letters))
        try:
            work.run(lines())
        finally:
            done = [sent[number - 1] for number in sorted(work.result.done)]
            self._copied = len(done)
            self._twice += sum(new_id in self._plan.replayed.undoing for new_id in done)
            self._journal.undone(done)

    def _stop(self) -> None:
        self._interrupted = True
        self._why.append("it was interrupted")
