"""One host, its facts, and what is decided: plain values."""

from dataclasses import replace

import pytest

from opscore.draining.judging.decision import Action, decide, heartbeat_due, stuck, survey_due
from opscore.draining.policy import AtDeadline, Policy, Standalone
from opscore.draining.record import Cause, Drain, Outcome
from opscore.errors import UsageProblem
from opscore.fleets.host import Host, Instance, Task, TaskSurvey

NOW = 10_000
DRAIN = Drain("i-1", 1, "web", "web-group", Cause.TERMINATION, NOW - 300, NOW + 3000, hook="drain", heartbeat_at=NOW)
SEEN = replace(DRAIN, container_instance="ci-1", tasks_at_start=3, left={"t1": "service:web"})
HOST = Host("i-1", "ci-1", "DRAINING")
WEB = Task("t1", "service:web", "RUNNING", "RUNNING")
STOPPING = Task("t1", "service:web", "STOPPED", "DEACTIVATING")
BATCH = Task("t2", "family:batch", "RUNNING", "RUNNING")
LOGGER = Task("t3", "service:logger", "RUNNING", "RUNNING")
LET_GO = Policy(at_deadline=AtDeadline.LET_GO)
EMPTY = TaskSurvey((), complete=True)


def survey(*tasks: Task) -> TaskSurvey:
    return TaskSurvey(tasks, daemons=frozenset({"logger"}))


def outcome(
    drain: Drain, host: Host | None, seen: TaskSurvey | None, policy: Policy = LET_GO, now: int = NOW
) -> Outcome | None:
    return decide(drain, host, seen, policy, now).outcome


def test_a_host_is_drained_when_a_complete_list_shows_no_task_that_has_not_stopped() -> None:
    assert outcome(SEEN, HOST, EMPTY) is Outcome.DRAINED


@pytest.mark.parametrize(
    ("host", "seen"),
    [
        (HOST, None),
        (HOST, TaskSurvey((), complete=False)),
        (HOST, TaskSurvey((STOPPING,), complete=True)),
        (HOST._replace(pending=1), EMPTY),
        (HOST._replace(running=1), EMPTY),
        (HOST._replace(status="ACTIVE"), EMPTY),
    ],
    ids=["not looked at", "not listed anew", "deregistering", "pending", "counted", "not draining"],
)
def test_nothing_less_than_that_is_drained(host: Host, seen: TaskSurvey | None) -> None:
    assert outcome(SEEN, host, seen) is None


def test_a_host_that_takes_tasks_is_set_draining_before_anything_else() -> None:
    assert decide(DRAIN, HOST._replace(status="ACTIVE"), None, LET_GO, NOW).action is Action.CORDON


@pytest.mark.parametrize(
    ("policy", "expected", "killed"),
    [(LET_GO, Outcome.LET_GO, 2), (Policy(at_deadline=AtDeadline.KEEP), Outcome.KEPT, 0)],
)
def test_at_the_deadline_the_policy_decides_and_says_what_it_costs(
    policy: Policy, expected: Outcome, killed: int
) -> None:
    decision = decide(SEEN, HOST, survey(WEB, LOGGER), policy, DRAIN.deadline)
    assert (decision.outcome, decision.killed) == (expected, killed)
    assert "2 tasks had not stopped at the deadline" in decision.why


def test_a_host_that_became_empty_at_the_deadline_is_drained() -> None:
    assert outcome(SEEN, HOST, EMPTY, now=DRAIN.deadline) is Outcome.DRAINED


def test_a_host_that_ecs_refuses_to_drain_does_not_wait_for_ever() -> None:
    assert outcome(SEEN, HOST._replace(status="ACTIVE", running=1), None, now=DRAIN.deadline) is Outcome.LET_GO


def test_standalone_tasks_are_stopped_when_the_policy_says_so_and_not_before() -> None:
    policy = Policy(standalone=Standalone.STOP, stop_after_seconds=600)
    assert decide(SEEN, HOST, survey(WEB, BATCH), policy, DRAIN.started + 599).action is Action.WAIT
    decision = decide(SEEN, HOST, survey(WEB, BATCH), policy, DRAIN.started + 600)
    assert (decision.action, decision.tasks) == (Action.STOP, ("t2",))


def test_a_task_that_was_told_to_stop_is_not_told_again() -> None:
    policy = Policy(standalone=Standalone.STOP, stop_after_seconds=0)
    asked = BATCH._replace(desired="STOPPED")
    assert decide(SEEN, HOST, survey(asked), policy, NOW).action is Action.WAIT


def test_a_standalone_task_keeps_the_host_where_the_policy_says_so() -> None:
    policy = replace(LET_GO, standalone=Standalone.KEEP)
    assert outcome(SEEN, HOST, survey(BATCH), policy, DRAIN.deadline) is Outcome.KEPT
    assert outcome(SEEN, HOST, survey(WEB), policy, DRAIN.deadline) is Outcome.LET_GO


def test_daemons_are_stopped_only_after_they_were_alone_for_a_while() -> None:
    alone = replace(SEEN, daemons_alone_since=NOW - 119)
    assert decide(alone, HOST, survey(LOGGER), LET_GO, NOW).action is Action.WAIT
    assert decide(alone, HOST, survey(LOGGER), LET_GO, NOW + 1).tasks == ("t3",)
    assert decide(alone, HOST, survey(LOGGER, STOPPING), LET_GO, NOW + 1).action is Action.WAIT


def test_an_instance_that_has_not_joined_gets_its_boot_time_and_no_more() -> None:
    instance = Instance(NOW - 599)
    assert decide(DRAIN, None, None, LET_GO, NOW, instance=instance).action is Action.WAIT
    assert decide(DRAIN, None, None, LET_GO, NOW + 1, instance=instance).outcome is Outcome.NEVER_JOINED
    registering = HOST._replace(status="REGISTERING")
    assert decide(DRAIN, registering, None, LET_GO, NOW, instance=instance).action is Action.WAIT
    assert decide(DRAIN, registering, None, LET_GO, NOW + 1, instance=instance).outcome is Outcome.NEVER_JOINED


@pytest.mark.parametrize(
    ("died", "expected", "killed"), [(3, Outcome.LOST, 3), (0, Outcome.LEFT, 0), (None, Outcome.LOST, 0)]
)
def test_an_instance_that_ec2_ended_before_anyone_saw_it_was_there_and_its_tasks_were_killed(
    died: int | None, expected: Outcome, killed: int
) -> None:
    decision = decide(DRAIN, None, None, LET_GO, NOW, instance=Instance(NOW - 60, ended=True, died=died))
    assert (decision.outcome, decision.killed) == (expected, killed)
    assert decision.why.startswith("EC2 ended the instance before anyone could drain it")


def test_a_host_that_ec2_ended_is_not_waited_for_although_ecs_still_shows_it() -> None:
    ended, silent = Instance(NOW - 9000, ended=True), HOST._replace(agent_connected=False, running=2)
    assert decide(SEEN, silent, survey(WEB, LOGGER), LET_GO, NOW, instance=ended).killed == 2
    assert decide(DRAIN, silent, None, LET_GO, NOW, instance=ended).killed == 2
    assert decide(SEEN, silent, EMPTY, LET_GO, NOW, instance=ended).outcome is Outcome.LEFT


def test_an_instance_that_cannot_register_is_not_waited_for() -> None:
    assert outcome(DRAIN, HOST._replace(status="REGISTRATION_FAILED"), None) is Outcome.NEVER_JOINED


def test_a_host_that_left_with_tasks_is_lost_and_one_that_left_without_is_not() -> None:
    assert decide(SEEN, None, None, LET_GO, NOW).killed == 1
    assert outcome(SEEN, None, None) is Outcome.LOST
    assert outcome(replace(SEEN, left={}), None, None) is Outcome.LEFT
    assert outcome(replace(SEEN, left=None), HOST._replace(status="INACTIVE"), None) is Outcome.LOST


def test_a_spot_host_is_awaited_past_its_two_minutes_but_not_for_ever() -> None:
    spot = replace(SEEN, cause=Cause.SPOT, hook="")
    assert outcome(spot, HOST, survey(WEB), now=spot.deadline) is None
    assert outcome(spot, HOST, survey(WEB), now=spot.deadline + 600) is Outcome.KEPT


def test_what_an_operator_began_ends_when_somebody_sets_the_host_active_and_kills_nothing() -> None:
    ordered = replace(SEEN, cause=Cause.OPERATOR, hook="")
    assert outcome(ordered, HOST._replace(status="ACTIVE"), None) is Outcome.UNDONE
    assert outcome(ordered, HOST, survey(WEB), LET_GO, ordered.deadline) is Outcome.KEPT


def test_a_heartbeat_is_due_at_a_third_of_the_timeout_and_after_a_clock_went_back() -> None:
    policy = Policy(heartbeat_timeout_seconds=1800)
    due = [
        heartbeat_due(replace(DRAIN, heartbeat_at=at), policy, NOW) for at in (NOW, NOW - 599, NOW - 600, NOW + 1, 0)
    ]
    assert due == [False, False, True, True, True]
    assert not heartbeat_due(replace(DRAIN, hook="", heartbeat_at=0), policy, NOW)


def test_tasks_are_looked_at_once_a_minute_and_always_when_few_drain_or_one_may_be_over() -> None:
    busy = HOST._replace(running=2)
    looked = replace(SEEN, looked_at=NOW - 59)
    assert not survey_due(looked, busy, LET_GO, NOW)
    assert survey_due(looked, busy, LET_GO, NOW + 1)
    assert survey_due(looked, HOST, LET_GO, NOW)
    assert survey_due(replace(looked, deadline=NOW), busy, LET_GO, NOW)
    assert survey_due(looked, busy, LET_GO, NOW, few=True)


def test_a_drain_is_stuck_late_without_progress_or_kept() -> None:
    fresh = replace(SEEN, started=NOW, deadline=NOW + 10_000)
    assert stuck(fresh, NOW + 899) == ""
    assert stuck(fresh, NOW + 900) == "no task has stopped for 15 minutes"
    assert stuck(replace(fresh, progressed_at=NOW + 8000), NOW + 8000) == "four fifths of its time are over"
    assert stuck(replace(fresh, outcome=Outcome.KEPT), NOW) == "kept at its deadline"
    assert stuck(replace(fresh, outcome=Outcome.DRAINED), NOW + 9_999) == ""


@pytest.mark.parametrize(
    ("heartbeat", "deadline"),
    [(224, 60), (225, 22_500), (1800, 48 * 3600), (1800, 0)],
    ids=["poller too slow", "100 heartbeats", "48 hours", "no time"],
)
def test_a_policy_whose_action_could_end_first_is_refused(heartbeat: int, deadline: int) -> None:
    with pytest.raises(UsageProblem):
        Policy(heartbeat_timeout_seconds=heartbeat, deadline_seconds=deadline)


def test_a_policy_just_inside_the_limits_is_taken() -> None:
    assert Policy(heartbeat_timeout_seconds=225, deadline_seconds=22_499).longest_action_seconds == 22_500
    assert Policy(deadline_seconds=48 * 3600 - 1).longest_action_seconds == 48 * 3600
