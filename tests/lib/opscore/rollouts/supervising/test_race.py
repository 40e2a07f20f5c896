"""Whatever happens to a roll-out (moods of the engine, gates, wishes, dying supervisors), it ends, and ends right."""

from hypothesis import given, settings
from hypothesis import strategies as st

from opscore.rollouts.judging.judge import Action
from opscore.rollouts.judging.observation import RunState
from opscore.rollouts.record import Phase, Wish
from opscore.rollouts.supervising.tick import tick
from opscore.watchers import Changed
from tests.lib.opscore.rollouts.supervising.model_group import OLD, Crash, ModelGroup
from tests.lib.opscore.rollouts.supervising.test_stories import TICK, Stage

HAPPENINGS = st.sampled_from(
    (
        "nothing",
        "engine goes on",
        "engine fails",
        "engine rolls back",
        "stranger cancels",
        "gate turns",
        "launches fail",
        "abort",
        "rollback",
        "dies before",
        "dies after",
        "dies before it writes",
        "is followed",
    )
)

_NEXT = {
    RunState.RUNNING: RunState.SUCCEEDED,
    RunState.ROLLING_BACK: RunState.ROLLED_BACK,
    RunState.CANCELLING: RunState.CANCELLED,
}


def happen(what: str, stage: Stage) -> None:
    group = stage.web
    match what:
        case "engine goes on":
            if group.live:
                group.change(_NEXT[group.live.state], group.live.why)
        case "engine fails":
            group.change(RunState.FAILED, "no capacity")
        case "engine rolls back":
            if group.live and group.live.state is RunState.RUNNING:
                group.change(RunState.ROLLING_BACK, "an alarm rang")
        case "stranger cancels":
            group.change(RunState.CANCELLING)
        case "gate turns":
            group.gate_red = not group.gate_red
        case "launches fail":
            group.failed_launches = 0 if group.failed_launches else 3
        case "abort" | "rollback":
            stage.wish(Wish(what))
        case "dies before":
            group.crash_before = len(group.done)
        case "dies after":
            group.crash_after = len(group.done)
        case "is followed":
            stage.table.generation += 1


def look(stage: Stage, *, dies_before_it_writes: bool) -> None:
    """Let a supervisor look once. One that is not the current one any more writes nothing."""
    generation = stage.table.generation - dies_before_it_writes
    try:
        if stage.table.now.is_live:
            tick(stage.table.now, stage.wiring, generation)
    except (Crash, Changed):
        pass
    stage.clock += TICK


def finish(stage: Stage) -> None:
    """Let everything calm down, and the engine end what it does."""
    stage.web.failed_launches = 0
    for _ in range(40):
        happen("engine goes on", stage)
        look(stage, dies_before_it_writes=False)


@settings(max_examples=300, deadline=None)
@given(st.lists(HAPPENINGS, max_size=40))
def test_a_roll_out_always_ends_and_its_outcome_is_true(story: list[str]) -> None:
    stage = Stage()
    for what in story:
        happen(what, stage)
        look(stage, dies_before_it_writes=what == "dies before it writes")
    finish(stage)
    fleet, group = stage.fleet, stage.web
    assert not stage.table.now.is_live
    if fleet.phase is Phase.DONE:
        assert set(group.hosts.values()) == {group.marks["forward"]} == {group.launches}
    else:
        # The next apply of Terraform launches the old image, and so does the group.
        assert group.latest_image == OLD and group.images[int(group.launches) - 1] == OLD
    if fleet.phase is Phase.ROLLED_BACK:
        assert {group.images[int(version) - 1] for version in group.hosts.values()} == {OLD}
    assert not group.live


@settings(max_examples=300, deadline=None)
@given(st.lists(HAPPENINGS, max_size=40))
def test_nothing_is_made_or_started_twice(story: list[str]) -> None:
    stage = Stage()
    for what in story:
        happen(what, stage)
        look(stage, dies_before_it_writes=what == "dies before it writes")
    finish(stage)
    assert len(stage.web.images) <= 3
    launched = [run.launches for run in stage.web.runs]
    assert len(launched) == len(set(launched))


@settings(max_examples=200, deadline=None)
@given(st.lists(HAPPENINGS, max_size=40))
def test_an_abort_before_the_start_touches_no_host(story: list[str]) -> None:
    stage = Stage()
    stage.wish(Wish.ABORT)
    for what in story:
        if what not in ("abort", "rollback"):
            happen(what, stage)
        look(stage, dies_before_it_writes=what == "dies before it writes")
    assert not stage.web.runs and not stage.web.done


def test_the_stories_can_tell_a_supervisor_that_forgets_to_pin() -> None:
    """The harness would notice: without the pin, an abort leaves the new image as the latest."""

    class Forgetful(ModelGroup):
        def _make(self, purpose: str, image: str) -> str:
            return super()._make(purpose, image) if purpose == "forward" else "1"

    stage = Stage()
    stage.groups["web"] = Forgetful()
    stage.tick()
    stage.wish(Wish.ABORT)
    stage.tick()
    finish(stage)
    assert Action.PIN not in stage.web.done or stage.web.latest_image != OLD
