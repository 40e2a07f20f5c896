"""A Terraform that only remembers how it was called, and a clone that is small enough to look through."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = """#!/bin/sh
printf '%s\\n' "$*" >> "$0.calls"
env > "$0.env"
[ -f "$0.$1.out" ] && cat "$0.$1.out"
[ -f "$0.$1.code" ] && exit "$(cat "$0.$1.code")"
exit 0
"""


@dataclass(frozen=True)
class FakeTerraform:
    """A program named terraform, first on PATH."""

    program: Path

    @property
    def calls(self) -> list[str]:
        record = Path(f"{self.program}.calls")
        return record.read_text().splitlines() if record.exists() else []

    def call(self, verb: str) -> str:
        (found,) = [call for call in self.calls if call.split()[0] == verb]
        return found

    @property
    def environ(self) -> dict[str, str]:
        lines = Path(f"{self.program}.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def answers(self, verb: str, lines: Sequence[str] = (), code: int = 0) -> None:
        Path(f"{self.program}.{verb}.out").write_text("".join(f"{line}\n" for line in lines))
        Path(f"{self.program}.{verb}.code").write_text(str(code))


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTerraform:
    program = tmp_path / "bin/terraform"
    program.parent.mkdir()
    program.write_text(SCRIPT)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return FakeTerraform(program)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The root of a clone with one function built for both targets."""
    root = tmp_path / "clone"
    for folder in ("terraform/bootstrap", "modules/report-request"):
        (root / folder).mkdir(parents=True)
    for file in ("terraform/main.tf", "terraform/variables.tf", "terraform/bootstrap/main.tf"):
        (root / file).write_text("# configuration\n")
    for target in ("deploy", "sandbox"):
        write_manifest(root / "build" / target)
    return root


def write_manifest(folder: Path, roles: Sequence[str] = ("report-request",)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    functions = {
        role: {"handler": "h", "key": f"{role}-key", "s3_key": f"lambda/{role}/{role}-key.zip", "zip": f"{role}.zip"}
        for role in roles
    }
    for role in roles:
        (folder / f"{role}.zip").write_bytes(b"zip of " + role.encode())
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"schema_version": 1, "functions": functions}))
    return manifest
