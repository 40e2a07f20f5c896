import datetime as dt

import pytest

from opscore.health import AlarmState, Depth, QueueHealth, judge_queue, judge_service, owner_of, worst_first

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


def alarm(owner: str) -> AlarmState:
    return AlarmState(f"{owner}-errors", owner, "ALARM", "", dt.datetime.now(dt.UTC), "red")


def test_a_service_is_as_bad_as_its_alarms_and_queues() -> None:
    ringing = [alarm("p-consumer")]
    assert judge_service("consumer", ["p-consumer"], ringing, []).level == "red"
    assert judge_service("consumer", ["p-consumer"], [], [queue(1, "red")]).why == "1 dead letter in q"
    assert judge_service("consumer", ["p-consumer"], [], [queue(0, "yellow")]).level == "yellow"
    assert judge_service("other", ["p-other"], ringing, [queue(2, "red")]).level == "green"


def test_an_alarm_is_about_the_longest_name_that_fits() -> None:
    names = ["p-report", "p-report-request", "p-report-requests", "p-report-requests-dead-letter"]
    assert owner_of("p-report-requests-depth", names) == "p-report-requests"
    assert owner_of("p-report-request-errors", names) == "p-report-request"
    assert owner_of("p-reporting-errors", names) == ""


def test_the_worst_comes_first() -> None:
    rows = [judge_service(name, [name], [alarm("b")], []) for name in ("a", "b", "c")]
    assert [row.service for row in worst_first(rows, name=lambda row: row.service)] == ["b", "a", "c"]
