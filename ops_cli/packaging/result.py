"""What a build leaves beside the zips: the manifest for Terraform and the upload, and a stamp for the next build."""

from __future__ import annotations

import os

from ops_cli.packaging import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ops_cli.packaging.targets import Target

    # Size of a zip, time of its last change in ns, size of what it unzips to.
    Output = tuple[int, int, int]

# Part of every key: raise it when the same sources give other bytes than before.
BUILDER_VERSION = 3
MANIFEST = "manifest.json"
_STAMP = ".stamp"
_SCHEMA_VERSION = 1


class BuildResult:
    """What a build did, by role, and where its manifest is."""

    def __init__(self, target: Target, folder: str, outputs: dict[str, Output], warnings: list[str], tag: str) -> None:
        self.target = target
        self.manifest_path = f"{folder}/{MANIFEST}"
        self.outputs = outputs
        self.warnings = warnings
        self.bytecode = tag or None
        self.built: list[str] = []
        self.removed: list[str] = []

    @property
    def unchanged(self) -> list[str]:
        """The roles whose zip was there already."""
        return sorted({name.rpartition("-")[0] for name in self.outputs} - set(self.built))

    def summary(self) -> str:
        """Say in one line how much was built, for what, and whether bytecode is in it."""
        counts = [f"{len(self.built)} built", f"{len(self.unchanged)} unchanged"]
        counts += [f"{len(self.removed)} removed"] if self.removed else []
        if self.bytecode:
            bytecode = f"bytecode of {self.bytecode}"
        else:
            bytecode = "no bytecode" if self.target.bytecode else "no bytecode, as asked"
        where = f"{self.target.runtime} {self.target.architecture}"
        return f"{self.target.name}: {', '.join(counts)} ({where}; {bytecode})"


def read_stamp(folder: str, target: Target) -> tuple[str, BuildResult]:
    """Return what the last build was made from, and its result with the zips that nobody has touched since.

    When a zip or the manifest is not as it was left, what it was made from is said to be nothing.
    """
    try:
        inputs, manifest, tag, listed, *warnings = files.read(f"{folder}/{_STAMP}").decode().split("\n")
        outputs = dict(_output(line) for line in listed.split("/") if line)
    except (OSError, ValueError):
        return "", BuildResult(target, folder, {}, [], "")
    there = {name: one for name, one in outputs.items() if files.signature(f"{folder}/{name}") == one[:2]}
    if len(there) < len(outputs) or manifest != str(files.signature(f"{folder}/{MANIFEST}")):
        inputs = ""
    return inputs, BuildResult(target, folder, there, warnings, tag)


def _output(line: str) -> tuple[str, Output]:
    name, size, time_ns, unzipped = line.split(" ")
    return name, (int(size), int(time_ns), int(unzipped))


def write_stamp(folder: str, result: BuildResult, inputs: str) -> None:
    """Remember a build: its inputs, its manifest, whose bytecode it has, its zips, its warnings."""
    listed = "/".join(f"{name} {size} {time_ns} {more}" for name, (size, time_ns, more) in result.outputs.items())
    manifest = str(files.signature(result.manifest_path))
    lines = [inputs, manifest, result.bytecode or "", listed, *result.warnings]
    files.write(f"{folder}/{_STAMP}", "\n".join(lines).encode())


def write_manifest(result: BuildResult, functions: dict[str, dict[str, Any]]) -> None:
    """Write the manifest, unless it would not change: its date then says when the zips last did."""
    import json

    target = result.target
    described: dict[str, str | None] = {
        "name": target.name,
        "runtime": target.runtime,
        "architecture": target.architecture,
    }
    described["bytecode"] = result.bytecode
    content = {"schema_version": _SCHEMA_VERSION, "target": described, "functions": dict(sorted(functions.items()))}
    text = (json.dumps(content, indent=2) + "\n").encode()
    path = result.manifest_path
    if not os.path.exists(path) or files.read(path) != text:
        files.write(path, text)
