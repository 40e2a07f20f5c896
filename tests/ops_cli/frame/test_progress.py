"""Progress on stderr."""

import pytest

from ops_cli.frame.output import Screen, showing_on
from ops_cli.frame.progress import Progress, Ticker
from tests.ops_cli.frame.output.hostile import TEXTS, is_forbidden


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_step_is_announced_and_timed(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(2, clock=clock)
    with progress.step("Build"):
        clock.now = 1.25
        progress.note("3 zips")
    assert capsys.readouterr().err == "[1/2] Build …\n      3 zips\n[1/2] Build: done in 1.2 s\n"


def test_a_step_that_fails_says_so_and_the_error_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), Progress(clock=Clock()).step("Push"):
        raise ValueError("no")
    assert "[1] Push: failed after 0.0 s" in capsys.readouterr().err


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_nothing_of_a_step_is_written_raw(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    with progress.step(text):
        progress.note(text)
    assert not [character for character in capsys.readouterr().err if is_forbidden(character, newline=True)]


def test_a_pipe_gets_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    ticker = Ticker(every=5, clock=clock)
    for clock.now in (1, 4.9, 5, 9.9, 10):
        ticker.show(lambda: f"at {clock.now}")
    ticker.close()
    assert capsys.readouterr().err == "at 5\nat 10\n"


def test_a_terminal_gets_one_line_that_is_rewritten_and_never_wraps(capsys: pytest.CaptureFixture[str]) -> None:
    ticker = Ticker(clock=Clock())
    with showing_on(Screen(20, 24)):
        ticker.show(lambda: "1 of 2 moved")
        ticker.show(lambda: "2 of 2 moved, 14 failed, 3 skipped")
        ticker.close()
    assert capsys.readouterr().err == "\r1 of 2 moved\r2 of 2 moved, 14 f…\n"
