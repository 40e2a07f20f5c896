"""A group with its launch template and instance refreshes, in memory: what a supervisor sees and does."""

from dataclasses import dataclass, field, replace

from opscore.rollouts.judging.judge import Action
from opscore.rollouts.judging.observation import Gate, Run, RunState, Seen
from opscore.rollouts.record import Event, FleetProgress, Phase, Rollout
from opscore.watchers import Changed

NEW, OLD = "ami-new", "ami-old"


class Crash(Exception):
    """The supervisor dies here."""


@dataclass
class ModelGroup:
    """`images` are the template's versions from 1 on; `marks` the purposes of those that the roll-out made."""

    images: list[str] = field(default_factory=lambda: [OLD])
    marks: dict[str, str] = field(default_factory=dict)
    launches: str = "1"
    runs: list[Run] = field(default_factory=list)
    hosts: dict[int, str] = field(default_factory=lambda: dict.fromkeys(range(3), "1"))
    gate_red: bool = False
    failed_launches: int = 0
    suspended: bool = False
    done: list[Action] = field(default_factory=list)
    crash_before: int = -1
    crash_after: int = -1

    @property
    def latest_image(self) -> str:
        """What the next apply of Terraform would have the group launch."""
        return self.images[-1]

    @property
    def live(self) -> Run | None:
        return next((run for run in self.runs if run.state.is_live), None)

    def look(self, fleet: FleetProgress) -> Seen:
        back = fleet.phase is Phase.RETURNING
        wanted = fleet.way_back if back else fleet.run
        launches = self.marks.get("back" if back else "forward", "")
        ours = [run for run in self.runs if (run.run == wanted if wanted else run.launches == launches)]
        run = ours[-1] if ours else (None if wanted else self.live)
        return Seen(
            launches=self.launches,
            published=self.marks.get("forward", ""),
            returned=self.marks.get("back", ""),
            run=run,
            gates=(Gate("gate", self.gate_red, "is red", 30),),
            failed_launches=self.failed_launches,
            replaced=sum(version == self.marks.get("forward") for version in self.hosts.values()),
            hosts=len(self.hosts),
        )

    def do(self, action: Action, fleet: FleetProgress) -> FleetProgress:
        number = len(self.done)
        if number == self.crash_before:
            self.crash_before = -1
            raise Crash
        self.done.append(action)
        after = self._do(action, fleet)
        if number == self.crash_after:
            self.crash_after = -1
            raise Crash
        return after

    def _do(self, action: Action, fleet: FleetProgress) -> FleetProgress:
        match action:
            case Action.PUBLISH:
                return replace(fleet, published=self._make("forward", NEW))
            case Action.PUBLISH_OLD:
                return replace(fleet, returned=self._make("back", OLD))
            case Action.START:
                return replace(fleet, run=self._start(fleet.published))
            case Action.START_BACK:
                return replace(fleet, way_back=self._start(fleet.returned))
            case Action.ROLL_BACK:
                self.change(RunState.ROLLING_BACK)
            case Action.CANCEL:
                self.change(RunState.CANCELLING)
            case Action.PIN:
                self.launches = fleet.returned
            case Action.STOP_LAUNCHES:
                self.suspended = True
                self.change(RunState.CANCELLING)
        return fleet

    def _make(self, purpose: str, image: str) -> str:
        if purpose not in self.marks:
            self.images.append(image)
            self.marks[purpose] = str(len(self.images))
        return self.marks[purpose]

    def _start(self, version: str) -> str:
        if self.live:
            return ""
        self.runs.append(Run(f"run-{len(self.runs)}", version, RunState.RUNNING))
        return self.runs[-1].run

    def change(self, state: RunState, why: str = "") -> None:
        """Have the live run go on to a state; what AWS does with the group and its hosts is done as well."""
        run = self.live
        if run is None:
            return
        self.runs[self.runs.index(run)] = run._replace(state=state, why=why)
        if state is RunState.SUCCEEDED:
            self.launches = run.launches
            self.hosts = dict.fromkeys(self.hosts, run.launches)
        if state is RunState.ROLLED_BACK:
            self.hosts = dict.fromkeys(self.hosts, self.launches)


class ModelTable:
    """The table's writes in memory: a write holds only on what was read last, and by the current supervisor."""

    def __init__(self, rollout: Rollout) -> None:
        self.now = rollout
        self.events: list[Event] = []
        self.generation = 1

    def update(self, before: Rollout, after: Rollout, events: list[Event], generation: int) -> Rollout:
        if before.revision != self.now.revision or generation != self.generation:
            raise Changed("stale")
        self.now = replace(after, revision=before.revision + 1, events=before.events + len(events), wish=self.now.wish)
        self.events += events
        return self.now
