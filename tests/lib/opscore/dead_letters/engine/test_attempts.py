"""The state of each message of a run: doubt only grows, counts add up, and a journal says the same."""

from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.journal import RunJournal
from opscore.dead_letters.engine.run_state import read_state
from opscore.dead_letters.sending.destinations import Confirmation, Outcome, Refusal
from opscore.dead_letters.tally import Left
from tests.lib.opscore.dead_letters.fake_sqs import error
from tests.lib.opscore.dead_letters.replaying import MemoryStorage, World, duplicates

LOST = Refusal("ReadTimeoutError", "no answer", final=False, doubtful=True)
REFUSED = Refusal("Invalid", "no", final=True)


def arrived(name: str) -> Outcome:
    return Outcome({name: Confirmation(name, f"new-{name}")})


def refused(name: str, refusal: Refusal) -> Outcome:
    return Outcome({}, {name: refusal})


def test_a_doubt_outlives_a_later_refusal() -> None:
    attempts = Attempts()
    attempts.intend(["m"])
    attempts.settle(refused("m", LOST))
    attempts.intend(["m"])
    attempts.settle(refused("m", REFUSED))
    attempts.leave("m", Left.FAILED, "Invalid: no")
    assert (attempts.tally.failed, attempts.tally.possibly_twice, attempts.in_doubt) == (1, 1, {"m"})


def test_a_doubt_outlives_a_later_arrival_which_is_then_no_longer_unknown() -> None:
    attempts = Attempts()
    attempts.intend(["m"])
    attempts.settle(refused("m", LOST))
    attempts.intend(["m"])
    attempts.settle(arrived("m"))
    assert (attempts.tally.moved, attempts.tally.possibly_twice, attempts.in_doubt) == (1, 1, set())


def test_what_was_under_way_when_a_process_died_is_in_doubt_and_stays_so() -> None:
    attempts = Attempts()
    attempts.intend(["m", "n"])
    assert attempts.in_doubt == {"m", "n"}
    attempts.intend(["m"])  # the next process sends it again
    attempts.settle(arrived("m"))
    assert (attempts.doubtful, attempts.possibly_twice, attempts.in_doubt) == ({"m"}, 2, {"n"})
    attempts.answers_end()
    assert attempts.tally.possibly_twice == 2


def test_a_clear_refusal_leaves_no_doubt() -> None:
    attempts = Attempts()
    attempts.intend(["m"])
    attempts.settle(refused("m", REFUSED))
    assert (attempts.in_doubt, attempts.possibly_twice) == (set(), 0)


def test_a_message_that_two_steps_leave_counts_once_and_one_that_moves_later_no_more() -> None:
    attempts = Attempts()
    for _step in range(2):
        attempts.leave("m", Left.FAILED, "why")
        attempts.leave("n", Left.SKIPPED)
    assert (attempts.tally.failed, attempts.tally.skipped, attempts.tally.reasons) == (1, 1, {"why": 1})
    attempts.settle(arrived("m"))
    assert (attempts.tally.failed, attempts.tally.moved, attempts.tally.reasons) == (0, 1, {})


def test_only_what_arrived_can_be_deleted_and_a_second_delete_of_it_counts_for_nothing() -> None:
    attempts = Attempts()
    attempts.settle(arrived("m"))
    attempts.settle(arrived("n"))
    attempts.not_deleted(["m"])
    assert attempts.tally.undeleted == 1
    for _ in range(2):
        attempts.deleted(["m", "stranger"])
    assert (attempts.arrived.deleted, attempts.tally.undeleted) == (1, 0)


events = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["intend", "arrived", "refused", "lost", "deleted", "died"])),
    max_size=30,
)


@given(events)
def test_no_event_takes_a_doubt_back_and_what_was_lost_is_in_doubt_for_ever(steps: list[tuple[str, str]]) -> None:
    attempts, lost = Attempts(), set()
    before: set[str] = set()
    for name, event in steps:
        if event == "intend":
            attempts.intend([name])
        elif event == "arrived":
            attempts.settle(arrived(name))
        elif event == "refused":
            attempts.settle(refused(name, REFUSED))
        elif event == "lost":
            attempts.settle(refused(name, LOST))
            lost.add(name)
        elif event == "deleted":
            attempts.deleted([name])
        else:
            attempts.answers_end()
        assert before | lost <= attempts.doubtful
        before = set(attempts.doubtful)
        assert attempts.tally.possibly_twice == len(attempts.doubtful)
        assert attempts.tally.moved == len(attempts.arrived) >= attempts.arrived.deleted


def test_a_send_that_arrives_loses_its_answer_and_is_then_refused_is_said_to_be_possibly_twice() -> None:
    world, storage = World(), MemoryStorage()
    world.add_dead_letters(1)
    cut = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after" and next(cut, False):
            world.sqs.refuse_send = lambda _entry: {"Code": "Invalid", "SenderFault": True}
            raise ReadTimeoutError(endpoint_url="https://sqs")

    attempts = Attempts()
    engine = world.engine(journal=RunJournal(storage), attempts=attempts)
    world.sqs.hook = hook
    tally = engine.run()
    assert (tally.moved, tally.failed, tally.possibly_twice) == (0, 1, 1)
    state = read_state(storage.written.splitlines())
    assert state.in_doubt == attempts.in_doubt == {"m1"}
    assert state.possibly_twice == 1


def test_a_send_that_is_throttled_leaves_no_doubt_in_the_journal() -> None:
    world, storage = World(), MemoryStorage()
    world.add_dead_letters(10)
    count = iter(range(100))

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "before" and next(count) < 3:
            raise error(operation, "ThrottlingException")

    engine = world.engine(journal=RunJournal(storage))
    world.sqs.hook = hook
    assert engine.run().possibly_twice == 0
    assert read_state(storage.written.splitlines()).possibly_twice == 0


def test_a_batch_that_is_too_long_for_the_endpoint_leaves_no_doubt() -> None:
    world, storage = World(), MemoryStorage()
    world.add_dead_letters(10)
    first = iter([True])

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "before" and next(first, False):
            raise error(operation, "AWS.SimpleQueueService.BatchRequestTooLong")

    engine = world.engine(journal=RunJournal(storage))
    world.sqs.hook = hook
    tally = engine.run()
    assert (tally.moved, tally.possibly_twice) == (10, 0)
    assert read_state(storage.written.splitlines()).possibly_twice == 0
    assert duplicates(world.work) == 0


def test_what_was_under_way_when_the_run_was_interrupted_and_got_no_answer_is_in_doubt() -> None:
    world, storage = World(), MemoryStorage()
    world.add_dead_letters(30)
    engine = world.engine(journal=RunJournal(storage))

    def hook(operation: str, phase: str) -> None:
        if operation == "SendMessageBatch" and phase == "after":
            engine.interrupt()
            raise ReadTimeoutError(endpoint_url="https://sqs")

    world.sqs.hook = hook
    tally = engine.run()
    assert (tally.interrupted, tally.moved, tally.possibly_twice) == (True, 0, 10)
    assert len(read_state(storage.written.splitlines()).in_doubt) == 10


def test_an_entry_that_no_answer_names_is_in_doubt() -> None:
    world = World()
    world.add_dead_letters(2)
    real = world.sqs.send_message_batch
    first = iter([True])

    def silent(**request: object) -> dict[str, object]:
        answer = real(**request)  # type: ignore[arg-type]
        if next(first, False):
            answer["Successful"] = answer["Successful"][:1]
        return answer

    engine = world.engine()
    world.sqs.send_message_batch = silent  # type: ignore[method-assign,assignment]
    tally = engine.run()
    assert (tally.moved, tally.possibly_twice) == (2, 1)
    assert duplicates(world.work) == 1


def test_what_an_earlier_process_had_under_way_is_possibly_twice_although_it_is_met_no_more() -> None:
    world, attempts = World(), Attempts()
    world.add_dead_letters(1)
    attempts.intend(["gone"])
    tally = world.replay(attempts=attempts, resumed=True)
    assert (tally.moved, tally.possibly_twice) == (1, 1)
