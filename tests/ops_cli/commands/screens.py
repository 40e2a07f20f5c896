"""What a command shows on a terminal of some size and in a pipe, compared with the texts beside this file."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from ops_cli.frame.output import Screen, showing_on
from ops_cli.frame.output.width import width

NOW = dt.datetime(2026, 11, 29, 3, 5, tzinfo=dt.UTC)
SCREENS = {"80": Screen(80, 24, NOW), "120": Screen(120, 40, NOW), "pipe": Screen(now=NOW)}
"""By the ending of the files in `shown/`. Each file has what goes to stdout, then what goes to stderr."""

Show = Callable[[], object]


def ago(minutes: float) -> dt.datetime:
    """Return the moment so long before the screen is looked at."""
    return NOW - dt.timedelta(minutes=minutes)


def written(on: Screen, show: Show, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return what `show` writes to stdout and to stderr on that screen, without colours."""
    capsys.readouterr()
    with showing_on(on):
        show()
    out, err = capsys.readouterr()
    return click.unstyle(out), click.unstyle(err)


def expected(name: str, size: str) -> str:
    """Return the text of a screen as it should be."""
    return (Path(__file__).parent / "shown" / f"{name}.{size}.txt").read_text(encoding="utf-8")


def too_wide(text: str, on: Screen) -> list[str]:
    """Return the lines of a text that a terminal would break."""
    return [line for line in text.splitlines() if on.width is not None and width(line) > on.width]
