"""The record of a checkpoint: which state the emulator's files hold, and whether they are whole.

Written by the emulator's process (emulated_aws/checkpoint.py), read before it is started again.
"""

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

CHECKPOINT = "checkpoint.json"


@dataclass(frozen=True)
class Checkpoint:
    """`state_id` names one life of the emulated account, `emulator` the version that wrote, `files` their digests."""

    state_id: str
    emulator: str
    written_at: float
    files: Mapping[str, str]


class Condition(enum.Enum):
    """What the files are worth to an emulator that is about to load them."""

    ABSENT = "there is none"
    WHOLE = "whole"
    TORN = "its files are of two moments: the emulator was killed while it wrote them"
    DAMAGED = "a file of it is damaged"


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace the record in one step."""
    draft = folder / f"{CHECKPOINT}.draft"
    draft.write_text(json.dumps(asdict(checkpoint)), encoding="utf-8")
    draft.replace(folder / CHECKPOINT)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the record in `folder`; None when there is none or it cannot be read."""
    try:
        return Checkpoint(**json.loads((folder / CHECKPOINT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def record_anew(folder: Path) -> None:
    """Write the record again after the files were changed on purpose."""
    checkpoint = read_checkpoint(folder)
    if checkpoint is not None:
        files = {name: _digest(_content(folder / name)) for name in checkpoint.files}
        write_checkpoint(folder, replace(checkpoint, files=files))


def condition(folder: Path) -> Condition:
    """Compare the files in `folder` with their record."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return Condition.ABSENT
    checkpoint = read_checkpoint(folder)
    if checkpoint is None:
        return Condition.DAMAGED
    contents = {name: _content(folder / name) for name in checkpoint.files}
    if any(not _is_json(content) for content in contents.values()):
        return Condition.DAMAGED
    digests = {name: _digest(content) for name, content in contents.items()}
    return Condition.WHOLE if digests == dict(checkpoint.files) else Condition.TORN


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True
