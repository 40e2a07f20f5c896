"""Zips for another repository's Terraform: plain names, and beside them what runs each of them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ops_cli.packaging.result import BuildResult
from ops_cli.packaging.zips import replacing, write_file

_SCHEMA_VERSION = 1


def release(root: str, built: BuildResult, *, report: Callable[[str], None]) -> None:
    """Copy the zips of a build into build/release/ as ROLE.zip, with a release.json that lists them.

    That file has, by role, `file` (beside it), `handler`, `runtime` and `architecture`, which together are what the
    modules' variable `code` takes, and `sha256` in hex. A file of the folder is replaced whole or not at all, and the
    list comes last; zips of functions that are gone go.
    """
    folder = Path(root) / "build/release"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.loads(Path(built.manifest_path).read_text())
    functions = {}
    for role, function in sorted(manifest["functions"].items()):
        name = f"{role}.zip"
        with replacing(str(folder / name)) as beside:
            shutil.copyfile(Path(built.folder) / function["zip"], beside)
        functions[role] = {
            "file": name,
            "handler": function["handler"],
            "runtime": built.target.runtime,
            "architecture": built.target.architecture,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        }
    listed = {"schema_version": _SCHEMA_VERSION, "functions": functions}
    write_file(str(folder / "release.json"), json.dumps(listed, indent=2).encode() + b"\n")
    for path in folder.glob("*.zip"):
        if path.stem not in functions:
            path.unlink()
    report(f"release: {len(functions)} zips and release.json in {os.path.relpath(folder)}")
