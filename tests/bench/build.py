"""How long a build of 80 services takes, against SAM as the peer and `make` and `cp` as the floors.

Wall-clock seconds: a build uses both cores when it can, and so does SAM. uv's and pip's download caches are warm.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.monorepo import sam
from tests.bench.monorepo.tree import DUCK, SERVICES, WEB, generate
from tests.bench.timing import compare

ROOT = Path(__file__).parents[2]
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if os.uname().machine in ("arm64", "aarch64") else "x86_64"
PACKAGER = [sys.executable, "-I", "-S", str(ROOT / "ops_cli" / "packaging")]
# A service with requests and powertools, whose import is mostly other people's code.
WEB_SERVICE = "service_45"
IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import importlib; importlib.import_module(sys.argv[2])"
PAIRS = 5


class Monorepo:
    """The generated tree, and the builds of it that are timed."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.root = generate(scratch / "tree")
        self.out = self.root / "build" / "deploy"
        self._edits = 0
        self._environment = {**os.environ, "UV_CACHE_DIR": uv_cache(), "XDG_CACHE_HOME": str(scratch / "cache")}
        runtime = ["--runtime", RUNTIME]
        self.command = [*PACKAGER, "--root", str(self.root), "--target", "deploy", *runtime]
        self.command += ["--architecture", ARCHITECTURE]
        seconds([*PACKAGER, "--root", str(self.root), "--lock", *runtime], self._environment)

    def build(self, *arguments: str) -> float:
        """Time a build."""
        return seconds([*self.command, *arguments], self._environment)

    def forget(self) -> None:
        """Make the next build a cold one."""
        shutil.rmtree(self.out, ignore_errors=True)
        shutil.rmtree(self.scratch / "cache", ignore_errors=True)

    def edit(self, path: str) -> None:
        """Change a source a little, never in the same way."""
        self._edits += 1
        with (self.root / "python" / path).open("a", encoding="utf-8") as file:
            file.write(f"# edit {self._edits}\n")


def run() -> list[dict[str, Any]]:
    """Measure cold, no-op, one service changed, the library changed, and the import of what was built."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Monorepo(Path(folder))
        tree.build()
        tree.forget()
        cold = tree.build()
        nothing = statistics.median(tree.build() for _ in range(PAIRS))
        rows = [no_op(tree), one_changed(tree), library_changed(tree), handler_import(tree)]
        return [*against_sam(tree, cold, nothing), *rows]


def against_sam(tree: Monorepo, cold: float, nothing: float) -> list[dict[str, Any]]:
    """Compare with `sam build --parallel`, and a repeated one with `--cached`: three runs of the peer."""
    names = ("cold build / sam build --parallel", "no-op build / sam build --cached --parallel")
    command = sam.executable()
    project = sam.write_project(tree.root, tree.scratch / "sam", RUNTIME, ARCHITECTURE) if command else None
    if command is None or project is None:
        return [row(names[0], cold, None, 1 / 20), row(names[1], nothing, None, 1 / 100)]
    download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*download, "--dest", str(tree.scratch / "wheels"), *WEB, *DUCK], check=False)
    build = [command, "build", "--parallel", "--template", str(project / "template.yaml")]
    build += ["--build-dir", str(project / "out")]
    cached = [*build, "--cached", "--cache-dir", str(project / "cache")]
    cold_peer = seconds(build, sam.environment())
    seconds(cached, sam.environment())
    cached_peer = seconds(cached, sam.environment())
    return [row(names[0], cold, cold_peer, 1 / 20), row(names[1], nothing, cached_peer, 1 / 100)]


def no_op(tree: Monorepo) -> dict[str, Any]:
    """Compare a build with nothing to do with a `make` of 80 targets that has nothing to do."""
    project = tree.scratch / "make"
    project.mkdir()
    rule = "out/{0}: $(wildcard {1}/functions/{0}/*.py) $(wildcard {1}/lib/common/*.py)\n\ttouch $@\n"
    names = sorted(path.name for path in (tree.root / "python" / "functions").iterdir())
    rules = "".join(rule.format(name, tree.root / "python") for name in names)
    targets = " ".join(f"out/{name}" for name in names)
    (project / "Makefile").write_text(f"all: {targets}\n{rules}", encoding="utf-8")
    (project / "out").mkdir()
    make = ["make", "--silent", "--directory", str(project)]
    seconds(make)
    pairs = [(tree.build(), seconds(make)) for _ in range(2 * PAIRS)]
    return paired(f"no-op build / no-op make of {SERVICES} targets", pairs, 2)


def one_changed(tree: Monorepo) -> dict[str, Any]:
    """Tell what one changed service costs on top of a build with nothing to do."""
    pairs = []
    for number in range(2 * PAIRS):
        tree.edit(f"functions/service_{number * 4 + 3:02}/core.py")
        changed = tree.build()
        pairs.append((changed, tree.build()))
    # The goal is absolute, so what other processes add must stay out: the quickest of each.
    extra = min(changed for changed, _ in pairs) - min(nothing for _, nothing in pairs)
    result = paired("one service changed / no-op build", pairs, 0)
    return {**result, "goal": "+ <= 0.05 s", "met": extra <= 0.05, "metric": f"{result['metric']} (+{extra:.3f} s)"}


def library_changed(tree: Monorepo) -> dict[str, Any]:
    """Compare 80 rebuilt zips with a copy of their bytes."""
    pairs = []
    copied = tree.scratch / "copied"
    for _ in range(PAIRS):
        tree.edit("lib/common/module_07.py")
        ours = tree.build()
        pairs.append((ours, seconds(["cp", "-r", str(tree.out), str(copied)])))
        shutil.rmtree(copied)
    return paired("common library changed / cp -r of the zips", pairs, 6)


def handler_import(tree: Monorepo) -> dict[str, Any]:
    """Compare the import of one handler from its zip with bytecode and from the same zip without."""
    folders: list[Path] = []
    for arguments in ((), ("--no-bytecode",)):
        tree.build(*arguments)
        folders.append(tree.scratch / f"task{len(folders)}")
        with zipfile.ZipFile(next(tree.out.glob(f"{WEB_SERVICE.replace('_', '-')}-*.zip"))) as zipped:
            zipped.extractall(folders[-1])
    commands = [
        [sys.executable, "-I", "-S", "-B", "-c", IMPORT, str(each), f"{WEB_SERVICE}.handler"] for each in folders
    ]
    return compare("handler import with bytecode / without", commands[0], commands[1], 0.65)


def seconds(command: Sequence[str], environment: dict[str, str] | None = None) -> float:
    """Run a command that must succeed and return how long it took."""
    started = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def paired(metric: str, pairs: list[tuple[float, float]], goal: float) -> dict[str, Any]:
    """Return a row of medians, with the median of the ratios pair by pair."""
    ours = statistics.median(mine for mine, _ in pairs)
    result = row(metric, ours, statistics.median(other for _, other in pairs), goal)
    ratio = statistics.median(mine / other for mine, other in pairs)
    return {**result, "ratio": round(ratio, 3), "met": ratio <= goal}


def row(metric: str, ours: float, peer: float | None, goal: float) -> dict[str, Any]:
    """Return a row; without a peer it says that nothing was measured."""
    ratio = None if peer is None else ours / peer
    return {
        "metric": metric,
        "ours": round(ours, 4),
        "peer": "not measured" if peer is None else round(peer, 4),
        "ratio": None if ratio is None else round(ratio, 4),
        "goal": f"<= {goal:g}",
        "met": None if ratio is None else ratio <= goal,
    }


def uv_cache() -> str:
    """Return where uv keeps its downloads, which the scratch cache must not hide."""
    uv = Path(sys.executable).with_name("uv")
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
