"""The drivers on the model AWS: events in, hosts drained, records written."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from opscore.draining.aws.hosts import Hosts
from opscore.draining.function.schedule import sweep
from opscore.draining.policy import AtDeadline, Fleet, Policy, Standalone
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Undo
from tests.lib.opscore.draining.model_aws import ModelHost, ModelTask
from tests.lib.opscore.draining.model_clients import Exceptions, error
from tests.lib.opscore.draining.simulation import EPOCH, Simulation, order, spot, termination


def a_host(name: str = "i-1", *tasks: ModelTask, **facts: Any) -> ModelHost:
    return ModelHost(name, tasks=list(tasks or (ModelTask(f"{name}-t1"), ModelTask(f"{name}-t2"))), **facts)


@pytest.fixture
def simulation() -> Simulation:
    return Simulation(Policy(heartbeat_timeout_seconds=300))


def only(simulation: Simulation) -> Drain:
    (drain,) = simulation.drains.all()
    return drain


def test_a_terminating_host_goes_when_its_last_task_has_stopped_and_not_before(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", stop_seconds=300), ModelTask("t2")))
    simulation.terminate(host)
    simulation.run(300)
    assert host.lifecycle == "Terminating:Wait"
    assert host.status == "DRAINING"
    simulation.run(400)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)
    drain = only(simulation)
    assert (drain.outcome, drain.cause, drain.hook) == (Outcome.DRAINED, Cause.TERMINATION, "drain")
    assert (drain.tasks_at_start, drain.moved, drain.killed) == (2, 2, 0)
    assert drain.image_id == "ami-1"


def test_an_empty_host_goes_at_once(simulation: Simulation) -> None:
    host = simulation.aws.add(ModelHost("i-1"))
    simulation.terminate(host)
    simulation.run(2)
    assert host.ended_by == "CONTINUE"


def test_tasks_that_vanished_from_the_counts_are_waited_for(simulation: Simulation) -> None:
    """What kills tasks behind a load balancer elsewhere: RUNNING tasks are zero while connections still drain."""
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=0, stop_seconds=500)))
    simulation.terminate(host)
    simulation.run(490)
    assert host.lifecycle == "Terminating:Wait"
    simulation.run(520)
    assert host.killed == 0


def test_daemons_end_last_and_are_waited_for_too(simulation: Simulation) -> None:
    daemon = ModelTask("d1", "service:daemon", moves_after=5, stop_seconds=5)
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", stop_seconds=60), daemon))
    simulation.terminate(host)
    simulation.run(200)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)
    assert daemon.stop_at > 60
    # The daemon has moved nowhere.
    assert (only(simulation).tasks_at_start, only(simulation).moved) == (2, 1)


def test_a_daemon_that_ecs_forgets_is_stopped_once_it_is_alone(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1"), ModelTask("d1", "service:daemon", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(400)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)
    assert (only(simulation).tasks_at_start, only(simulation).moved, only(simulation).stopped) == (2, 1, 0)


def test_the_same_event_twice_and_late_is_one_drain(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host())
    simulation.terminate(host, delays=(1, 1, 3, 200))
    simulation.run(300)
    assert only(simulation).outcome is Outcome.DRAINED


def test_a_lost_event_is_found_by_the_sweep_within_a_minute(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host())
    simulation.terminate(host, delays=())
    simulation.run(31)
    assert host.status == "DRAINING"
    assert only(simulation).detail == "the sweep found the instance waiting"
    simulation.run(150)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)


def test_a_poller_that_died_is_started_again_by_the_sweep(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", stop_seconds=200)))
    simulation.terminate(host)
    simulation.run(20)
    simulation.executions.clear()
    simulation.run(300)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)


def test_heartbeats_keep_a_long_drain_alive(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", stop_seconds=3000)))
    simulation.terminate(host)
    simulation.run(3100)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)
    assert 3000 / 115 <= simulation.aws.calls["record_lifecycle_action_heartbeat"] <= 3000 / 100


def test_at_the_deadline_the_host_is_kept_with_its_tasks(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf), ModelTask("t2")))
    simulation.terminate(host)
    simulation.run(4000)
    assert host.lifecycle == "Terminating:Retained"
    assert [task.task_id for task in host.unstopped(simulation.aws.now)] == ["t1"]
    drain = only(simulation)
    assert (drain.outcome, drain.killed, drain.moved) == (Outcome.KEPT, 0, 1)
    # It needs a person until it is gone, so its alarm goes on.
    assert simulation.counted[-1] == ("StuckDrains", "web", 1)
    simulation.aws.end(host, "by hand")
    simulation.run(4100)
    assert simulation.counted[-1] == ("StuckDrains", "web", 0)


def test_at_the_deadline_the_policy_may_let_the_host_go_and_the_kill_is_counted() -> None:
    simulation = Simulation(Policy(at_deadline=AtDeadline.LET_GO, deadline_seconds=600))
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(700)
    assert (host.ended_by, host.killed) == ("CONTINUE", 1)
    assert ("KilledTasks", "web", 1) in simulation.counted
    assert only(simulation).blocker == "web"
    assert only(simulation).why == (
        "1 task had not stopped at the deadline, and the policy lets the host go; "
        "web: ECS starts its replacement tasks before it stops these"
    )


def test_a_standalone_task_is_stopped_after_its_time() -> None:
    simulation = Simulation(Policy(standalone=Standalone.STOP, stop_after_seconds=120))
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", "family:batch", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(100)
    assert host.unstopped(100)
    simulation.run(300)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)
    assert (only(simulation).stopped, only(simulation).moved) == (1, 0)


def test_an_instance_of_no_cluster_is_let_go_after_its_boot_time(simulation: Simulation) -> None:
    young = simulation.aws.add(ModelHost("i-1", launched=EPOCH - 60, registers_at=inf))
    old = simulation.aws.add(ModelHost("i-2", launched=EPOCH - 6000, registers_at=inf))
    foreign = simulation.aws.add(ModelHost("i-3", cluster="other", launched=EPOCH - 6000))
    for host in (young, old, foreign):
        simulation.terminate(host)
    simulation.run(60)
    assert [host.ended_by for host in (young, old, foreign)] == ["", "CONTINUE", "CONTINUE"]
    simulation.run(600)
    assert young.ended_by == "CONTINUE"
    assert {drain.outcome for drain in simulation.drains.all()} == {Outcome.NEVER_JOINED}


def test_an_instance_that_registers_late_is_drained_then(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", launched=EPOCH - 10, registers_at=100))
    simulation.terminate(host)
    simulation.run(120)
    assert host.status == "DRAINING"
    simulation.run(200)
    assert only(simulation).outcome is Outcome.DRAINED


def test_a_registering_host_is_drained_as_soon_as_ecs_allows(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", status="REGISTERING", launched=EPOCH - 10))
    simulation.terminate(host)
    simulation.run(100)
    host.status = "ACTIVE"
    simulation.run(200)
    assert only(simulation).outcome is Outcome.DRAINED


def test_a_group_that_is_none_of_ours_is_left_alone(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", group="other-group"))
    simulation.deliver(termination(host), spot(host))
    assert simulation.drains.all() == []
    assert host.status == "ACTIVE"


def test_a_spot_notice_drains_at_once_and_what_aws_took_is_recorded(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf), ModelTask("t2")))
    simulation.deliver(spot(host))
    assert host.status == "DRAINING"
    simulation.run(120)
    simulation.aws.end(host, "spot")
    simulation.run(200)
    drain = only(simulation)
    assert (drain.cause, drain.outcome, drain.killed) == (Cause.SPOT, Outcome.LOST, 1)
    assert ("KilledTasks", "web", 1) in simulation.counted


def test_a_termination_joins_the_drain_that_a_spot_notice_or_an_operator_began(simulation: Simulation) -> None:
    taken, drained = simulation.aws.add(a_host("i-1")), simulation.aws.add(a_host("i-2"))
    simulation.deliver(spot(taken), order(drained))
    simulation.terminate(taken)
    simulation.terminate(drained)
    simulation.run(100)
    causes = {drain.instance_id: (drain.cause, drain.outcome) for drain in simulation.drains.all()}
    assert causes == {"i-1": (Cause.SPOT, Outcome.DRAINED), "i-2": (Cause.TERMINATION, Outcome.DRAINED)}
    assert (taken.ended_by, drained.ended_by) == ("CONTINUE", "CONTINUE")


def test_an_order_drains_a_host_that_stays_and_can_be_undone(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host())
    simulation.deliver(order(host))
    simulation.run(100)
    assert (host.status, host.lifecycle) == ("DRAINING", "InService")
    assert only(simulation).outcome is Outcome.DRAINED
    simulation.deliver(Undo("i-1", "web-group", "ada", EPOCH))
    assert host.status == "ACTIVE"
    simulation.deliver(order(host, at=EPOCH + 200))
    assert [drain.attempt for drain in simulation.drains.all()] == [1, 2]


def test_an_order_in_progress_that_is_undone_ends_as_undone(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.deliver(order(host))
    simulation.deliver(Undo("i-1", "web-group", "ada", EPOCH))
    simulation.run(100)
    assert (host.status, only(simulation).outcome) == ("ACTIVE", Outcome.UNDONE)


def test_an_undo_that_is_delivered_again_does_not_undo_a_later_order(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    undo = Undo("i-1", "web-group", "ada", EPOCH)
    simulation.deliver(order(host))
    simulation.deliver(undo)
    simulation.run(100)
    simulation.deliver(order(host, at=EPOCH + 100))
    simulation.deliver(undo)
    assert host.status == "DRAINING"
    assert [drain.outcome for drain in simulation.drains.all()] == [Outcome.UNDONE, None]


def test_a_terminating_host_cannot_be_undone(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(10)
    simulation.deliver(Undo("i-1", "web-group", "ada", EPOCH))
    assert host.status == "DRAINING"


def test_a_completion_that_did_not_arrive_is_made_again_by_the_sweep(simulation: Simulation) -> None:
    host = simulation.aws.add(ModelHost("i-1"))
    simulation.terminate(host)
    simulation.run(2)
    host.lifecycle, host.gone, host.expires_at = "Terminating:Wait", False, inf
    simulation.run(300)
    assert host.gone
    assert only(simulation).outcome is Outcome.DRAINED


def test_a_kept_host_that_is_terminated_again_is_a_new_drain(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(4000)
    host.tasks[0].stop_at = 4000
    simulation.aws.terminate(host)
    sweep(simulation.wiring, simulation.pollers)
    simulation.run(4200)
    assert [drain.outcome for drain in simulation.drains.all()] == [Outcome.KEPT, Outcome.DRAINED]


def test_an_action_that_somebody_else_completed_is_recorded_as_a_loss(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(200)
    simulation.aws.end(host, "by hand")
    simulation.run(400)
    assert (only(simulation).outcome, only(simulation).killed) == (Outcome.LOST, 1)


def test_a_cluster_has_one_poller_and_it_ends_when_nothing_drains(simulation: Simulation) -> None:
    hosts = [simulation.aws.add(a_host(f"i-{number}")) for number in range(30)]
    for host in hosts:
        simulation.terminate(host)
    simulation.run(10)
    assert len(simulation.executions) == 1
    simulation.run(200)
    assert simulation.executions == {}
    assert all(host.ended_by == "CONTINUE" and not host.killed for host in hosts)
    late = simulation.aws.add(a_host("i-late"))
    simulation.terminate(late)
    simulation.run(210)
    assert len(simulation.executions) == 1


def test_what_blocks_one_of_few_drains_is_known_after_the_first_tick(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", "family:batch", moves_after=inf)))
    simulation.terminate(host)
    simulation.run(20)
    assert (only(simulation).blocker, only(simulation).left) == ("family:batch", {"t1": "family:batch"})


def test_one_host_whose_calls_fail_delays_no_other(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = simulation.aws.add(a_host("i-1")), simulation.aws.add(a_host("i-2"))
    release = Hosts.release

    def fails_for_one(hosts: Hosts, drain: Drain) -> None:
        if drain.instance_id == "i-2":
            raise ConnectionError("AWS is away")
        release(hosts, drain)

    monkeypatch.setattr(Hosts, "release", fails_for_one)
    for host in (bad, good):
        simulation.terminate(host)
    simulation.run(900)
    assert (good.ended_by, bad.lifecycle) == ("CONTINUE", "Terminating:Wait")
    assert "AWS is away" in capsys.readouterr().out
    monkeypatch.setattr(Hosts, "release", release)
    simulation.run(930)
    assert {drain.outcome for drain in simulation.drains.all()} == {Outcome.DRAINED}


def dead(simulation: Simulation) -> None:
    """No function answers any more: not the queue, not the pollers, not the sweep."""
    simulation.messages.clear()
    simulation.executions.clear()
    simulation.next_sweep = inf


def test_a_new_fleet_keeps_the_host_of_its_first_termination_although_the_function_is_dead(
    simulation: Simulation,
) -> None:
    host = simulation.aws.add(a_host())
    assert sweep(simulation.wiring, simulation.pollers).retaining == 1
    simulation.terminate(host, delays=())
    dead(simulation)
    simulation.run(4000)
    assert (host.lifecycle, host.gone, host.killed) == ("Terminating:Retained", False, 0)


def test_a_group_is_told_to_keep_hosts_once_and_again_only_when_somebody_changed_it(simulation: Simulation) -> None:
    simulation.run(600)
    assert simulation.aws.calls["update_auto_scaling_group"] == 1
    simulation.aws.retains.clear()
    simulation.run(700)
    assert simulation.aws.calls["update_auto_scaling_group"] == 2


def test_a_fleet_that_lets_hosts_go_has_its_group_left_alone() -> None:
    simulation = Simulation(Policy(at_deadline=AtDeadline.LET_GO, deadline_seconds=600))
    simulation.run(200)
    assert simulation.aws.calls["update_auto_scaling_group"] == 0


def test_a_host_that_was_kept_while_the_function_was_dead_is_drained_and_rings_when_it_is_back(
    simulation: Simulation,
) -> None:
    host = simulation.aws.add(a_host())
    simulation.run(60)
    simulation.terminate(host, delays=())
    dead(simulation)
    simulation.run(1000)
    simulation.next_sweep = 1000
    simulation.run(1200)
    assert (host.lifecycle, host.status, host.unstopped(1200)) == ("Terminating:Retained", "DRAINING", [])
    drain = only(simulation)
    assert (drain.outcome, drain.detail, drain.killed) == (Outcome.DRAINED, "the sweep found the instance kept", 0)
    assert simulation.counted[-1] == ("StuckDrains", "web", 1)


def test_a_drain_whose_host_was_kept_by_a_timeout_says_so_and_counts_no_kill(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.run(60)
    simulation.terminate(host)
    simulation.run(100)
    swept, simulation.next_sweep = simulation.next_sweep, inf
    simulation.executions.clear()
    simulation.run(1000)
    assert host.lifecycle == "Terminating:Retained"
    simulation.next_sweep = swept
    simulation.run(1200)
    drain = only(simulation)
    assert (drain.outcome, drain.killed, host.killed) == (Outcome.KEPT, 0, 0)
    assert drain.why.endswith("; Auto Scaling keeps the instance")


def test_a_sweep_while_another_fleet_is_being_made_or_destroyed_does_its_work(simulation: Simulation) -> None:
    simulation.aws.not_made = {"new-group", "new"}
    wiring = simulation.wiring
    fleets = {**wiring.fleets, "new-group": Fleet("new-group", "new", "drain")}
    assert sweep(replace(wiring, fleets=fleets), simulation.pollers).retaining == 1
    assert {cluster for _, cluster, _ in simulation.counted} == {"web", "new"}


def test_a_group_that_cannot_be_told_fails_the_sweep_after_its_other_work(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host())
    simulation.terminate(host, delays=())

    def refuse(name: str) -> None:
        if name == "update_auto_scaling_group":
            raise PermissionError("not authorized")

    simulation.aws.called = refuse
    with pytest.raises(PermissionError):
        sweep(simulation.wiring, simulation.pollers)
    assert host.status == "DRAINING"
    assert simulation.counted


def test_a_host_that_ec2_killed_before_its_event_came_is_lost_with_its_tasks(simulation: Simulation) -> None:
    tasks = [ModelTask(f"t{number}", moves_after=inf) for number in range(3)]
    host = simulation.aws.add(a_host("i-1", *tasks, launched=EPOCH - 6000))
    simulation.terminate(host, delays=(30,))
    simulation.run(10)
    simulation.aws.end(host, "hand")
    simulation.run(200)
    drain = only(simulation)
    assert (drain.outcome, drain.killed) == (Outcome.LOST, 3)
    assert drain.why == "EC2 ended the instance before anyone could drain it, and 3 tasks died with it"
    assert ("KilledTasks", "web", 3) in simulation.counted


def test_what_is_known_of_dead_tasks_may_be_refused_and_delays_no_other_host(simulation: Simulation) -> None:
    killed = simulation.aws.add(a_host("i-1", launched=EPOCH - 6000))
    other = simulation.aws.add(a_host("i-2"))

    def refuse(name: str) -> None:
        if name == "list_tasks of a cluster":
            raise error(Exceptions.ClientError, "AccessDeniedException", "not authorized")

    simulation.aws.called = refuse
    simulation.aws.end(killed, "hand")
    simulation.deliver(termination(killed), termination(other))
    lost = next(drain for drain in simulation.drains.all() if drain.instance_id == "i-1")
    assert (lost.outcome, lost.why) == (
        Outcome.LOST,
        "EC2 ended the instance before anyone could drain it; how many tasks died with it is not known",
    )
    assert other.status == "DRAINING"


def test_a_host_whose_agent_was_silent_when_ec2_killed_it_is_not_awaited_until_its_deadline(
    simulation: Simulation,
) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf), launched=EPOCH - 6000))
    simulation.deliver(order(host))
    simulation.run(60)
    host.agent_connected = False
    simulation.aws.end(host, "hand")
    simulation.run(200)
    assert (only(simulation).outcome, only(simulation).killed) == (Outcome.LOST, 1)


SLOW = 100
"""Seconds that an operator's clock is behind."""


def test_a_slow_clock_orders_undoes_and_orders_again(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.deliver(order(host, at=EPOCH - SLOW)._replace(attempt=0))
    simulation.run(5)
    simulation.deliver(Undo("i-1", "web-group", "ada", EPOCH + 5 - SLOW, attempt=1))
    assert host.status == "ACTIVE"
    simulation.run(20)
    simulation.deliver(order(host, at=EPOCH + 20 - SLOW)._replace(attempt=1))
    assert host.status == "DRAINING"


def test_an_undo_that_was_sent_before_its_drain_was_recorded_counts(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.deliver(order(host, at=EPOCH - SLOW)._replace(attempt=0))
    simulation.deliver(Undo("i-1", "web-group", "ada", EPOCH + 1 - SLOW, attempt=0))
    assert (host.status, only(simulation).outcome) == ("ACTIVE", Outcome.UNDONE)


def test_an_order_and_its_undo_in_one_batch_leave_the_host_active(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.deliver(order(host), Undo("i-1", "web-group", "ada", EPOCH + 1))
    simulation.run(100)
    assert (host.status, only(simulation).outcome) == ("ACTIVE", Outcome.UNDONE)


def test_requests_of_a_slow_clock_that_are_delivered_again_change_nothing(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    first = order(host, at=EPOCH - SLOW)._replace(attempt=0)
    undo = Undo("i-1", "web-group", "ada", EPOCH + 1 - SLOW, attempt=1)
    second = order(host, at=EPOCH + 2 - SLOW)._replace(attempt=1)
    simulation.deliver(first)
    simulation.deliver(undo)
    simulation.deliver(first)
    assert host.status == "ACTIVE"
    simulation.deliver(second)
    simulation.deliver(undo)
    simulation.deliver(first)
    assert host.status == "DRAINING"
    assert [drain.outcome for drain in simulation.drains.all()] == [Outcome.UNDONE, None]


def test_a_host_that_an_order_left_draining_rings_until_somebody_undrains_it(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    simulation.deliver(order(host))
    simulation.run(5000)
    assert (only(simulation).outcome, host.status) == (Outcome.KEPT, "DRAINING")
    assert simulation.counted[-1] == ("StuckDrains", "web", 1)
    simulation.deliver(Undo("i-1", "web-group", "ada", EPOCH + 5000, attempt=1))
    simulation.run(5100)
    assert simulation.counted[-1] == ("StuckDrains", "web", 0)


def test_a_host_that_an_order_drained_does_not_ring(simulation: Simulation) -> None:
    simulation.deliver(order(simulation.aws.add(a_host())))
    simulation.run(500)
    assert only(simulation).outcome is Outcome.DRAINED
    assert simulation.counted[-1] == ("StuckDrains", "web", 0)


def test_a_fleet_whose_heartbeat_timeout_was_raised_gets_its_hook_changed_before_a_heartbeat_is_late() -> None:
    simulation = Simulation(Policy(heartbeat_timeout_seconds=1800))
    simulation.aws.heartbeat_timeout = 300
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", stop_seconds=3000)))
    simulation.terminate(host)
    simulation.run(3200)
    assert (host.ended_by, host.killed) == ("CONTINUE", 0)
    assert simulation.aws.calls["put_lifecycle_hook"] == 1


def test_a_fleet_that_keeps_hosts_from_now_on_has_its_hook_abandon_from_now_on(simulation: Simulation) -> None:
    simulation.aws.abandons = False
    assert sweep(simulation.wiring, simulation.pollers).hooks == 1
    host = simulation.aws.add(a_host())
    simulation.terminate(host, delays=())
    dead(simulation)
    simulation.run(4000)
    assert (host.lifecycle, host.killed) == ("Terminating:Retained", 0)


def test_a_group_that_is_being_deleted_is_left_as_it_is(simulation: Simulation) -> None:
    simulation.aws.deleting.add("web-group")
    swept = sweep(simulation.wiring, simulation.pollers)
    assert (swept.retaining, swept.hooks) == (0, 0)


def test_a_host_that_is_kept_and_does_not_drain_is_one_host_in_need(simulation: Simulation) -> None:
    host = simulation.aws.add(a_host("i-1", ModelTask("t1", moves_after=inf)))
    host.lifecycle = "Terminating:Retained"
    simulation.run(2000)
    assert only(simulation).is_open
    assert simulation.counted[-1] == ("StuckDrains", "web", 1)
