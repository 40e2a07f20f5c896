"""The dead-letter queues of a stack, handed to the library as clients and names: what `opsctl dlq` works with."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment
from ops_cli.frame.folders import state_folder
from ops_cli.frame.output import note
from opscore.dead_letters.causes.cause_index import CauseIndex, read_causes
from opscore.dead_letters.engine.pace import GIVE_UP_SECONDS
from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.runs import Runs
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from opscore.dead_letters.replay.journals import Journals
    from opscore.dead_letters.replay.rules import DeadLetterQueue
    from opscore.dead_letters.replay.service import ReplayService


class StackQueues:
    """The queues of the chosen environment. Only this knows where clients and names come from.

    `place` is what a run's journal keeps of the environment, in the form that --env takes.
    """

    def __init__(self, ops: Ops) -> None:
        self._ops = ops
        self.environment = ops.environment.name
        self.place = place_of(ops.environment)

    @functools.cached_property
    def sqs(self) -> Any:
        """The client for queues that makes many calls and tries none of them again."""
        return self._ops.fast_sqs()

    @property
    def logs(self) -> Any:
        """The client for logs."""
        return self._ops.client("logs")

    @functools.cached_property
    def functions(self) -> Any:
        """The client for functions, which invokes once."""
        return self._ops.client_of_one_try("lambda")

    @property
    def sns(self) -> Any:
        """The client for topics."""
        return self._ops.client("sns")

    @property
    def events(self) -> Any:
        """The client for the rules of event buses."""
        return self._ops.client("events")

    @property
    def s3(self) -> Any:
        """The client for objects."""
        return self._ops.client("s3")

    def dead_letters(self, name: str) -> QueueFacts:
        """Return the facts of a dead-letter queue, named by its own name or by its work queue's name or role."""
        return describe(self._ops.client("sqs"), self._ops.stack.queue(name).dead_letter)

    def find(self, name: str) -> QueueFacts:
        """Return the facts of a work queue of the stack, by role or name, or of any other queue by its exact name."""
        queues = self._ops.stack.queues.values()
        named = next((queue.name for queue in queues if name in (queue.role, queue.name)), name)
        try:
            return describe(self._ops.client("sqs"), named)
        except NotFound:
            known = [known for queue in queues for known in (queue.role, queue.name, queue.dead_letter)]
            raise NotFound.among("queue", name, known, listing="opsctl dlq list") from None

    def peek(self, queue: QueueFacts, limit: int) -> list[DeadLetter]:
        """Return up to `limit` messages of a queue and leave them there."""
        return peek(self._ops.client("sqs"), queue, limit=limit)

    def causes(self, dead_letters: QueueFacts, letters: Sequence[DeadLetter] = ()) -> CauseIndex:
        """Return what the consumers logged about the dead letters of a queue, and about `letters` all of it."""
        return read_causes(self.sqs, self.logs, dead_letters, self._log_groups(dead_letters.name), letters)

    def replays(self, name: str, *, give_up_seconds: float = GIVE_UP_SECONDS) -> "ReplayService":
        """Return the replays of a dead-letter queue; a run ends when nothing succeeds for `give_up_seconds`."""
        from opscore.dead_letters.engine.engine import Pace
        from opscore.dead_letters.replay.rules import Records
        from opscore.dead_letters.replay.service import ReplayService

        records = Records(journals(self._ops), state_folder() / "replay-counts.ndjson")
        pace = Pace(give_up_seconds=give_up_seconds)
        return ReplayService(self, self._names(name), records, self.place, find_queue=self.find, pace=pace)

    def _names(self, name: str) -> "DeadLetterQueue":
        from opscore.dead_letters.replay.rules import DeadLetterQueue

        queue = self._ops.stack.queue(name)
        functions = [function.name for function in self._ops.stack.functions.values()]
        return DeadLetterQueue(queue.dead_letter, queue.name, self._log_groups(queue.dead_letter), functions)

    def _log_groups(self, dead_letters: str) -> list[str]:
        """Return the log groups of all consumers whose messages end in that dead-letter queue."""
        stack = self._ops.stack
        consumers = {queue.consumer for queue in stack.queues.values() if queue.dead_letter == dead_letters}
        return [stack.function(consumer).log_group for consumer in sorted(consumers)]


def place_of(environment: Environment) -> str:
    """Return the name of an environment; every sandbox has the same one, and its folder says which it is."""
    return f"{environment.name}:{environment.clone}" if environment.clone else environment.name


def runs() -> Runs:
    """Return the journals of this user's replays."""
    return Runs(state_folder() / "replays")


def journals(ops: Ops) -> "Journals":
    """Return the journals of the chosen environment: those of this machine, and those that the account keeps."""
    from opscore.dead_letters.replay.account_runs import AccountRuns
    from opscore.dead_letters.replay.journals import Journals

    def warn(why: str) -> None:
        note(f"Only this machine can continue the replays that it begins, and sees no others: {why}.")

    account = None
    try:
        account = AccountRuns(ops.client("s3"), ops.stack.bucket("operations"))
    except OpsError as error:
        warn(error.message.rstrip("."))
    return Journals(runs(), account, place_of(ops.environment), warn)
