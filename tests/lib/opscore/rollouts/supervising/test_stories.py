"""One fleet, or several, through a whole roll-out: what the supervisor does and how it ends."""

from dataclasses import replace

import pytest

from opscore.rollouts.judging.judge import Action, Terms
from opscore.rollouts.judging.observation import Run, RunState
from opscore.rollouts.record import FleetProgress, Phase, Rollout, Wish
from opscore.rollouts.supervising.tick import Wiring, tick
from tests.lib.opscore.rollouts.supervising.model_group import NEW, OLD, Crash, ModelGroup, ModelTable

TICK = 15


class Stage:
    """A roll-out on model groups, with a clock."""

    def __init__(self, *names: str, parallel: int = 1) -> None:
        self.groups = {name: ModelGroup() for name in names or ("web",)}
        fleets = tuple(FleetProgress(name, f"group-{name}") for name in self.groups)
        self.table = ModelTable(Rollout("r-1", "ann", 1_000, {}, fleets, parallel=parallel))
        self.clock = 1_000
        self.wiring = Wiring(
            table=self.table,  # type: ignore[arg-type]
            driver=lambda _rollout, name: self.groups[name],
            terms=lambda _rollout, _name: Terms(was="1", settle_seconds=30),
            now=lambda: self.clock,
        )

    @property
    def web(self) -> ModelGroup:
        return self.groups["web"]

    @property
    def fleet(self) -> FleetProgress:
        return self.table.now.fleet("web")

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            if self.table.now.is_live:
                tick(self.table.now, self.wiring, self.table.generation)
            self.clock += TICK

    def wish(self, wish: Wish) -> None:
        self.table.now = replace(self.table.now, wish=wish)


def test_a_good_image_is_published_rolled_and_done_when_the_gates_have_held_for_a_while() -> None:
    stage = Stage()
    stage.tick()
    assert (stage.fleet.phase, stage.fleet.run) == (Phase.ROLLING, "run-0")
    stage.web.change(RunState.SUCCEEDED)
    stage.tick()
    assert stage.fleet.phase is Phase.SETTLING
    stage.tick(2)
    assert stage.table.now.outcome is Phase.DONE
    assert stage.web.done == [Action.PUBLISH, Action.START]
    assert stage.web.launches == "2" and stage.web.latest_image == NEW


def test_an_automatic_rollback_is_no_success_and_leaves_the_old_image_as_the_latest() -> None:
    stage = Stage()
    stage.tick()
    stage.web.change(RunState.ROLLING_BACK, "an alarm rang")
    stage.tick()
    stage.web.change(RunState.ROLLED_BACK, "an alarm rang")
    stage.tick()
    assert stage.table.now.outcome is Phase.ROLLED_BACK and "an alarm rang" in stage.fleet.why
    assert stage.web.images == [OLD, NEW, OLD] and stage.web.launches == "3"


def test_a_red_gate_turns_the_roll_out_round_only_after_its_patience() -> None:
    stage = Stage()
    stage.tick()
    stage.web.gate_red = True
    stage.tick()
    assert stage.fleet.phase is Phase.ROLLING and stage.fleet.why == "gate: is red"
    stage.tick(2)
    assert stage.web.live and stage.web.live.state is RunState.ROLLING_BACK
    stage.web.change(RunState.ROLLED_BACK)
    stage.tick()
    assert stage.table.now.outcome is Phase.ROLLED_BACK and stage.fleet.why == "gate: is red"


def test_a_gate_that_was_red_for_a_moment_changes_nothing() -> None:
    stage = Stage()
    stage.tick()
    for red in (True, False, True, False, True, False):
        stage.web.gate_red = red
        stage.tick()
    assert stage.fleet.phase is Phase.ROLLING


def test_a_gate_that_turns_red_after_the_last_host_brings_the_old_image_back_by_a_refresh() -> None:
    stage = Stage()
    stage.tick()
    stage.web.change(RunState.SUCCEEDED)
    stage.web.gate_red = True
    stage.tick(4)
    assert stage.fleet.phase is Phase.RETURNING and stage.fleet.way_back == "run-1"
    stage.web.change(RunState.SUCCEEDED)
    stage.tick()
    assert stage.table.now.outcome is Phase.ROLLED_BACK
    assert stage.web.launches == "3" and stage.web.latest_image == OLD


def test_an_image_that_does_not_start_is_taken_back_after_three_launches() -> None:
    stage = Stage()
    stage.tick()
    stage.web.failed_launches = 2
    stage.tick()
    assert stage.fleet.phase is Phase.ROLLING
    stage.web.failed_launches = 3
    stage.tick()
    assert stage.web.done[-1] is Action.ROLL_BACK and "3 launches" in stage.fleet.why


def test_where_both_images_fail_launches_stop_and_the_hosts_that_live_stay() -> None:
    stage = Stage()
    stage.tick()
    stage.web.failed_launches = 3
    stage.tick(2)
    assert stage.web.suspended
    stage.web.change(RunState.CANCELLED)
    stage.tick()
    assert stage.table.now.outcome is Phase.FAILED and "launches are stopped" in stage.fleet.why
    assert stage.fleet.suspended == ("Launch",) and len(stage.web.hosts) == 3


def test_abort_stops_where_it_is_and_pins_the_old_image() -> None:
    stage = Stage()
    stage.tick()
    stage.wish(Wish.ABORT)
    stage.tick()
    assert stage.web.live and stage.web.live.state is RunState.CANCELLING
    stage.web.change(RunState.CANCELLED)
    stage.tick()
    assert stage.table.now.outcome is Phase.ABORTED
    assert stage.web.launches == "3" and stage.web.latest_image == OLD


def test_a_refresh_that_somebody_else_cancelled_is_told_as_such() -> None:
    stage = Stage()
    stage.tick()
    stage.web.change(RunState.CANCELLED)
    stage.tick()
    assert stage.table.now.outcome is Phase.FAILED and "terraform apply" in stage.fleet.why


def test_a_group_that_launches_something_else_by_then_is_not_rolled_and_not_changed() -> None:
    stage = Stage()
    stage.web.images += [OLD]
    stage.web.launches = "2"
    stage.tick()
    assert stage.table.now.outcome is Phase.FAILED and stage.web.launches == "2"
    assert stage.web.done == []


def test_another_refresh_that_runs_is_left_alone() -> None:
    stage = Stage()
    stage.web.runs.append(Run("theirs", "1", RunState.RUNNING))
    stage.tick()
    assert stage.table.now.outcome is Phase.FAILED and "theirs" in stage.fleet.why
    assert stage.web.live and stage.web.live.run == "theirs"
    assert stage.web.latest_image == OLD


def test_fleets_are_rolled_in_their_order_and_none_after_one_that_failed() -> None:
    stage = Stage("web", "batch")
    stage.tick()
    assert not stage.groups["batch"].done
    stage.web.change(RunState.FAILED, "no capacity")
    stage.tick()
    assert stage.table.now.fleet("batch").phase is Phase.SKIPPED
    assert stage.table.now.outcome is Phase.FAILED


def test_two_fleets_at_a_time_when_that_is_allowed() -> None:
    stage = Stage("web", "batch", "cron", parallel=2)
    stage.tick()
    assert [len(group.done) for group in stage.groups.values()] == [2, 2, 0]


@pytest.mark.parametrize("where", ["crash_before", "crash_after"])
@pytest.mark.parametrize("number", range(2))
def test_a_supervisor_that_dies_is_followed_by_one_that_goes_on(where: str, number: int) -> None:
    stage = Stage()
    setattr(stage.web, where, number)
    with pytest.raises(Crash):
        stage.tick()
    stage.tick()
    stage.web.change(RunState.SUCCEEDED)
    stage.tick(4)
    assert stage.table.now.outcome is Phase.DONE
    assert stage.web.images == [OLD, NEW] and len(stage.web.runs) == 1
