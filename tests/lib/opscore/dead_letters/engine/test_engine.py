import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from opscore.dead_letters.engine.pace import PoolSize
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.message import DeadLetter
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import World, duplicates, sent_bodies


@pytest.mark.parametrize("threads", [1, 6])
@pytest.mark.parametrize("fifo", [False, True])
def test_everything_is_moved_and_nothing_is_left_hidden(threads: int, fifo: bool) -> None:
    world = World(fifo=fifo)
    bodies = world.add_dead_letters(47)
    tally = world.replay(threads=threads)
    assert tally.moved == 47
    assert tally.is_whole
    assert sorted(sent_bodies(world.work)) == sorted(bodies)
    assert world.dead.messages == []


def test_batches_are_full_although_receives_are_not() -> None:
    world = World()
    world.add_dead_letters(60)
    world.sqs.deliver = lambda available: min(available, 3)
    world.replay()
    assert world.sqs.calls.count("SendMessageBatch") == 6
    assert world.sqs.calls.count("DeleteMessageBatch") == 6


def test_only_what_the_target_confirmed_is_deleted() -> None:
    world = World()
    world.add_dead_letters(10)
    world.sqs.refuse_send = lambda entry: (
        {"Code": "InvalidMessageContents", "SenderFault": True} if entry["MessageBody"] == "body 3" else None
    )
    tally = world.replay()
    assert (tally.moved, tally.failed) == (9, 1)
    assert world.dead.bodies == ["body 3"]
    assert world.dead.messages[0].visible_at <= world.clock.now
    assert tally.reasons == {"InvalidMessageContents: ": 1}


def test_only_what_arrived_is_announced_and_each_message_once() -> None:
    world = World()
    world.add_dead_letters(30)
    refusals = iter([True, False, False] * 100)
    world.sqs.refuse_send = lambda entry: (
        {"Code": "InvalidMessageContents", "SenderFault": True}
        if entry["MessageBody"] == "body 3"
        else {"Code": "InternalError", "SenderFault": False}
        if next(refusals)
        else None
    )
    announced: list[str] = []
    world.replay(on_arrival=lambda message, _proof: announced.append(message.body))
    assert sorted(announced) == sorted(sent_bodies(world.work))
    assert len(announced) == 29


def test_a_refusal_that_may_pass_is_tried_again() -> None:
    world = World()
    bodies = world.add_dead_letters(10)
    refusals = iter([True, False] * 100)
    world.sqs.refuse_send = lambda _entry: {"Code": "InternalError", "SenderFault": False} if next(refusals) else None
    tally = world.replay()
    assert tally.moved == 10
    assert sorted(sent_bodies(world.work)) == sorted(bodies)


def test_a_message_that_is_refused_again_and_again_stays_and_is_reported() -> None:
    world = World()
    world.add_dead_letters(2)
    world.sqs.refuse_send = lambda _entry: {"Code": "InternalError", "SenderFault": False}
    tally = world.replay()
    assert (tally.moved, tally.failed) == (0, 2)
    assert len(world.dead.messages) == 2


def test_throttling_slows_down_and_loses_nothing() -> None:
    world = World()
    bodies = world.add_dead_letters(50)
    count = 0

    def throttle(operation: str, phase: str) -> None:
        nonlocal count
        count += 1
        if phase == "before" and count % 3 == 0:
            raise error(operation, "ThrottlingException")

    engine = world.engine()
    world.sqs.hook = throttle
    assert engine.run().moved == 50
    assert sorted(sent_bodies(world.work)) == sorted(bodies)
    assert duplicates(world.work) == 0


def test_throttling_makes_the_pool_smaller() -> None:
    world = World()
    world.add_dead_letters(50)
    first = iter([True])

    def throttle(operation: str, phase: str) -> None:
        if phase == "before" and operation == "ReceiveMessage" and next(first, False):
            raise error(operation, "ThrottlingException")

    engine = world.engine()
    engine._pool_size = PoolSize(6, 6, world.clock.now)  # the clock of the tests stands still for several threads
    world.sqs.hook = throttle
    assert engine.run().moved == 50
    assert engine._pool_size.allowed == 3


def test_a_send_without_an_answer_is_repeated_and_said_to_be_possibly_twice() -> None:
    world = World()
    world.add_dead_letters(10)
    cut = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after" and next(cut, False):
            raise ReadTimeoutError(endpoint_url="https://sqs")

    world.sqs.hook = hook
    tally = world.replay()
    assert (tally.moved, tally.possibly_twice) == (10, 10)
    assert duplicates(world.work) == 10
    assert world.dead.messages == []


def test_a_fifo_send_without_an_answer_is_not_doubled() -> None:
    world = World(fifo=True)
    world.add_dead_letters(9)
    cut = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after" and next(cut, False):
            raise ReadTimeoutError(endpoint_url="https://sqs")

    world.sqs.hook = hook
    assert world.replay().moved == 9
    assert duplicates(world.work) == 0


def test_what_aws_refuses_for_good_ends_the_run_and_gives_everything_back() -> None:
    world = World()
    world.add_dead_letters(30)

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "before":
            raise error(operation, "AccessDenied")

    world.sqs.hook = hook
    with pytest.raises(ClientError, match="AccessDenied"):
        world.replay()
    assert len(world.dead.messages) == 30
    assert all(message.visible_at <= world.clock.now for message in world.dead.messages)


def test_a_message_delivered_twice_while_it_is_held_is_sent_once_and_deleted_with_its_new_handle() -> None:
    world = World()
    world.add_dead_letters(25)
    again = iter([False, True, True] * 30)
    world.sqs.redeliver = lambda: next(again, False)
    tally = world.replay()
    assert tally.moved == 25
    assert duplicates(world.work) == 0
    assert world.dead.messages == []


def test_a_delete_with_a_stale_handle_is_seen_through_and_done_again_without_a_second_send() -> None:
    world = World()
    world.add_dead_letters(10)
    slow = iter([True])

    def hook(operation: str, phase: str) -> None:
        # The send takes longer than the lease; meanwhile somebody else receives, and the old handles go stale.
        if operation == "SendMessageBatch" and phase == "after" and next(slow, False):
            world.clock.sleep(130)
            client = world.sqs
            client.receive_message(world.dead.url, 10, VisibilityTimeout=5)

    world.sqs.hook = hook
    tally = world.replay()
    assert tally.moved == 10
    assert duplicates(world.work) == 0
    assert world.dead.messages == []


def test_leases_are_renewed_while_the_rate_makes_messages_wait() -> None:
    world = World()
    world.add_dead_letters(40)
    receives: list[int] = []

    def hook(operation: str, phase: str) -> None:
        if operation == "DeleteMessageBatch" and phase == "before":
            receives.extend(message.receives for message in world.dead.messages)

    world.sqs.hook = hook
    tally = world.replay(limits=Limits(rate=0.1))
    assert tally.moved == 40
    assert duplicates(world.work) == 0
    assert "ChangeMessageVisibilityBatch" in world.sqs.calls
    assert len(receives) >= 40
    assert max(receives) == 1


def test_the_rate_is_kept() -> None:
    world = World()
    world.add_dead_letters(200)
    began = world.clock.now
    world.replay(limits=Limits(rate=20))
    assert world.clock.now - began >= (200 - 10 - 20) / 20


def test_a_message_whose_lease_is_nearly_over_is_not_sent() -> None:
    world = World()
    world.add_dead_letters(5)
    slow = iter([True])
    left: list[float] = []

    def hook(operation: str, phase: str) -> None:
        if operation == "ReceiveMessage" and phase == "after" and next(slow, False):
            world.clock.sleep(110)
        if operation == "ChangeMessageVisibilityBatch" and phase == "before" and world.clock.now < 1200:
            raise error(operation, "ThrottlingException")
        if operation == "SendMessageBatch" and phase == "before":
            left.append(min(message.visible_at for message in world.dead.messages) - world.clock.now)

    world.sqs.hook = hook
    assert world.replay().moved == 5
    assert duplicates(world.work) == 0
    assert min(left) > 14


def test_a_run_leaves_what_came_back_while_it_was_running() -> None:
    world = World()
    world.add_dead_letters(20)

    def bounce(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after":
            for message in list(world.work.messages):
                world.sqs.move_to_dead_letters(world.work, message, world.dead)

    world.sqs.hook = bounce
    tally = world.replay()
    assert tally.moved == 20
    assert tally.bounced == 20
    assert len(world.work.log) == 20
    assert len(world.dead.messages) == 20
    assert tally.all_came_back
    assert not tally.is_whole


@pytest.mark.parametrize("fifo", [False, True])
def test_what_comes_back_is_known_by_its_run_when_the_clock_cannot_tell(fifo: bool) -> None:
    world = World(fifo=fifo)
    world.add_dead_letters(10)

    def bounce(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after":
            for message in list(world.work.messages):
                world.sqs.move_to_dead_letters(world.work, message, world.dead)

    world.sqs.hook = bounce
    world.replay(world.admission(bound_ms=world.clock.ms + 10**9))
    assert len(world.work.log) == 10


def test_maximum_counts_what_arrived() -> None:
    world = World()
    world.add_dead_letters(30)
    world.sqs.refuse_send = lambda entry: (
        {"Code": "InvalidMessageContents", "SenderFault": True}
        if entry["MessageBody"] in ("body 0", "body 1")
        else None
    )
    tally = world.replay(limits=Limits(maximum=13))
    assert (tally.moved, tally.failed) == (13, 2)
    assert len(world.dead.messages) == 17
    assert all(message.visible_at <= world.clock.now for message in world.dead.messages)


def test_what_is_not_selected_stays_visible_and_is_read_once() -> None:
    world = World()
    world.add_dead_letters(40)

    def selected(letter: DeadLetter) -> bool:
        return letter.body.endswith("7")

    tally = world.replay(world.admission(selected=selected))
    assert (tally.moved, tally.skipped) == (4, 36)
    assert all(message.receives == 1 and message.visible_at <= world.clock.now for message in world.dead.messages)


def test_keep_copies_once_and_leaves_everything() -> None:
    world = World()
    bodies = world.add_dead_letters(30)
    tally = world.replay(limits=Limits(keep=True))
    assert tally.moved == 30
    assert sorted(sent_bodies(world.work)) == sorted(bodies)
    assert sorted(world.dead.bodies) == sorted(bodies)
    assert all(message.visible_at <= world.clock.now for message in world.dead.messages)


def test_an_undeletable_message_is_counted_and_given_back() -> None:
    world = World()
    world.add_dead_letters(3)
    world.sqs.refuse_delete = lambda message: message.body == "body 1"
    tally = world.replay()
    assert (tally.moved, tally.undeleted) == (3, 1)
    assert not tally.is_whole
    assert world.dead.bodies == ["body 1"]
    assert world.dead.messages[0].visible_at <= world.clock.now


def test_an_interrupt_finishes_what_is_under_way_and_gives_the_rest_back() -> None:
    world = World()
    bodies = world.add_dead_letters(100)
    engine = world.engine()

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after":
            engine.interrupt()

    world.sqs.hook = hook
    tally = engine.run()
    assert tally.interrupted
    assert tally.moved == 10
    assert sorted(sent_bodies(world.work) + world.dead.bodies) == sorted(bodies)
    assert all(message.visible_at <= world.clock.now for message in world.dead.messages)


def test_messages_that_a_killed_run_still_hides_are_waited_for() -> None:
    world = World()
    world.add_dead_letters(10)
    world.sqs.receive_message(world.dead.url, 10, VisibilityTimeout=100)
    assert world.replay().moved == 10


def test_messages_that_nobody_gives_back_are_reported() -> None:
    world = World()
    world.add_dead_letters(10)
    world.sqs.receive_message(world.dead.url, 4, VisibilityTimeout=10_000)
    tally = world.replay()
    assert (tally.moved, tally.held_elsewhere) == (6, 4)
    assert not tally.is_whole


def test_one_empty_answer_does_not_end_the_run() -> None:
    world = World()
    world.add_dead_letters(30)
    real = world.sqs._receivable
    empty = iter([False, True, True, False, True] + [False] * 1000)
    world.sqs._receivable = lambda queue, limit: [] if next(empty) else real(queue, limit)  # type: ignore[method-assign]
    assert world.replay().moved == 30
