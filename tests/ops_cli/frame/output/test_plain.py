"""What a command found as plain data."""

import datetime as dt
import enum
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops_cli.frame.output.plain import to_plain


class State(enum.StrEnum):
    DONE = "done"


@dataclass(frozen=True)
class Row:
    at: dt.datetime
    state: State


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Row(dt.datetime(2026, 11, 24, 12, 31, 36, tzinfo=dt.timezone(dt.timedelta(hours=1))), State.DONE),
         {"at": "2026-11-24T11:31:36Z", "state": "done"}),
        (dt.date(2026, 11, 24), "2026-11-24"),
        (dt.timedelta(minutes=2), 120),
        (b"\xff\x00", "/wA="),
        ({"b", "a"}, ["a", "b"]),
        ((1, [2.5, True, None]), [1, [2.5, True, None]]),
        (float("nan"), None),
        (float("-inf"), None),
        (Path("a/b"), "a/b"),
        ({1: State.DONE}, {"1": "done"}),
    ],
)  # fmt: skip
def test_data_is_what_json_can_hold(value: object, plain: object) -> None:
    found = to_plain(value)
    assert found == plain
    assert type(found) is type(plain)
