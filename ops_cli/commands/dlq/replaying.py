"""A replay of dead letters from the command line's side: its rules, its plan, its run, its rest after a crash."""

import contextlib
import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops_cli.commands.dlq import stack_queues
from ops_cli.frame.context import Ops
from ops_cli.frame.stack import Queue
from opscore.dead_letters.causes.consumer_log import CauseIndex
from opscore.dead_letters.causes.groups import classify
from opscore.dead_letters.engine.journal import FileTape, Journal, RunState, new_run
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay import move_task
from opscore.dead_letters.replay.canary import ClosedLoop, Flock, GroupFate, Verdict
from opscore.dead_letters.replay.plan import ReplayPlan, plan_replay
from opscore.dead_letters.replay.replay_counts import Uncounted
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.run import ClientRun, bound_ms
from opscore.dead_letters.sending import selection
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import SqsDestination
from opscore.dead_letters.sending.observed import Listener, ObservedRoute
from opscore.dead_letters.sending.router import Router, function_with_dead_letters, subscriptions_with_dead_letters
from opscore.dead_letters.tally import Tally
from opscore.errors import UsageProblem

Report = Callable[[Tally], None]
Watching = Callable[[Verdict], None]


class Replaying:
    """Everything that one request needs from AWS and from this machine, fetched once and when it is needed."""

    def __init__(self, ops: Ops, request: ReplayRequest) -> None:
        self._ops, self.request = ops, request
        self.sqs = ops.fast_sqs()
        self._queue: Queue = ops.stack.queue(request.queue)
        self.source: QueueFacts = stack_queues.dead_letter_facts(ops, self._queue)

    @functools.cached_property
    def sources(self) -> list[QueueFacts]:
        """The queues that send their dead letters here."""
        return stack_queues.sources_of(self._ops, self._queue, self.source)

    @functools.cached_property
    def to(self) -> QueueFacts | None:
        """The queue named with --to."""
        return stack_queues.any_queue(self._ops, self.request.to) if self.request.to else None

    @functools.cached_property
    def causes(self) -> CauseIndex:
        """What the consumers logged; read only when groups matter."""
        return stack_queues.causes(self._ops, self.source)

    def plan(self) -> ReplayPlan:
        """Return the plan of the request."""
        support = move_task.support(self.sqs, self.source)
        admission = self.admission("plan", self.source.asked_ms + 1000, ())
        return plan_replay(self.sqs, self.request, self.source, self.sources, admission, support, self.to)

    def admission(self, run: str, bound: int, listeners: Sequence[Listener]) -> Admission:
        """Return the rules of the request for a run."""
        uncounted = Uncounted(stack_queues.state_folder() / "replay-counts.ndjson", run)
        return Admission(
            run,
            bound,
            ObservedRoute(self._router, [uncounted.hear, *listeners]),
            selected=self._selected(),
            edited=self._edited(),
            history=uncounted.history,
            maximum_replays=self.request.maximum_replays,
        )

    @functools.cached_property
    def _router(self) -> Router:
        ops, arn = self._ops, self.source.arn
        unqueued = not self.sources  # only then can functions and topics have sent anything here
        return Router(
            self.sqs,
            self.source,
            sources=self.sources,
            to=SqsDestination(self.sqs, self.to) if self.to else None,
            lambda_client=ops.client("lambda") if unqueued else None,
            function=lambda: function_with_dead_letters(ops.client("lambda"), stack_queues.function_names(ops), arn),
            subscriptions=functools.cache(lambda: subscriptions_with_dead_letters(ops.client("sns"), arn)),
            s3=ops.client("s3"),
        )

    def group_of(self, letter: DeadLetter) -> str:
        """Return the group of a message."""
        return classify(letter, self.causes).id

    def closed_loop(self, work: ClientRun, flock: Flock, watched: Watching) -> ClosedLoop:
        """Return the loop that replays a few messages, watches them, and goes on or not."""
        queues = [self.to] if self.to else self.sources
        logs, groups = self._ops.client("logs"), stack_queues.log_groups(self._ops, self.source.name)
        return ClosedLoop(
            self.sqs,
            self.source,
            queues,
            work,
            flock,
            lambda since: CauseIndex.read(logs, groups, since),
            report=watched,
        )

    def _selected(self) -> Callable[[DeadLetter], bool]:
        matches = selection.matching(self.request.filter) if self.request.filter else lambda _letter: True
        if not self.request.group:
            return matches
        group = self.request.group
        return lambda letter: self.group_of(letter) == group and matches(letter)

    def _edited(self) -> Callable[[DeadLetter], str | None]:
        request = self.request
        if request.edit:
            return selection.editing(request.edit)
        if request.edit_source is not None:
            return selection.editing_with(request.edit_source, request.edit_with or "the edit file")
        return lambda _letter: None


@dataclass(frozen=True)
class Result:
    """What a run came to. `groups` and `verdict` are there when canaries went first."""

    run: str
    tally: Tally
    verdict: Verdict | None = None
    groups: Sequence[GroupFate] = ()


def begin(replaying: Replaying, plan: ReplayPlan, environment: str, report: Report, watched: Watching) -> Result:
    """Carry out a plan under a new run id."""
    run = new_run(f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}")
    with FileTape(stack_queues.runs().path(run)) as tape:
        journal = Journal(tape)
        facts = {
            "environment": environment,
            "count": plan.count,
            "began": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        if plan.engine == "native":
            return _native(replaying, plan, run, journal, facts, report)
        return _client(replaying, run, journal, facts, report, watched)


def _native(
    replaying: Replaying, plan: ReplayPlan, run: str, journal: Journal, facts: Mapping[str, Any], report: Report
) -> Result:
    source = {"name": plan.source.name, "arn": plan.source.arn}
    journal.begin(run, {"engine": "native", "request": plan.request.plain(), "source": source, **facts})
    engine = move_task.NativeEngine(
        replaying.sqs,
        plan.source,
        destination_arn=replaying.to.arn if replaying.to else None,
        rate=plan.request.rate,
        report=report,
    )
    with _ending(journal) as ended:
        ended.tally = engine.run()
    return Result(run, engine.tally)


def _client(
    replaying: Replaying, run: str, journal: Journal, facts: Mapping[str, Any], report: Report, watched: Watching
) -> Result:
    request = replaying.request
    flock = Flock(replaying.group_of) if request.canary else None
    bound = bound_ms(replaying.sqs, replaying.source)
    admission = replaying.admission(run, bound, [flock.hear] if flock else [])
    work = ClientRun(replaying.sqs, replaying.source, request, admission, journal, report=report)
    work.begin(facts)
    with _ending(journal) as ended:
        if not flock or not request.canary:
            ended.tally = work.work(request.maximum)
            return Result(run, ended.tally)
        loop = replaying.closed_loop(work, flock, watched)
        found = loop.work(request.canary, request.maximum)
        ended.tally = found.tally
        return Result(run, found.tally, found.verdict, found.groups)


def resume(ops: Ops, run: str, report: Report) -> Result:
    """Do the rest of a run. Raises `UsageProblem` when there is none, or when it was begun in another environment."""
    state = stack_queues.runs().read(run)
    _refuse_resume(ops, run, state)
    replaying = Replaying(ops, ReplayRequest.of(state.header["request"]))
    admission = replaying.admission(run, state.header["bound_ms"], ())
    with FileTape(stack_queues.runs().path(run)) as tape:
        journal = Journal(tape)
        journal.resume()
        work = ClientRun.resumed(
            state, replaying.sqs, replaying.source, replaying.request, admission, journal, report=report
        )
        with _ending(journal) as ended:
            ended.tally = work.work(replaying.request.maximum)
    return Result(run, ended.tally)


def _refuse_resume(ops: Ops, run: str, state: RunState) -> None:
    began_in, here = state.header.get("environment"), ops.environment.name
    if began_in != here:
        raise UsageProblem(f"{run} was begun in {began_in}, this is {here}.", hint=f"Say --env {began_in}.")
    if state.header.get("engine") != "client":
        raise UsageProblem(f"{run} was SQS's own move task: there is nothing to resume.")
    if state.ended == "done" and not state.open and not state.in_doubt:
        raise UsageProblem(f"{run} is done.", hint="`opsctl replay-dlq` begins a new run.")


@dataclass
class _Ended:
    tally: Tally | None = None


@contextlib.contextmanager
def _ending(journal: Journal) -> Iterator[_Ended]:
    """Write down how the work ended, whatever way it ends; a killed process writes nothing, and that tells as much."""
    ended = _Ended()
    try:
        yield ended
    finally:
        tally = ended.tally
        state = "failed" if tally is None else "interrupted" if tally.interrupted else "done"
        journal.end(state, tally.plain() if tally else {})
