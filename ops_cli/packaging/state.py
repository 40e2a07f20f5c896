"""What the last build of a target left in its folder, and whether that is still what a build would make."""

from __future__ import annotations

import os

from ops_cli.packaging import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ops_cli.packaging.interpreters import Candidates
    from ops_cli.packaging.targets import Target

    Output = tuple[int, int, int]
    # Key, size of the zip, size of what it unpacks to, and the zip file as it was left.
    Record = tuple[str, int, int, Output]

MANIFEST = "manifest.json"

# Part of every key: raise it when the same sources give other bytes than before.
BUILDER_VERSION = 1


class State:
    """The functions built for a target, and from what."""

    __slots__ = ("candidates", "functions", "interpreter", "manifest", "settings", "tree_hash", "warnings")

    def __init__(self) -> None:
        self.settings: tuple[Any, ...] = ()
        self.candidates: Candidates = ()
        self.interpreter: tuple[str, str] | None = None
        self.tree_hash = ""
        self.functions: dict[str, Record] = {}
        self.manifest: Output | None = None
        self.warnings: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: str) -> State:
        """Return what was stored in a target's folder; an empty state when that is nothing usable."""
        state = cls()
        stored = files.load(f"{folder}/.state", BUILDER_VERSION)
        if isinstance(stored, tuple) and len(stored) == len(cls.__slots__):
            for name, value in zip(sorted(cls.__slots__), stored, strict=True):
                setattr(state, name, value)
        return state

    def store(self, folder: str) -> None:
        """Remember the state in a target's folder."""
        values = tuple(getattr(self, name) for name in sorted(self.__slots__))
        files.store(f"{folder}/.state", BUILDER_VERSION, values)

    def is_current(self, folder: str, target: Target, tree_hash: str, candidates: Candidates) -> bool:
        """Say whether the same target was built from the same tree and everything made then is still there."""
        return (
            self.tree_hash == tree_hash
            and self.settings == settings(target)
            and self.candidates == candidates
            and self.manifest is not None
            and output(f"{folder}/{MANIFEST}") == self.manifest
            and all(self.holds(folder, role, record[0]) for role, record in self.functions.items())
        )

    def holds(self, folder: str, role: str, key: str) -> bool:
        """Say whether the zip of a function is there, untouched, and was made from the inputs that `key` names."""
        record = self.functions.get(role)
        return record is not None and record[0] == key and output(f"{folder}/{role}.zip") == record[3]


def settings(target: Target) -> tuple[Any, ...]:
    """Return what a target's zips depend on besides the sources and the compiler."""
    return (target.runtime, target.architecture, target.platform, target.bytecode)


def output(path: str) -> Output | None:
    """Return a signature of a file that was written; None when it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino)
