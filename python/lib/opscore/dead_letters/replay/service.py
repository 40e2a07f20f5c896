"""Replays of one dead-letter queue: planned, run as planned, and resumed by a later process."""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opscore.dead_letters.causes.groups import classify
from opscore.dead_letters.engine.engine import Pace
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import RunState
from opscore.dead_letters.looking.queue import QueueFacts, describe
from opscore.dead_letters.replay import move_task
from opscore.dead_letters.replay.canaries import Canaries, GroupVerdict
from opscore.dead_letters.replay.canary import CanaryResult, CanaryRun, Verdict
from opscore.dead_letters.replay.plan import ReplayPlan, plan_replay
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.rules import Clients, DeadLetterQueue, Records, Rules
from opscore.dead_letters.replay.run import ClientRun
from opscore.dead_letters.replay.runs import check_place, new_run
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import Confirmation
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.dead_letters.tally import Tally
from opscore.errors import UsageProblem

Report = Callable[[Tally], None]
OnVerdict = Callable[[Verdict], None]

SECOND_IS_OVER = 1.2
"""How long to wait until the second of an answer of SQS is over by the clocks of all its servers, each a little off."""


@dataclass(frozen=True)
class ReplayResult:
    """What a run came to. `groups` and `verdict` are there when canaries went first; `queue` is as it was named."""

    run: str
    tally: Tally
    verdict: Verdict | None = None
    groups: Sequence[GroupVerdict] = ()
    queue: str = ""


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
        self._pace, self._now = pace or Pace(), now
        self._rules = Rules(clients, queue, records)

    def plan(self, request: ReplayRequest) -> ReplayPlan:
        """Return what `begin` will do. Raises, before anything is sent, what makes the replay impossible or unsafe."""
        rules, to = self._rules, self._destination(request)
        support = move_task.support(self._sqs, rules.source)
        admission = rules.admission(request, to)
        plan = plan_replay(self._sqs, request, rules.source, rules.sources, admission, support, to)
        if request.group and plan.sample:
            rules.require_group(request.group, plan.sample)
        return plan

    def begin(self, plan: ReplayPlan, report: Report, on_verdict: OnVerdict) -> ReplayResult:
        """Carry out `plan` under a new run id."""
        began = self._now()
        run = new_run(f"{began:%Y%m%d-%H%M%S}")
        facts = {"environment": self._environment, "count": plan.count, "began": f"{began:%Y-%m-%dT%H:%M:%SZ}"}
        with self._records.journals.open(run) as journal:
            if plan.engine == "native":
                return self._move(plan, run, journal, facts, report)
            admission = replace(plan.admission, run=run, bound_ms=self._bound(plan.source))
            work = self._work(journal, plan.request, admission, plan.to, report)
            work.run.begin(facts)
            return self._carry_out(work, on_verdict)

    def resume(self, run: str, report: Report, on_verdict: OnVerdict) -> ReplayResult:
        """Do the rest of a run, its canaries and their watch included; raises `UsageProblem` where `resumable` does."""
        state = self._records.journals.read(run)
        request = resumable(run, state, self._environment)
        to = self._destination(request)
        admission = replace(self._rules.admission(request, to), run=run, bound_ms=state.header["bound_ms"])
        with self._records.journals.open(run) as journal:
            journal.resume()
            return self._carry_out(self._work(journal, request, admission, to, report, state), on_verdict)

    def _bound(self, source: QueueFacts) -> int:
        """Return, when it is over, the end of the second in which SQS is asked: what the run sends is never older."""
        bound = describe(self._sqs, source.url).end_of_second_ms
        self._pace.sleep(SECOND_IS_OVER)
        return bound

    def _destination(self, request: ReplayRequest) -> QueueFacts | None:
        return self._find_queue(request.to) if request.to else None

    def _move(
        self, plan: ReplayPlan, run: str, journal: RunJournal, facts: Mapping[str, Any], report: Report
    ) -> ReplayResult:
        source = {"name": plan.source.name, "arn": plan.source.arn}
        journal.begin(run, {"engine": "native", "request": plan.request.plain(), "source": source, **facts})
        task = move_task.MoveTask(
            self._sqs,
            plan.source,
            destination_arn=plan.to.arn if plan.to else None,
            rate=plan.request.rate,
            report=report,
        )
        with _ending(journal) as ended:
            ended.tally = task.run()
        return ReplayResult(run, task.tally)

    def _work(
        self,
        journal: RunJournal,
        request: ReplayRequest,
        admission: Admission,
        to: QueueFacts | None,
        report: Report,
        earlier: RunState | None = None,
    ) -> "_Work":
        counts = self._rules.counts(request, admission.run)
        canaries = self._canaries(journal, earlier) if request.canary else None

        def on_arrival(message: Outgoing, proof: Confirmation) -> None:
            counts.on_arrival(message, proof)
            if canaries:
                canaries.on_arrival(message, proof)

        run = ClientRun(
            self._sqs,
            self._rules.source,
            request,
            replace(admission, history=counts.history),
            journal,
            earlier=earlier,
            pace=self._pace,
            on_arrival=on_arrival,
            report=report,
        )
        watched = [to] if to else self._rules.sources
        return _Work(admission.run, request, journal, run, canaries, watched, earlier)

    def _canaries(self, journal: RunJournal, earlier: RunState | None) -> Canaries:
        causes = self._rules.causes  # read before anything is sent: no thread of the engine waits for a log
        known, digests = (earlier.canaries, earlier.canary_digests) if earlier else ({}, {})
        return Canaries(lambda letter: classify(letter, causes).id, journal.note, known, digests)

    def _carry_out(self, work: "_Work", on_verdict: OnVerdict) -> ReplayResult:
        with _ending(work.journal) as ended:
            if work.canaries and work.request.canary:
                found = self._in_steps(work, work.canaries, work.request.canary, on_verdict)
                ended.tally, ended.verdict = found.tally, found.verdict
                return ReplayResult(work.name, found.tally, found.verdict, found.groups, work.request.queue)
            ended.tally = work.run.work(work.request.maximum)
            return ReplayResult(work.name, ended.tally)

    def _in_steps(self, work: "_Work", canaries: Canaries, first: int, on_verdict: OnVerdict) -> CanaryResult:
        earlier = work.earlier
        steps = CanaryRun(
            self._sqs,
            self._rules.source,
            work.watched,
            work.run,
            canaries,
            self._rules.errors_since,
            report=on_verdict,
            clock=self._pace.clock,
            sleep=self._pace.sleep,
        )
        moved, backlog = (len(earlier.arrived), earlier.backlog) if earlier else (0, None)
        return steps.work(first, work.request.maximum, moved=moved, backlog=backlog)


@dataclass(frozen=True)
class _Work:
    """A run of the client engine, with its canaries and the queues where these are watched, if it has some."""

    name: str
    request: ReplayRequest
    journal: RunJournal
    run: ClientRun
    canaries: Canaries | None
    watched: Sequence[QueueFacts]
    earlier: RunState | None


def resumable(run: str, state: RunState, environment: str) -> ReplayRequest:
    """Return what the rest of a run is asked to do; raises `UsageProblem` when it has none, or not here."""
    check_place(run, state, environment)
    if state.header.get("engine") != "client":
        raise UsageProblem(f"{run} was SQS's own move task: there is nothing to resume.")
    if state.ended in ("done", "stopped") and not state.open and not state.in_doubt:
        raise UsageProblem(f"{run} is {state.ended}.", hint="`opsctl replay-dlq` begins a new run.")
    return ReplayRequest.of(state.header["request"])


@dataclass
class _Ended:
    tally: Tally | None = None
    verdict: Verdict | None = None


@contextlib.contextmanager
def _ending(journal: RunJournal) -> Iterator[_Ended]:
    """Write down how the work ended, whatever way it ends; a killed process writes nothing, and so is known."""
    ended = _Ended()
    try:
        yield ended
    finally:
        tally = ended.tally
        journal.end(_state(ended), tally.plain() if tally else {})


def _state(ended: _Ended) -> str:
    if ended.tally is None:
        return "failed"
    if ended.tally.interrupted:
        return "interrupted"
    return "stopped" if ended.verdict and ended.verdict.do == "stop" else "done"
