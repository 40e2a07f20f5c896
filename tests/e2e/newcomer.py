"""Somebody with a fresh copy of the tree, and what they see of the commands that they run in it."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 1200


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a fresh copy of the tree and a home of their own."""

    tree: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, home: Path) -> "Newcomer":
        """Copy the tree as git knows it, without what was built or made in it."""
        tree = home / "opsctl"
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_", "PYTEST_"))
        }
        caches = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE")}
        return cls(tree, {**kept, **caches})

    def run(self, *command: str) -> Answer:
        answer = subprocess.run(
            command,
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        return Answer(answer.returncode, answer.stdout, answer.stderr)

    def opsctl(self, *arguments: str) -> Answer:
        return self.run(str(self.tree / ".venv/bin/opsctl"), *arguments)

    def data(self, *arguments: str) -> Any:
        answer = self.opsctl(*arguments, "--output", "json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)


def assert_nothing_to_change(newcomer: Newcomer) -> None:
    answer = newcomer.opsctl("deploy", "plan")
    assert answer.code == 0, answer.err
    assert "No changes." in answer.out + answer.err
