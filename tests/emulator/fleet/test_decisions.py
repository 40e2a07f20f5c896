"""The pure decisions: placement, services, refreshes, hooks, scale-in, the query language, buckets."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.autoscaling import refresh_plan
from emulated_aws.fleet.autoscaling.lifecycle_hooks import Action, Outcome, next_state, outcome
from emulated_aws.fleet.autoscaling.scale_in import Candidate, choose
from emulated_aws.fleet.cloudformation import rolling_plan
from emulated_aws.fleet.ec2.instance_types import capacity
from emulated_aws.fleet.ecs.placement import SERVICE_DEFAULT, Host, Need, Strategy, place
from emulated_aws.fleet.ecs.query_language import BadExpression, compile_expression
from emulated_aws.fleet.ecs.service_plan import TaskFact, daemon_step, replica_step
from emulated_aws.fleet.refusals import Refused
from emulated_aws.fleet.token_bucket import Bucket

NEEDS = st.builds(
    Need,
    cpu=st.integers(0, 2048),
    memory=st.integers(1, 4096),
    ports=st.frozensets(st.integers(1, 5), max_size=2),
    group=st.sampled_from(["service:a", "service:b"]),
    distinct=st.booleans(),
)


def _host(name: str, zone: str = "a") -> Host:
    return Host(name, 2048, 4096, {"ecs.availability-zone": zone})


@given(st.lists(NEEDS, max_size=40), st.sampled_from([(), SERVICE_DEFAULT, (Strategy("binpack", "memory"),)]))
def test_no_host_ever_holds_more_than_it_has(needs: list[Need], strategies: tuple[Strategy, ...]) -> None:
    hosts = [_host(f"host-{n}", "ab"[n % 2]) for n in range(3)]
    for number, need in enumerate(needs):
        if found := place(need, hosts, strategies).host:
            assert not (need.distinct and found.groups[need.group])
            assert not need.ports & found.ports
            found.hold(str(number), need)
    assert all(host.free_cpu >= 0 and host.free_memory >= 0 for host in hosts)
    for host in hosts:
        for task in list(host.tasks):
            host.release(task)
        assert (host.free_cpu, host.free_memory, dict(host.groups)) == (2048, 4096, {})


def test_spread_alternates_and_binpack_fills() -> None:
    need = Need(cpu=256, memory=256, group="service:a")
    spread, packed = ([_host("1", "a"), _host("2", "b")] for _ in range(2))
    for number in range(4):
        for hosts, strategies in ((spread, SERVICE_DEFAULT), (packed, (Strategy("binpack", "cpu"),))):
            host = place(need, hosts, strategies).host
            assert host
            host.hold(str(number), need)
    assert sorted(len(host.tasks) for host in spread) == [2, 2]
    assert sorted(len(host.tasks) for host in packed) == [0, 4]


TASKS = st.lists(
    st.builds(
        TaskFact,
        arn=st.uuids().map(str),
        status=st.sampled_from(["PENDING", "RUNNING"]),
        host=st.sampled_from(["1", "2"]),
        host_drains=st.booleans(),
        current=st.booleans(),
        healthy=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda task: task.arn,
)


@given(st.integers(0, 10), st.integers(0, 100), st.integers(100, 200), TASKS)
def test_a_service_stays_between_its_percentages(desired: int, least: int, most: int, tasks: list[TaskFact]) -> None:
    step = replica_step(desired, least, most, tasks)
    kept = [task for task in tasks if task.arn not in step.stop]
    healthy = sum(task.counts for task in tasks)
    # Stopping never brings the healthy ones below the minimum; it need not bring them up to it.
    assert sum(task.counts for task in kept) >= min(math.ceil(desired * least / 100), healthy, desired)
    if step.start:
        assert len(tasks) - len([t for t in tasks if t.leaves and t.status == "PENDING"]) + step.start <= max(
            desired * most // 100, 1
        )
    assert not {task.arn for task in tasks if task.leaves and task.status == "PENDING"} - set(step.stop)


def test_a_service_at_100_and_100_percent_does_not_move() -> None:
    tasks = [TaskFact(str(n), "RUNNING", "1", host_drains=True) for n in range(2)]
    step = replica_step(2, 100, 100, tasks)
    assert (step.start, step.stop) == (0, ())
    assert step.blocked


@pytest.mark.parametrize(("busy", "stopped"), [(["1"], ()), ([], ("d1",))])
def test_a_daemon_on_a_draining_host_waits_for_the_others(busy: list[str], stopped: tuple[str, ...]) -> None:
    tasks = [TaskFact("d1", "RUNNING", "1", host_drains=True), TaskFact("d2", "RUNNING", "2", host_drains=False)]
    step, missing = daemon_step(["2"], tasks, busy)
    assert (step.stop, missing) == (stopped, [])


@given(
    st.integers(1, 10),
    st.integers(0, 100),
    st.one_of(st.none(), st.integers(100, 200)),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=20),
    st.sampled_from([25, 50, 100]),
)
def test_a_refresh_keeps_its_minimum_and_its_checkpoint(
    desired: int, least: int, most: int | None, states: list[tuple[bool, bool, bool]], checkpoint: int
) -> None:
    members = [
        refresh_plan.Member(str(n), outdated, ready and not leaving, leaving)
        for n, (outdated, ready, leaving) in enumerate(states)
    ]
    total = sum(one.outdated for one in members)
    bounds = refresh_plan.Bounds(least, most)
    found = refresh_plan.decide(desired, bounds, members, total=total, next_checkpoint=checkpoint)
    gone = [one for one in members if one.instance_id in found.terminate]
    assert all(one.outdated and not one.leaving for one in gone)
    ready = sum(one.ready for one in members)
    lost = sum(one.ready for one in gone)
    one_by_one = most is None and lost == 1
    assert lost == 0 or ready - lost >= bounds.floor(desired) or one_by_one
    left = sum(one.outdated and not one.leaving for one in members) - len(gone)
    before = sum(one.outdated and not one.leaving for one in members)
    assert left >= min(before, total - math.floor(total * checkpoint / 100))
    assert 0 <= found.surge <= max(1, bounds.ceiling(desired) - desired)


@given(
    st.integers(1, 6),
    st.integers(0, 6),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=8),
)
def test_a_rolling_update_keeps_its_minimum(size: int, least: int, states: list[tuple[bool, bool, bool]]) -> None:
    members = [rolling_plan.Member(str(n), *state) for n, state in enumerate(states)]
    policy = rolling_plan.Policy(max_batch_size=size, min_in_service=least)
    batch = rolling_plan.next_batch(policy, len(members), members)
    assert len(batch.terminate) <= size
    assert not batch.terminate or len(members) - len(batch.terminate) >= least
    assert batch.finished <= all(one.in_service and not one.outdated for one in members)


@pytest.mark.parametrize("pause", ["PT2H", "5 minutes", "PT1H1S"])
def test_a_pause_that_is_no_duration_of_an_hour_is_refused(pause: str) -> None:
    with pytest.raises(Refused):
        rolling_plan.Policy.from_template({"PauseTime": pause})


EVENTS = st.lists(st.tuples(st.sampled_from(["beat", "CONTINUE", "ABANDON", "wait"]), st.floats(0, 5000)), max_size=30)


@given(st.integers(30, 7200), EVENTS)
def test_no_action_outlives_its_global_timeout(timeout: int, events: list[tuple[str, float]]) -> None:
    action, now = Action.begin("hook", "token", timeout, "ABANDON", 0.0, 1.0), 0.0
    for event, seconds in events:
        now += seconds
        action = action.settle(now)
        if action.result:
            break
        action = action.heartbeat(now) if event == "beat" else action
        action = action.complete(event) if event in ("CONTINUE", "ABANDON") else action
    assert action.deadline <= min(48 * 3600, 100 * timeout)
    assert action.settle(min(48 * 3600, 100 * timeout)).result


@given(st.lists(st.sampled_from(["", "CONTINUE", "ABANDON"]), min_size=1, max_size=4))
def test_an_instance_goes_on_only_when_all_continue_or_one_abandons(results: list[str]) -> None:
    actions = [Action.begin(str(n), str(n), 30, "ABANDON", 0.0, 1.0).complete(r) for n, r in enumerate(results)]
    expected = Outcome.ABANDON if "ABANDON" in results else Outcome.WAIT if "" in results else Outcome.CONTINUE
    assert outcome(actions) is expected


def test_what_follows_a_wait() -> None:
    def after(state: str, found: Outcome, retain: bool = False) -> str:
        return next_state(state, found, retain_on_abandon=retain)

    assert after("Pending:Wait", Outcome.CONTINUE) == "Pending:Proceed"
    assert after("Pending:Wait", Outcome.ABANDON) == "Terminating"
    assert after("Terminating:Wait", Outcome.ABANDON) == "Terminating:Proceed"
    assert after("Terminating:Wait", Outcome.ABANDON, True) == "Terminating:Retained"
    assert after("Terminating:Wait", Outcome.CONTINUE, True) == "Terminating:Proceed"
    assert after("Terminating:Wait", Outcome.WAIT) == "Terminating:Wait"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=15), st.integers(0, 15))
def test_scaling_in_never_takes_a_protected_instance(shape: list[tuple[str, bool]], count: int) -> None:
    candidates = [Candidate(str(n), zone, n, 0, protected) for n, (zone, protected) in enumerate(shape)]
    chosen = choose(candidates, count, ["Default"])
    protected = {one.instance_id for one in candidates if one.protected}
    assert not set(chosen) & protected
    assert len(chosen) == len(set(chosen)) == min(count, len(candidates) - len(protected))


FACTS = {"attribute:color": "blue", "agentConnected": True, "runningTasksCount": 3, "task:group": {"service:a"}}


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("", True),
        ("attribute:color == blue", True),
        ("attribute:color != 'blue'", False),
        ("attribute:color in [red, blue]", True),
        ("attribute:color =~ b.*", True),
        ("attribute:size exists", False),
        ("attribute:size !exists", True),
        ("not(task:group == service:a)", False),
        ("agentConnected == true and runningTasksCount > 2", True),
        ("(attribute:color == red or runningTasksCount <= 3) and !(attribute:size exists)", True),
    ],
)
def test_expressions_choose_what_they_say(expression: str, chosen: bool) -> None:
    assert compile_expression(expression)(FACTS) is chosen


@pytest.mark.parametrize(
    "expression", ["color == blue", "attribute:color ~ b", "attribute:color ==", "(agentConnected == true"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(BadExpression):
        compile_expression(expression)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=100))
def test_a_bucket_never_lets_more_through_than_its_size_and_refill(pauses: list[float]) -> None:
    bucket, now, passed = Bucket.full(5, 2, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        bucket, allowed = bucket.take(now)
        passed += allowed
    assert passed <= 5 + 2 * now + 1e-6


def test_sizes_follow_the_naming_and_unknown_ones_are_none() -> None:
    sizes = {
        name: capacity(name) for name in ("t3.small", "m5.large", "c6g.4xlarge", "r5.xlarge", "p3.2xlarge", "m5.huge")
    }
    assert {name: one and one.cpu for name, one in sizes.items()} == {
        "t3.small": 2048,
        "m5.large": 2048,
        "c6g.4xlarge": 16384,
        "r5.xlarge": 4096,
        "p3.2xlarge": None,
        "m5.huge": None,
    }
