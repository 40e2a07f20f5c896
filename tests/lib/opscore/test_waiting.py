import pytest

from opscore.errors import TimedOut
from opscore.waiting import wait_until


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_it_returns_what_became_true() -> None:
    clock = Clock()
    answers = iter([None, "", "there"])
    assert wait_until(lambda: next(answers), timeout=9, what="It", sleep=clock.sleep, clock=clock) == "there"
    assert clock.slept == [1.0, 1.0]


def test_it_gives_up_at_the_deadline_and_says_what_did_not_happen() -> None:
    clock = Clock()
    with pytest.raises(TimedOut, match=r"The report did not happen within 2\.5 s"):
        wait_until(lambda: None, timeout=2.5, what="The report", sleep=clock.sleep, clock=clock)
    assert clock.now == 2.5
