"""How long an action of a hook holds an instance, and what follows."""

from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.autoscaling.lifecycle_hooks import Action, Outcome, next_state, outcome

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
