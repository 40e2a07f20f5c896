"""The runs of this machine: found by their names, read or refused in a sentence."""

from pathlib import Path

import pytest

from opscore.dead_letters.engine.journal import FileStorage, RunJournal
from opscore.dead_letters.engine.run_state import RunState
from opscore.dead_letters.ndjson import to_line
from opscore.dead_letters.replay.runs import Runs, check_place, new_run, pick
from opscore.errors import NotFound, OpsError, UsageProblem

HEADER = {"engine": "client", "request": {"queue": "work"}, "source": {"name": "work-dead-letter"}}


def test_a_run_is_found_by_name_and_unknown_ones_have_neighbours(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    name = new_run("20261124-090000")
    with FileStorage(runs.path(name)) as storage:
        RunJournal(storage).begin(name, HEADER)
    assert runs.names() == [name]
    assert runs.read(name).header["engine"] == "client"
    with pytest.raises(NotFound, match="replay run") as caught:
        runs.read(name[:-1])
    assert name in caught.value.hint


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"run": 5}',
        b'{"run": "r", "engine": "client"}',
        b'{"run": "r", "engine": "client", "request": {"queue": "q"}, "source": "x"}',
        to_line({"run": "r", **HEADER}) + b'{"intent": 5}',
        to_line({"run": "r", **HEADER}) + b'{"sent": ["m1"]}',
        to_line({"run": "r", **HEADER}) + b'{"step": 1}',
    ],
)
def test_a_damaged_journal_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.ndjson").write_bytes(content)
    with pytest.raises(OpsError, match=r"r\.ndjson is"):
        Runs(tmp_path).read("r")


def test_the_beginning_of_a_name_is_enough_when_no_other_run_has_it() -> None:
    runs = ["20261124-090000-aa", "20261124-090000-ab", "20261125-090000-aa", "20261125-090000-aabb"]
    assert pick("20261124-090000-ab", runs) == "20261124-090000-ab"
    assert pick("20261125-090000-aa", runs) == "20261125-090000-aa"
    assert pick("20261125-090000-aab", runs) == "20261125-090000-aabb"
    for nothing in ("", "2027"):
        with pytest.raises(NotFound):
            pick(nothing, runs)


def test_an_ambiguous_beginning_names_the_runs_that_it_may_mean() -> None:
    with pytest.raises(UsageProblem, match="2 runs begin with 20261124") as caught:
        pick("20261124", ["20261124-090000-aa", "20261124-090000-ab", "20261125-090000-aa"])
    assert "20261124-090000-aa, 20261124-090000-ab." in caught.value.hint
    with pytest.raises(UsageProblem) as caught:
        pick("x", [f"x{number}" for number in range(9)])
    assert caught.value.hint.count("x") == 5
    assert caught.value.hint.endswith(", ….")


@pytest.mark.parametrize(
    ("began_in", "place", "same"),
    [
        ("prod", "prod", True),
        ("prod", "prod-eu", False),
        ("sandbox:/a", "sandbox:/a", True),
        ("sandbox:/a", "sandbox:/b", False),
        ("sandbox", "sandbox:/b", True),  # as earlier versions wrote it
        ("sandbox:/a", "sandbox", False),
        ("prod", "sandbox:/a", False),
    ],
)
def test_a_run_belongs_to_the_place_where_it_was_begun(began_in: str, place: str, same: bool) -> None:
    state = RunState(header={"environment": began_in})
    if same:
        check_place("r", state, place)
        return
    with pytest.raises(UsageProblem, match=f"r was begun in {began_in}, and this is {place}") as caught:
        check_place("r", state, place)
    assert caught.value.hint == f"Say --env {began_in}."


def test_what_is_no_journal_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_text("hello\n")
    with pytest.raises(OpsError, match="not the journal"):
        Runs(tmp_path).read("x")
