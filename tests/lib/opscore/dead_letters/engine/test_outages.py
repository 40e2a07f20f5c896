"""Outages, throttling and credentials that end: what a run survives, what ends it, and that it ends."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import botocore.exceptions as boto
import pytest
from urllib3.exceptions import NewConnectionError, ProxyError

from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.pace import GIVE_UP_SECONDS
from opscore.dead_letters.engine.run_state import read_state
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.sending.destinations import LambdaDestination
from tests.lib.opscore.dead_letters.fake_sqs import Hook, error
from tests.lib.opscore.dead_letters.replaying import MemoryStorage, World, duplicates, lost, sent_bodies

URL = "https://sqs.eu-west-1.amazonaws.com"
NO_CONNECTION: list[Exception] = [
    boto.EndpointConnectionError(endpoint_url=URL),
    boto.ConnectTimeoutError(endpoint_url=URL),
    boto.ProxyConnectionError(proxy_url="http://proxy", error=ProxyError("no", NewConnectionError(Mock(), "refused"))),
]
NO_ANSWER: list[Exception] = [
    boto.ProxyConnectionError(proxy_url="http://proxy", error=ProxyError("no", ConnectionResetError("reset"))),
    boto.SSLError(endpoint_url=URL, error=OSError("EOF")),
    boto.ReadTimeoutError(endpoint_url=URL),
    boto.ConnectionClosedError(endpoint_url=URL),
    boto.HTTPClientError(error=OSError("gone")),
    ConnectionResetError("reset"),
]


def outage(world: World, trouble: Callable[[str], Exception], *, begins: float, seconds: float, only: str = "") -> Hook:
    """Let calls fail from `begins` on, counted from now."""
    begin = world.clock.now + begins

    def hook(operation: str, phase: str) -> None:
        is_hit = not only or operation == only
        if phase == "before" and is_hit and begin <= world.clock.now < begin + seconds:
            raise trouble(operation)

    return hook


def visible(world: World) -> bool:
    return all(message.visible_at <= world.clock.now for message in world.dead.messages)


@pytest.mark.parametrize("trouble", [*NO_CONNECTION, *NO_ANSWER], ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("seconds", [0.05, 1.0, 60.0])
def test_a_run_survives_an_outage(trouble: Exception, seconds: float) -> None:
    world = World()
    bodies = world.add_dead_letters(60)
    engine = world.engine(threads=1)
    world.sqs.hook = outage(world, lambda _operation: trouble, begins=0.2, seconds=seconds)
    tally = engine.run()
    assert (tally.moved, tally.failed) == (60, 0)
    assert sorted(sent_bodies(world.work)) == sorted(bodies)
    assert world.dead.messages == []


@pytest.mark.parametrize("trouble", NO_CONNECTION, ids=lambda error: type(error).__name__)
def test_what_was_never_sent_is_not_in_doubt(trouble: Exception) -> None:
    world = World()
    world.add_dead_letters(30)
    engine = world.engine()
    world.sqs.hook = outage(world, lambda _operation: trouble, begins=0.1, seconds=5, only="SendMessageBatch")
    assert engine.run().possibly_twice == 0


def test_an_outage_that_does_not_end_ends_the_run_after_its_patience_and_not_before() -> None:
    world = World()
    bodies = world.add_dead_letters(60)
    engine = world.engine()
    world.sqs.hook = outage(world, lambda _operation: NO_CONNECTION[0], begins=0.2, seconds=10**6)
    began = world.clock.now + 0.2
    with pytest.raises(boto.EndpointConnectionError):
        engine.run()
    assert GIVE_UP_SECONDS <= world.clock.now - began <= GIVE_UP_SECONDS + 40
    assert not lost(bodies, world)


def test_a_destination_that_always_fails_ends_the_run_although_leases_are_renewed() -> None:
    world = World()
    bodies = world.add_dead_letters(30)
    engine = world.engine()
    world.sqs.hook = outage(
        world, lambda operation: error(operation, "InternalError"), begins=0, seconds=10**6, only="SendMessageBatch"
    )
    with pytest.raises(boto.ClientError, match="InternalError"):
        engine.run()
    assert sorted(world.dead.bodies) == sorted(bodies)
    assert visible(world)


def test_throttling_ends_no_run_however_long_and_fails_no_message() -> None:
    world = World()
    world.add_dead_letters(30)
    engine = world.engine()
    world.sqs.hook = outage(
        world,
        lambda operation: error(operation, "ThrottlingException"),
        begins=0,
        seconds=10 * GIVE_UP_SECONDS,
        only="SendMessageBatch",
    )
    tally = engine.run()
    assert (tally.moved, tally.failed, tally.possibly_twice) == (30, 0, 0)


def test_an_entry_that_is_throttled_has_not_used_up_a_try() -> None:
    world = World()
    world.add_dead_letters(10)
    refusals = iter([{"Code": "RequestThrottled", "SenderFault": True}] * 200)
    world.sqs.refuse_send = lambda _entry: next(refusals, None)
    tally = world.replay()
    assert (tally.moved, tally.failed, tally.possibly_twice) == (10, 0, 0)


def test_a_throttled_entry_makes_the_pool_smaller() -> None:
    world = World()
    world.add_dead_letters(10)
    engine = world.engine()
    allowed = engine._pool_size.allowed = 4
    refusals = iter([{"Code": "RequestThrottled", "SenderFault": False}])
    world.sqs.refuse_send = lambda _entry: next(refusals, None)
    engine.run()
    assert engine._pool_size.allowed < allowed


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"])
def test_credentials_that_end_end_the_run_and_fail_no_message(code: str) -> None:
    world = World()
    bodies = world.add_dead_letters(60)
    engine = world.engine()
    world.sqs.hook = outage(world, lambda operation: error(operation, code), begins=0.3, seconds=10**6)
    with pytest.raises(boto.ClientError, match=code):
        engine.run()
    assert engine._schedule.tally.failed == 0
    assert not lost(bodies, world)
    assert duplicates(world.work) == 0


def test_credentials_that_end_for_one_entry_end_the_run_and_keep_what_arrived() -> None:
    world = World()
    world.add_dead_letters(10)
    world.sqs.refuse_send = lambda entry: (
        {"Code": "ExpiredToken", "SenderFault": True} if entry["MessageBody"] == "body 3" else None
    )
    engine = world.engine()
    with pytest.raises(Exception, match="ExpiredToken"):
        engine.run()
    tally = engine._schedule.tally
    assert (tally.moved, tally.failed) == (9, 0)
    assert world.dead.bodies == ["body 3"]
    assert visible(world)


@pytest.mark.parametrize("code", ["ExpiredTokenException", "TooManyRequestsException", "ServiceException"])
def test_an_invocation_that_failed_for_no_fault_of_the_message_is_no_refusal_of_it(code: str) -> None:
    failures = iter([error("Invoke", code)] * 3)

    def invoke(**_request: Any) -> Any:
        if failure := next(failures, None):
            raise failure
        return {"StatusCode": 202, "ResponseMetadata": {"RequestId": "r"}}

    world = World()
    world.sqs.put(world.dead, "{}")
    client: Any = SimpleNamespace(invoke=invoke)
    destination = LambdaDestination(client, "f")
    engine = world.engine(world.admission(route=lambda _letter: destination))
    if code.startswith("Expired"):
        with pytest.raises(boto.ClientError, match=code):
            engine.run()
    else:
        assert engine.run().moved == 1
    assert engine._schedule.tally.failed == 0
    assert engine._schedule.tally.possibly_twice == (code == "ServiceException")


@pytest.mark.parametrize("operation", ["ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"])
def test_what_is_refused_for_good_ends_the_run_whichever_call_it_is(operation: str) -> None:
    world = World()
    bodies = world.add_dead_letters(30)
    storage = MemoryStorage()
    engine = world.engine(journal=RunJournal(storage))
    world.sqs.hook = outage(world, lambda said: error(said, "AccessDenied"), begins=0, seconds=10**6, only=operation)
    with pytest.raises(boto.ClientError, match="AccessDenied"):
        engine.run()
    assert not lost(bodies, world)
    assert visible(world)
    state = read_state(storage.written.splitlines())
    assert state.open == len(state.arrived) == engine._schedule.tally.undeleted


def test_a_fault_in_a_thread_ends_the_run() -> None:
    world = World()
    world.add_dead_letters(30)
    engine = world.engine(threads=3)

    def fail(*_arguments: Any, **_options: Any) -> Any:
        raise LookupError("a fault of ours")

    engine._schedule.received = fail  # type: ignore[method-assign]
    engine._schedule.receive_failed = fail  # type: ignore[method-assign]
    with pytest.raises(LookupError, match="a fault of ours"):
        engine.run()


def test_a_release_without_an_answer_is_made_again() -> None:
    world = World()
    world.add_dead_letters(30)
    engine = world.engine(world.admission(selected=lambda _letter: False))
    cut = iter([True, True])

    def hook(operation: str, phase: str) -> None:
        if operation == "ChangeMessageVisibilityBatch" and phase == "before" and next(cut, False):
            raise boto.ConnectionClosedError(endpoint_url=URL)

    world.sqs.hook = hook
    assert engine.run().skipped == 30
    assert visible(world)


def test_a_late_delete_that_sqs_confirmed_and_did_not_do_is_done_again_at_the_maximum() -> None:
    world = World()
    world.add_dead_letters(30)
    storage = MemoryStorage()
    engine = world.engine(limits=Limits(maximum=10), journal=RunJournal(storage))
    slow = iter([True])

    def hook(operation: str, phase: str) -> None:
        # The send takes longer than the lease; meanwhile somebody else receives, and the old handles go stale.
        if operation == "SendMessageBatch" and phase == "after" and next(slow, False):
            world.clock.sleep(130)
            world.sqs.receive_message(world.dead.url, 10, VisibilityTimeout=5)

    world.sqs.hook = hook
    assert engine.run().moved == 10
    assert len(sent_bodies(world.work)) == 10
    assert len(world.dead.messages) == 20
    assert read_state(storage.written.splitlines()).open == 0
