"""The saved state is whole, of two moments, damaged, or not there: each is known before it is loaded."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ops_cli.sandbox.emulator.checkpoints import (
    CHECKPOINT,
    Checkpoint,
    Condition,
    condition,
    read_checkpoint,
    record_anew,
    write_checkpoint,
)


def saved(folder: Path, **services: str) -> Path:
    folder.mkdir(exist_ok=True)
    files = {}
    for service, content in services.items():
        (folder / f"{service}.json").write_text(content)
        files[f"{service}.json"] = hashlib.sha256(content.encode()).hexdigest()
    write_checkpoint(folder, Checkpoint("life-1", "1.5.33", 1000.0, files))
    return folder


def test_a_complete_save_is_whole(tmp_path: Path) -> None:
    folder = saved(tmp_path / "state", sqs="{}", s3='{"buckets": 1}')
    (folder / "of-nobody.json").write_text("extra files are not our business")
    assert condition(folder) is Condition.WHOLE


def test_an_account_without_services_yet_is_whole(tmp_path: Path) -> None:
    assert condition(saved(tmp_path / "state")) is Condition.WHOLE


def test_nothing_is_absent(tmp_path: Path) -> None:
    assert condition(tmp_path / "state") is Condition.ABSENT
    assert condition(tmp_path) is Condition.ABSENT


def test_files_of_two_moments_are_torn(tmp_path: Path) -> None:
    folder = saved(tmp_path / "state", sqs="{}", s3="{}")
    (folder / "sqs.json").write_text('{"later": true}')
    assert condition(folder) is Condition.TORN


def test_a_file_cut_short_is_damage(tmp_path: Path) -> None:
    folder = saved(tmp_path / "state", sqs='{"queues": [1, 2]}')
    (folder / "sqs.json").write_text('{"queues": [1')
    assert condition(folder) is Condition.DAMAGED


def test_a_missing_file_is_damage(tmp_path: Path) -> None:
    folder = saved(tmp_path / "state", sqs="{}")
    (folder / "sqs.json").unlink()
    assert condition(folder) is Condition.DAMAGED


def test_files_without_their_record_are_damage(tmp_path: Path) -> None:
    folder = saved(tmp_path / "state", sqs="{}")
    (folder / CHECKPOINT).write_text("{")
    assert read_checkpoint(folder) is None
    assert condition(folder) is Condition.DAMAGED


def test_a_change_on_purpose_is_recorded_anew(tmp_path: Path) -> None:
    folder = saved(tmp_path / "state", sqs="{}")
    (folder / "sqs.json").write_text('{"moved": true}')
    record_anew(folder)
    assert condition(folder) is Condition.WHOLE


@given(st.data())
def test_no_single_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = saved(Path(parent) / "state", sqs='{"queues": [1, 2]}')
        content = bytearray((folder / "sqs.json").read_bytes())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
        (folder / "sqs.json").write_bytes(content)
        assert condition(folder) in (Condition.TORN, Condition.DAMAGED)
