"""What a replay is going to do: shown first, and the same object that then runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from opscore.dead_letters.looking.peek import peek, warning
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.move_task import MAXIMUM_RATE, Support, refuse_while_active
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.sending.admission import Admission, Admit, Leave
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.errors import UsageProblem
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SAMPLE = 30
NATIVE_FROM = 100_000
"""From how many messages on the plan names SQS's own task as another way. It is never taken unasked: it keeps no
journal to resume and undo by, marks no message, so that one which fails again may be moved again and again, and ends at
the first message that no queue gave up."""

CLIENT_RATE = 1_000
"""Messages a second to expect of the client engine: a careful figure for a network some 20 ms away."""


@dataclass(frozen=True)
class ReplayPlan:
    """Everything an operator should know before saying yes.

    `to` is the queue that was named as the destination. `admission` holds the rules, those of the sample and those of
    the run. `sample` is what was looked at, `chosen` what of it would be sent, as edited; `destinations` says how many
    go where, `left` how many stay and why. `count` is the number of messages to expect.
    """

    request: ReplayRequest
    source: QueueFacts
    sources: Sequence[QueueFacts]
    to: QueueFacts | None
    admission: Admission
    engine: str
    why_engine: str
    count: int
    sample: Sequence[DeadLetter]
    chosen: Sequence[Outgoing]
    destinations: Mapping[str, int]
    left: Mapping[str, int]
    warnings: Sequence[str]

    @property
    def seconds(self) -> int:
        """How long the replay will take, roughly."""
        rate = self.request.rate or (MAXIMUM_RATE if self.engine == "native" else CLIENT_RATE)
        return max(1, round(self.count / rate))

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest message of the sample was sent."""
        return min((letter.sent_ms for letter in self.sample), default=None)

    @property
    def expires_seconds(self) -> int | None:
        """In how many seconds SQS deletes that message."""
        if self.oldest_ms is None:
            return None
        return max(0, self.source.retention_seconds - (self.source.asked_ms - self.oldest_ms) // 1000)


def plan_replay(
    sqs: "SQSClient",
    request: ReplayRequest,
    source: QueueFacts,
    sources: Sequence[QueueFacts],
    admission: Admission,
    support: Support,
    to: QueueFacts | None = None,
) -> ReplayPlan:
    """Return the plan. Raises, before anything is sent, what makes the replay impossible or unsafe."""
    refuse_while_active(support, source)
    _refuse_impossible(request, source, to)
    sample = peek(sqs, source, limit=SAMPLE) if source.visible else []
    engine, why = choose_engine(request, source, sources, support, sample)
    decisions = [admission.decide(letter) for letter in sample]
    chosen = [decision.message for decision in decisions if isinstance(decision, Admit)]
    destinations = Counter(decision.destination.label for decision in decisions if isinstance(decision, Admit))
    left = Counter(decision.why or str(decision.left) for decision in decisions if isinstance(decision, Leave))
    count = source.visible if not sample else round(source.visible * destinations.total() / len(sample))
    if request.maximum is not None:
        count = min(count, request.maximum)
    plan = ReplayPlan(
        request, source, sources, to, admission, engine, why, count, sample, chosen, destinations, left, warnings=()
    )
    return replace(plan, warnings=_warnings(plan))


def choose_engine(
    request: ReplayRequest,
    source: QueueFacts,
    sources: Sequence[QueueFacts],
    support: Support,
    sample: Sequence[DeadLetter] = (),
) -> tuple[str, str]:
    """Return the engine for a request and why; raises `UsageProblem` when the one asked for cannot do it."""
    obstacle = _native_obstacle(request, sources, support, sample)
    if request.engine == "native" and obstacle:
        raise UsageProblem(f"SQS's own move task cannot be used: {obstacle}.", hint="Leave out --engine native.")
    if request.engine != "auto":
        return request.engine, "as asked for"
    if obstacle or source.visible < NATIVE_FROM:
        return "client", obstacle or "it keeps a journal to resume and undo by"
    return "client", "it keeps a journal; --engine native lets SQS move them by itself, without one"


def _native_obstacle(
    request: ReplayRequest, sources: Sequence[QueueFacts], support: Support, sample: Sequence[DeadLetter]
) -> str:
    if request.only_client:
        return f"SQS's own task cannot do {request.only_client}"
    if not sources:
        return "SQS's own task moves only what a queue gave up, and no queue has this one for its dead letters"
    unsourced = sum(letter.origin_arn is None for letter in sample)
    if unsourced and not request.to:
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
        return f"{unsourced} of {len(sample)} looked at were put there by a consumer; SQS knows no way back for those"
    if not support.known:
        return "this endpoint has no move tasks"
    if request.rate and not 1 <= request.rate <= MAXIMUM_RATE:
        return f"SQS's own task moves 1 to {MAXIMUM_RATE} messages a second"
    return ""


def _refuse_impossible(request: ReplayRequest, source: QueueFacts, to: QueueFacts | None) -> None:
    if to and to.arn == source.arn:
        raise UsageProblem(f"{source.name} cannot be replayed into itself.")
    if to and to.fifo != source.fifo:
        kinds = {True: "a FIFO queue", False: "a standard queue"}
        raise UsageProblem(
            f"{source.name} is {kinds[source.fifo]} and {to.name} is {kinds[to.fifo]}.",
            hint="Name a destination of the same kind.",
        )
    if source.fifo and request.selects:
        raise UsageProblem(
            f"{source.name} is a FIFO queue: what is left out would hold back all that follow it in its group.",
            hint="`opsctl dlq export`, choose from the file, then `opsctl dlq import`.",
        )


def _warnings(plan: ReplayPlan) -> list[str]:
    source = plan.source
    found = [said] if (said := warning(source)) else []
    left = plan.expires_seconds
    if left is not None and plan.count and left < 2 * plan.seconds:
        soon = counted(left, "second")
        found.append(f"the oldest messages expire in about {soon}; at this rate some will be gone before their turn")
    if source.in_flight:
        found.append(
            f"{counted(source.in_flight, 'message')} in flight: another reader is at work, or a run was killed"
        )
    if source.fifo:
        found.append("FIFO: one message of a group at a time; one that cannot be sent holds back its group")
    if plan.engine == "native":
        found.append("SQS's own task keeps no journal here and may move again what fails again while it runs")
    if plan.request.keep:
        found.append("--keep copies: the dead letters stay, and a second run copies them again")
    return found
