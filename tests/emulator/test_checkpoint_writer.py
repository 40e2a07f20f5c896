"""A checkpoint holds every service's state, and writes only what changed."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ministack.app
import pytest

from emulated_aws.checkpoint import Checkpointer
from ops_cli.sandbox.emulator.checkpoints import Condition, condition, read_checkpoint

States = dict[str, Callable[[], Mapping[str, Any] | None]]


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> States:
    found: States = {"sqs": lambda: {"queues": 1}, "s3": lambda: {"buckets": b"\x00\xff"}}
    monkeypatch.setattr(ministack.app, "_build_persistence_save_dict", lambda: found)
    return found


def test_what_is_written_is_whole_and_named(tmp_path: Path, states: States) -> None:
    Checkpointer(tmp_path, "life-1", "1.5.33").write()
    assert condition(tmp_path) is Condition.WHOLE
    checkpoint = read_checkpoint(tmp_path)
    assert checkpoint is not None
    assert (checkpoint.state_id, set(checkpoint.files)) == ("life-1", {"sqs.json", "s3.json"})
    assert json.loads((tmp_path / "sqs.json").read_text())["payload"] == {"queues": 1}


def test_only_what_changed_is_written_again(tmp_path: Path, states: States) -> None:
    checkpointer = Checkpointer(tmp_path, "life-1", "1.5.33")
    checkpointer.write()
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    checkpointer.write()
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == before
    states["sqs"] = lambda: {"queues": 2}
    checkpointer.write()
    after = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"sqs.json", "checkpoint.json"}
    assert condition(tmp_path) is Condition.WHOLE


def test_a_service_with_nothing_to_save_keeps_what_was_saved(tmp_path: Path, states: States) -> None:
    checkpointer = Checkpointer(tmp_path, "life-1", "1.5.33")
    checkpointer.write()
    states["sqs"] = lambda: None
    checkpointer.write()
    assert json.loads((tmp_path / "sqs.json").read_text())["payload"] == {"queues": 1}
    assert condition(tmp_path) is Condition.WHOLE


def test_a_state_that_changes_under_the_copy_is_copied_again(tmp_path: Path, states: States) -> None:
    tries: Iterator[Any] = iter([RuntimeError("dictionary changed size during iteration"), {"queues": 3}])

    def changing() -> Mapping[str, Any]:
        found = next(tries)
        if isinstance(found, RuntimeError):
            raise found
        return dict(found)

    states["sqs"] = changing
    Checkpointer(tmp_path, "life-1", "1.5.33").write()
    assert json.loads((tmp_path / "sqs.json").read_text())["payload"] == {"queues": 3}


def test_a_state_that_cannot_be_written_is_an_error_and_the_last_one_stays(tmp_path: Path, states: States) -> None:
    checkpointer = Checkpointer(tmp_path, "life-1", "1.5.33")
    checkpointer.write()
    states["sqs"] = lambda: {"queues": object()}
    with pytest.raises(TypeError):
        checkpointer.write()
    assert condition(tmp_path) is Condition.WHOLE
