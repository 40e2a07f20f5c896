"""What a build leaves beside the zips: the manifest for Terraform and the upload, and a stamp for the next build."""

from __future__ import annotations

import os

from ops_cli.packaging import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ops_cli.packaging.targets import Target

# Part of every key: raise it when the same sources give other bytes than before.
BUILDER_VERSION = 2
MANIFEST = "manifest.json"
_STAMP = ".stamp"
_SCHEMA_VERSION = 1


class BuildResult:
    """What a build did, by role, and where its manifest is."""

    def __init__(self, target: Target, folder: str, zip_names: list[str], warnings: list[str], tag: str) -> None:
        self.target = target
        self.manifest_path = f"{folder}/{MANIFEST}"
        self.zip_names = zip_names
        self.warnings = warnings
        self.bytecode = tag or None
        self.built: list[str] = []
        self.removed: list[str] = []

    @property
    def unchanged(self) -> list[str]:
        """The roles whose zip was there already."""
        return sorted({name.rpartition("-")[0] for name in self.zip_names} - set(self.built))

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


def read_stamp(folder: str, target: Target, inputs: str) -> BuildResult | None:
    """Return the last build's result if it was made from these inputs and what it left is still there."""
    try:
        head, manifest, tag, listed, *warnings = files.read(f"{folder}/{_STAMP}").decode().split("\n")
        sizes = dict(one.rpartition(" ")[::2] for one in listed.split("/") if one)
        if (head, manifest) == (inputs, _digest(f"{folder}/{MANIFEST}")) and all(
            os.stat(f"{folder}/{name}").st_size == int(size) for name, size in sizes.items()
        ):
            return BuildResult(target, folder, list(sizes), warnings, tag)
    except (OSError, ValueError):
        pass
    return None


def write_stamp(folder: str, result: BuildResult, inputs: str) -> None:
    """Remember a build: its inputs, its manifest, whose bytecode it has, its zips with their sizes, its warnings."""
    listed = "/".join(f"{name} {os.stat(f'{folder}/{name}').st_size}" for name in result.zip_names)
    lines = [inputs, _digest(result.manifest_path), result.bytecode or "", listed, *result.warnings]
    files.write(f"{folder}/{_STAMP}", "\n".join(lines).encode())


def _digest(path: str) -> str:
    import hashlib

    return hashlib.sha256(files.read(path)).hexdigest()


def read_functions(folder: str) -> dict[str, dict[str, Any]]:
    """Return the functions that the manifest lists; none when there is no manifest or it is damaged."""
    import json

    try:
        functions = json.loads(files.read(f"{folder}/{MANIFEST}"))["functions"]
        return {str(role): dict(entry) for role, entry in functions.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def write_manifest(folder: str, target: Target, tag: str | None, functions: dict[str, dict[str, Any]]) -> None:
    """Write the manifest, unless it would not change: its date then says when the zips last did."""
    import json

    described = {"name": target.name, "runtime": target.runtime, "architecture": target.architecture, "bytecode": tag}
    content = {"schema_version": _SCHEMA_VERSION, "target": described, "functions": dict(sorted(functions.items()))}
    text = (json.dumps(content, indent=2) + "\n").encode()
    path = f"{folder}/{MANIFEST}"
    if not os.path.exists(path) or files.read(path) != text:
        files.write(path, text)
