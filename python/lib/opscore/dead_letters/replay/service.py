"""Replays of one dead-letter queue: planned, run as planned, and resumed by a later process."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opscore.dead_letters.causes.groups import classify
from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import FileStorage, RunJournal, Runs, RunState, check_place, new_run
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay import move_task
from opscore.dead_letters.replay.canary import Canaries, CanaryRun, GroupVerdict, Verdict
from opscore.dead_letters.replay.plan import ReplayPlan, plan_replay
from opscore.dead_letters.replay.replay_counts import ReplayCounts
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.rules import Clients, DeadLetterQueue, Rules
from opscore.dead_letters.replay.run import ClientRun
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.dead_letters.tally import Tally
from opscore.errors import UsageProblem

Report = Callable[[Tally], None]
OnVerdict = Callable[[Verdict], None]


@dataclass(frozen=True)
class Records:
    """What is kept on this machine: the journals of the runs, and the file of `ReplayCounts`."""

    runs: Runs
    counts: Path


@dataclass(frozen=True)
class ReplayResult:
    """What a run came to. `groups` and `verdict` are there when canaries went first."""

    run: str
    tally: Tally
    verdict: Verdict | None = None
    groups: Sequence[GroupVerdict] = ()


@dataclass(frozen=True)
class _Begun:
    """A run that has its name and its journal; `facts` are what the journal's first line says besides the plan."""

    name: str
    journal: RunJournal
    facts: Mapping[str, Any]
    report: Report


class ReplayService:
    """Plans and runs replays of one dead-letter queue.

    `environment` is what journals keep, so that no run is resumed in another one: see `check_place`. `find_queue`
    returns the queue that a request names as its destination; it raises `NotFound`.
    """

    def __init__(
        self,
        clients: Clients,
        queue: DeadLetterQueue,
        records: Records,
        environment: str,
        *,
        find_queue: Callable[[str], QueueFacts],
        pace: Pace | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._sqs, self._records = clients.sqs, records
        self._environment, self._find_queue = environment, find_queue
        self._pace, self._now = pace, now
        self._rules = Rules(clients, queue, records.counts)

    def plan(self, request: ReplayRequest) -> ReplayPlan:
        """Return what `begin` will do. Raises, before anything is sent, what makes the replay impossible or unsafe."""
        rules, to = self._rules, self._destination(request)
        support = move_task.support(self._sqs, rules.source)
        return plan_replay(self._sqs, request, rules.source, rules.sources, rules.admission(request, to), support, to)

    def begin(self, plan: ReplayPlan, report: Report, on_verdict: OnVerdict) -> ReplayResult:
        """Carry out `plan` under a new run id."""
        began = self._now()
        run = new_run(f"{began:%Y%m%d-%H%M%S}")
        facts = {"environment": self._environment, "count": plan.count, "began": f"{began:%Y-%m-%dT%H:%M:%SZ}"}
        with FileStorage(self._records.runs.path(run)) as storage:
            begun = _Begun(run, RunJournal(storage), facts, report)
            if plan.engine == "native":
                return self._move(plan, begun)
            if plan.request.canary:
                return self._replay_in_steps(plan, plan.request.canary, begun, on_verdict)
            return self._replay(plan, begun)

    def resume(self, run: str, report: Report) -> ReplayResult:
        """Do the rest of a run; raises `UsageProblem` where `resumable` does."""
        state = self._records.runs.read(run)
        request = resumable(run, state, self._environment)
        counts = ReplayCounts(self._records.counts, run)
        admission = replace(
            self._rules.admission(request, self._destination(request)),
            run=run,
            bound_ms=state.header["bound_ms"],
            history=counts.history,
        )
        with FileStorage(self._records.runs.path(run)) as storage:
            journal = RunJournal(storage)
            journal.resume()
            rest = ClientRun(
                self._sqs,
                self._rules.source,
                request,
                admission,
                journal,
                earlier=state,
                pace=self._pace,
                on_arrival=counts.on_arrival,
                report=report,
            )
            with _ending(journal) as ended:
                ended.tally = rest.work(request.maximum)
        return ReplayResult(run, ended.tally)

    def _destination(self, request: ReplayRequest) -> QueueFacts | None:
        return self._find_queue(request.to) if request.to else None

    # The three ways to carry out a plan

    def _move(self, plan: ReplayPlan, begun: _Begun) -> ReplayResult:
        source = {"name": plan.source.name, "arn": plan.source.arn}
        begun.journal.begin(
            begun.name, {"engine": "native", "request": plan.request.plain(), "source": source, **begun.facts}
        )
        task = move_task.MoveTask(
            self._sqs,
            plan.source,
            destination_arn=plan.to.arn if plan.to else None,
            rate=plan.request.rate,
            report=begun.report,
        )
        with _ending(begun.journal) as ended:
            ended.tally = task.run()
        return ReplayResult(begun.name, task.tally)

    def _replay(self, plan: ReplayPlan, begun: _Begun) -> ReplayResult:
        work = self._client_run(plan, begun)
        work.begin(begun.facts)
        with _ending(begun.journal) as ended:
            ended.tally = work.work(plan.request.maximum)
        return ReplayResult(begun.name, ended.tally)

    def _replay_in_steps(self, plan: ReplayPlan, first: int, begun: _Begun, on_verdict: OnVerdict) -> ReplayResult:
        causes = self._rules.causes  # read before anything is sent: no thread of the engine waits for a log
        canaries = Canaries(lambda letter: classify(letter, causes).id)
        work = self._client_run(plan, begun, canaries)
        work.begin(begun.facts)
        watched = [plan.to] if plan.to else plan.sources
        steps = CanaryRun(self._sqs, plan.source, watched, work, canaries, self._rules.errors_since, report=on_verdict)
        with _ending(begun.journal) as ended:
            found = steps.work(first, plan.request.maximum)
            ended.tally = found.tally
        return ReplayResult(begun.name, found.tally, found.verdict, found.groups)

    def _client_run(self, plan: ReplayPlan, begun: _Begun, canaries: Canaries | None = None) -> ClientRun:
        counts = ReplayCounts(self._records.counts, begun.name)
        bound = describe(self._sqs, plan.source.url).end_of_second_ms
        admission = replace(plan.admission, run=begun.name, bound_ms=bound, history=counts.history)

        def on_arrival(message: Outgoing, proof: Confirmation) -> None:
            counts.on_arrival(message, proof)
            if canaries:
                canaries.on_arrival(message, proof)

        return ClientRun(
            self._sqs,
            plan.source,
            plan.request,
            admission,
            begun.journal,
            pace=self._pace,
            on_arrival=on_arrival,
            report=begun.report,
        )


def resumable(run: str, state: RunState, environment: str) -> ReplayRequest:
    """Return what the rest of a run is asked to do; raises `UsageProblem` when it has none, or not here."""
    check_place(run, state, environment)
    if state.header.get("engine") != "client":
        raise UsageProblem(f"{run} was SQS's own move task: there is nothing to resume.")
    if state.ended == "done" and not state.open and not state.in_doubt:
        raise UsageProblem(f"{run} is done.", hint="`opsctl replay-dlq` begins a new run.")
    return ReplayRequest.of(state.header["request"])


@dataclass
class _Ended:
    tally: Tally | None = None


@contextlib.contextmanager
def _ending(journal: RunJournal) -> Iterator[_Ended]:
    """Write down how the work ended, whatever way it ends; a killed process writes nothing, and so is known."""
    ended = _Ended()
    try:
        yield ended
    finally:
        tally = ended.tally
        state = "failed" if tally is None else "interrupted" if tally.interrupted else "done"
        journal.end(state, tally.plain() if tally else {})
