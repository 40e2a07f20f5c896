import datetime as dt

import pytest

from opscore.alarms import AlarmState
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.health import Level, QueueHealth, judge_queue, judge_service, worst_first
from opscore.unseen import Unseen

ARN = "arn:aws:sqs:eu-west-1:123456789012:q"


def holds(visible: int, in_flight: int = 0, delayed: int = 0) -> QueueFacts:
    return QueueFacts("q", "https://q", ARN, False, visible, in_flight, delayed, 60, 1024, None, None, 0)


EMPTY = holds(0)
GONE = Unseen("gone", KeyError())
REFUSED = Unseen("AccessDenied: no", KeyError())


@pytest.mark.parametrize(
    ("work", "dead", "level", "problem"),
    [
        (EMPTY, EMPTY, "green", None),
        (holds(5, 2), EMPTY, "green", None),
        (holds(5), EMPTY, "yellow", None),
        (EMPTY, holds(1), "red", None),
        (EMPTY, holds(0, 1), "red", None),
        (holds(5), holds(1), "red", None),
        (GONE, EMPTY, "red", "gone"),
        (EMPTY, GONE, "red", "dead-letter queue gone"),
        (GONE, GONE, "red", "gone; dead-letter queue gone"),
        (REFUSED, EMPTY, "yellow", "AccessDenied: no"),
        (EMPTY, REFUSED, "yellow", "dead-letter queue: AccessDenied: no"),
        (REFUSED, holds(1), "red", "AccessDenied: no"),
    ],
)
def test_a_queue_is_red_with_dead_letters_or_gone_and_yellow_when_stuck_or_unseen(
    work: QueueFacts | Unseen, dead: QueueFacts | Unseen, level: str, problem: str | None
) -> None:
    judged = judge_queue("q", "c", work, dead, None)
    assert (judged.level, judged.problem) == (level, problem)


def test_a_queue_that_is_not_seen_has_no_numbers() -> None:
    judged = judge_queue("q", "c", GONE, REFUSED, None)
    assert (judged.waiting, judged.in_flight, judged.dead_letters) == (None, None, None)


def queue(dead_letters: int, level: Level, problem: str | None = None) -> QueueHealth:
    return QueueHealth("q", "consumer", 7, 0, None, dead_letters, problem, level)


def alarm(owner: str) -> AlarmState:
    return AlarmState(f"{owner}-errors", owner, "Errors", "ALARM", "", "", dt.datetime.now(dt.UTC), "red")


def test_a_service_is_as_bad_as_its_alarms_and_queues() -> None:
    ringing = [alarm("p-consumer")]
    assert judge_service("consumer", ["p-consumer"], ringing, []).level == "red"
    assert judge_service("consumer", ["p-consumer"], [], [queue(1, "red")]).why == "1 dead letter in q"
    assert judge_service("consumer", ["p-consumer"], [], [queue(0, "red", "gone")]).why == "q: gone"
    assert judge_service("consumer", ["p-consumer"], [], [queue(0, "yellow")]).why == "7 messages in q, none in work"
    assert judge_service("consumer", ["p-consumer"], [], [queue(0, "yellow", "denied")]).why == "q: denied"
    assert judge_service("other", ["p-other"], ringing, [queue(2, "red")]).level == "green"


def test_the_worst_comes_first() -> None:
    rows = [judge_service(name, [name], [alarm("b")], []) for name in ("a", "b", "c")]
    assert [row.service for row in worst_first(rows, name=lambda row: row.service)] == ["b", "a", "c"]
