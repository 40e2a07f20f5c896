"""The model of queue and mapping: figures that can be worked out by hand, and the cases that cost others messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opscore.queues.model import EventSourceMapping, as_deployed, forecast


def row(mapping: EventSourceMapping, messages: int, seconds: float, runs: int = 1) -> dict[str, float]:
    return forecast(mapping, messages, [seconds], runs=runs, seed="x").to_row()


def test_a_bounded_run_takes_rounds_of_its_concurrency() -> None:
    found = row(EventSourceMapping(360, 5, maximum_concurrency=5, reserved_concurrency=5), 100, 3)
    assert (found["run_seconds"], found["peak_concurrency"], found["utilisation"]) == (60, 5, 1.0)
    assert (found["throttled_invocations"], found["dead_letter_chance"]) == (0, 0)


def test_an_unbounded_mapping_grows_by_five_a_second() -> None:
    found = row(EventSourceMapping(360, 5), 1000, 60)
    # Every 0.2 s one more batch after the first five: the last of 1,000 starts at 199 s at the latest.
    assert found["run_seconds"] < 60 + 199 + 1
    assert found["peak_concurrency"] > 200


def test_batches_are_worked_off_one_message_after_the_other() -> None:
    found = row(EventSourceMapping(360, 5, batch_size=10, maximum_concurrency=2), 40, 1)
    assert found["run_seconds"] == 20


def test_a_single_receive_and_a_throttle_lose_messages() -> None:
    """adobe/spacecat #2876: maxReceiveCount 1 and a throttled function; the messages died without having run."""
    found = row(EventSourceMapping(30, 1, reserved_concurrency=2), 100, 20)
    assert found["dead_letter_chance"] > 0


def test_a_reserved_concurrency_of_one_cannot_be_matched_by_the_mapping() -> None:
    """aws-cdk #24180: the least maximum concurrency is 2, so that with reserved 1 throttles are certain."""
    assert (
        row(EventSourceMapping(180, 5, maximum_concurrency=2, reserved_concurrency=1), 20, 30)["throttled_invocations"]
        > 0
    )


def test_a_short_visibility_timeout_turns_throttles_into_dead_letters() -> None:
    """skuba #1408: the mapping polls faster than the function may run."""
    short = row(EventSourceMapping(30, 3, reserved_concurrency=2), 200, 30, runs=3)
    long = row(EventSourceMapping(6 * 30, 5, maximum_concurrency=2, reserved_concurrency=2), 200, 30, runs=3)
    assert short["dead_letter_chance"] > 0 == long["dead_letter_chance"]


def test_other_callers_of_the_function_take_its_executions() -> None:
    assert (
        row(EventSourceMapping(60, 5, maximum_concurrency=5, reserved_concurrency=5, others=3), 50, 20)[
            "peak_concurrency"
        ]
        == 2
    )


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 120),
    st.lists(st.floats(0.1, 50), min_size=1, max_size=5),
    st.integers(2, 20),
    st.integers(0, 10),
    st.integers(1, 10),
)
def test_within_the_bounds_that_the_module_keeps_throttles_never_kill(
    messages: int, seconds: list[float], concurrency: int, more: int, batch: int
) -> None:
    mapping = EventSourceMapping(360, 5, batch, concurrency, concurrency + more)
    (run,) = forecast(mapping, messages, seconds, runs=1, seed="y").runs
    assert (run.delivered, run.dead, run.throttles) == (messages, 0, 0)
    assert run.peak <= concurrency


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 80), st.floats(0.1, 90), st.integers(0, 5), st.integers(1, 5), st.integers(10, 200))
def test_no_message_is_lost_from_the_count(
    messages: int, seconds: float, reserved: int, receives: int, visibility: int
) -> None:
    (run,) = forecast(
        EventSourceMapping(visibility, receives, 3, None, reserved), messages, [seconds], runs=1, seed="z"
    ).runs
    assert run.delivered + run.dead == messages
    assert run.peak <= reserved


def test_the_same_seed_is_the_same_forecast() -> None:
    mapping = EventSourceMapping(60, 2, reserved_concurrency=3)
    assert forecast(mapping, 50, [1.0, 9.0], runs=4, seed="s") == forecast(mapping, 50, [1.0, 9.0], runs=4, seed="s")


@pytest.mark.parametrize(("scaling", "expected"), [({"MaximumConcurrency": 7}, 7), (None, None)])
def test_it_is_built_from_what_aws_answers(scaling: dict[str, int] | None, expected: int | None) -> None:
    queue = {"VisibilityTimeout": "360", "RedrivePolicy": '{"maxReceiveCount": "5"}'}
    mapping = as_deployed(queue, {"BatchSize": 1, "ScalingConfig": scaling}, 9)
    assert mapping == EventSourceMapping(360, 5, 1, expected, 9)
