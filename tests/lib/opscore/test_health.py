import datetime as dt

import pytest

from opscore.health import AlarmState, Depth, QueueHealth, judge_queue, judge_service, worst_first

EMPTY = Depth(0, 0, 0)


@pytest.mark.parametrize(
    ("work", "dead", "level"),
    [
        (EMPTY, EMPTY, "green"),
        (Depth(5, 2, 0), EMPTY, "green"),
        (Depth(5, 0, 0), EMPTY, "yellow"),
        (EMPTY, Depth(1, 0, 0), "red"),
        (EMPTY, Depth(0, 1, 0), "red"),
        (Depth(5, 0, 0), Depth(1, 0, 0), "red"),
    ],
)
def test_dead_letters_are_red_and_a_backlog_nobody_works_on_is_yellow(work: Depth, dead: Depth, level: str) -> None:
    assert judge_queue("q", "c", work, dead, None).level == level


def queue(dead_letters: int, level: str) -> QueueHealth:
    return QueueHealth("q", "consumer", 7, 0, None, dead_letters, level)  # type: ignore[arg-type]


def alarm(name: str, state: str) -> AlarmState:
    return AlarmState(name, state, "", dt.datetime.now(dt.UTC), "red" if state == "ALARM" else "green")


def test_a_service_is_as_bad_as_its_alarms_and_queues() -> None:
    ringing = [alarm("p-consumer-errors", "ALARM")]
    assert judge_service("consumer", "p-consumer", ringing, []).level == "red"
    assert judge_service("consumer", "p-consumer", [], [queue(2, "red")]).why == "2 dead letters in q"
    assert judge_service("consumer", "p-consumer", [], [queue(0, "yellow")]).level == "yellow"
    assert judge_service("other", "p-other", ringing, [queue(2, "red")]).level == "green"


def test_the_worst_comes_first() -> None:
    rows = [judge_service(name, name, [alarm("b", "ALARM")], []) for name in ("a", "b", "c")]
    assert [row.service for row in worst_first(rows, name=lambda row: row.service)] == ["b", "a", "c"]
