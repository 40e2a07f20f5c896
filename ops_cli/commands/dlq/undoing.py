"""An undo from the command line's side: the journal's queues as they are in this environment."""

from dataclasses import dataclass

from ops_cli.commands.dlq import stack_queues
from ops_cli.frame.context import Ops
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay.undo import Replayed, Undone, undo, waiting_strangers
from opscore.errors import UsageProblem


@dataclass(frozen=True)
class Undoing:
    """What an undo will work on."""

    dead_letters: QueueFacts
    work_queues: list[QueueFacts]
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
    def strangers(self) -> int:
        """How many messages of others wait at the destinations, at most."""
        return waiting_strangers(self.work_queues, self.count)


def prepare(ops: Ops, run: str) -> Undoing:
    """Read the journal of `run`; raises `UsageProblem` when that run cannot be undone here."""
    kept = stack_queues.runs()
    state = kept.read(run)
    began_in = state.header.get("environment")
    if began_in != ops.environment.name:
        raise UsageProblem(f"{run} was begun in {began_in}.", hint=f"Say --env {began_in}.")
    if state.header.get("engine") != "client":
        raise UsageProblem(f"{run} was SQS's own move task: it left no journal to undo it by.")
    replayed = Replayed(kept.find(run))
    sqs = ops.client("sqs")
    queues = [describe(sqs, name) for name in sorted(replayed.destinations) if ":" not in name]
    return Undoing(describe(sqs, state.header["source"]["name"]), queues, replayed, len(state.in_doubt))


def undo_run(ops: Ops, undoing: Undoing, *, copies: bool) -> Undone:
    """Carry out the undo."""
    return undo(
        ops.fast_sqs(),
        undoing.dead_letters,
        undoing.work_queues,
        undoing.replayed,
        in_doubt=undoing.in_doubt,
        copies=copies,
    )
