"""A small repository to build, written by each test in plain values."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from ops_cli.packaging import BuildResult, Target, build

ROOT = Path(__file__).parents[3]
PACKAGER = ROOT / "ops_cli" / "packaging"
HANDLER = "def handle(event, context):\n    return event\n"
SOURCES_ONLY = Target.deploy(bytecode=False)


class Repository:
    """Functions and a library below one folder, and what a build says about them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []
        (root / "python" / "functions").mkdir(parents=True)
        (root / "python" / "lib").mkdir(parents=True)

    def write(self, path: str, content: str | bytes = "") -> Path:
        """Write a file and the folders above it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def function(self, name: str, handler: str = HANDLER, **files: str) -> Path:
        """Write a function; `settings="…"` becomes settings.py. Return its folder."""
        self.write(f"python/functions/{name}/__init__.py")
        self.write(f"python/functions/{name}/handler.py", handler)
        for stem, content in files.items():
            self.write(f"python/functions/{name}/{stem}.py", content)
        return self.root / "python" / "functions" / name

    def library(self, path: str, content: str | bytes = "") -> Path:
        """Write a file of the library, `package/module.py`."""
        return self.write(f"python/lib/{path}", content)

    def build(self, target: Target = SOURCES_ONLY) -> BuildResult:
        """Build in this process, collecting the lines it reports."""
        self.lines = []
        return build(self.root, target, report=self.lines.append)

    def wait_for_the_next_tick(self) -> None:
        """Let the file system's clock go on, so that what was written is older than what comes."""
        begun = self.write("tick").stat().st_mtime_ns
        while self.write("tick").stat().st_mtime_ns == begun:
            pass

    def run(
        self, *arguments: str, python: str = sys.executable, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the packager's command line as the Makefile does."""
        command = [python, "-I", "-S", str(PACKAGER), "--root", str(self.root), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **(environment or {})}
        )

    def out(self, target: str = "deploy") -> Path:
        """Return the folder that a target is built into."""
        return self.root / "build" / target

    def manifest(self, target: str = "deploy") -> dict[str, Any]:
        """Return a target's manifest."""
        content: dict[str, Any] = json.loads((self.out(target) / "manifest.json").read_text())
        return content

    def keys(self, target: str = "deploy") -> dict[str, str]:
        """Return the key of every function built for a target."""
        return {role: function["key"] for role, function in self.manifest(target)["functions"].items()}

    def zip_path(self, role: str, target: str = "deploy") -> Path:
        """Return where the manifest says that a built zip is."""
        return self.out(target) / str(self.manifest(target)["functions"][role]["zip"])

    def zip(self, role: str, target: str = "deploy") -> zipfile.ZipFile:
        """Open a built zip."""
        return zipfile.ZipFile(io.BytesIO(self.zip_path(role, target).read_bytes()))

    def names(self, role: str, target: str = "deploy") -> list[str]:
        """List a built zip's members in their order."""
        return self.zip(role, target).namelist()

    def zips(self, target: str = "deploy") -> dict[str, bytes]:
        """Return the bytes of every zip that lies there, by role."""
        return {path.name.rpartition("-")[0]: path.read_bytes() for path in sorted(self.out(target).glob("*.zip"))}

    def copy_to(self, root: Path) -> "Repository":
        """Copy the sources, not what was built."""
        other = Repository(root)
        shutil.copytree(self.root / "python", root / "python", dirs_exist_ok=True)
        return other
