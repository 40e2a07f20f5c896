"""A build killed anywhere, and two builds at once, never leave a manifest that does not fit the zips."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ops_cli.packaging import Target, interpreters, rebuild
from tests.ops_cli.packaging.repository import HANDLER, ROOT, Repository

# Runs a build that kills itself just before its n-th change to the file system.
KILLED = """
import os, signal, sys
sys.path[:0] = [{root!r}, {library!r}]
left = [int(sys.argv[2])]
def deadly(call):
    def counted(*arguments, **named):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return counted
for name in ("replace", "rename", "unlink"):
    setattr(os, name, deadly(getattr(os, name)))
from ops_cli.packaging.command import main
sys.exit(main(["--root", sys.argv[1], "--target", "deploy", "--no-bytecode"]))
"""


def build_killed_at(repository: Repository, step: int) -> int:
    code = KILLED.format(root=str(ROOT), library=str(ROOT / "python" / "lib"))
    command = [sys.executable, "-I", "-S", "-c", code, str(repository.root), str(step)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def assert_whole(repository: Repository, expected: dict[str, dict[str, bytes]]) -> None:
    """A manifest that is there names only zips that are there, and each key has the content it stands for."""
    manifest = repository.out() / "manifest.json"
    if manifest.exists():
        for function in json.loads(manifest.read_text())["functions"].values():
            assert contents(repository.out() / function["zip"]) == expected[function["key"]]


def test_a_build_killed_at_any_step_leaves_nothing_half_and_the_next_one_ends_well(
    repository: Repository, tmp_path: Path
) -> None:
    old, new = f"VERSION = 1\n{HANDLER}", f"VERSION = 2\n{HANDLER}"
    expected: dict[str, dict[str, bytes]] = {}
    for number, handler in enumerate((old, new)):
        clean = Repository(tmp_path / f"clean-{number}")
        clean.function("orders", handler)
        clean.function("bills", handler)
        clean.build()
        expected |= {key: contents(clean.zip_path(role)) for role, key in clean.keys().items()}
        final = clean.zips()
    steps = 0
    while True:
        repository.function("orders", old)
        repository.function("bills", old)
        repository.function("gone", old)
        repository.build()
        expected[repository.keys()["gone"]] = contents(repository.zip_path("gone"))
        repository.function("orders", new)
        repository.function("bills", new)
        for path in (repository.root / "python/functions/gone").iterdir():
            path.unlink()
        code = build_killed_at(repository, steps)
        assert_whole(repository, expected)
        repository.build()
        assert repository.zips() == final
        assert_whole(repository, expected)
        assert not list(repository.out().glob("*.tmp"))
        assert not list(repository.out().glob(".*.tmp"))
        if code == 0:
            break
        assert code == -signal.SIGKILL
        steps += 1
    assert steps > 8, "the build was killed before every change it makes"


def test_what_a_killed_compilation_left_is_not_packed(repository: Repository) -> None:
    repository.function("orders")
    repository.build(Target.sandbox())
    before, kept = repository.zips("sandbox"), repository.out("sandbox") / ".bytecode"
    whole = {path.name: path.read_bytes() for path in kept.iterdir()}
    assert len(whole) == 2
    for name in whole:
        (kept / name).unlink()
        (kept / f".{name}.1.tmp").write_bytes(b"half")
    (repository.out("sandbox") / ".jobs.tmp").write_bytes(b"half")
    repository.zip_path("orders", "sandbox").unlink()
    repository.build(Target.sandbox())
    assert repository.zips("sandbox") == before
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == whole
    assert not (repository.out("sandbox") / ".jobs.tmp").exists()


def test_an_interrupted_build_says_so_although_the_compilation_is_interrupted_too(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.function("orders")

    def interrupted(*_: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", "raise KeyboardInterrupt"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interpreters, "start_compiling", interrupted)
    monkeypatch.setattr(rebuild, "rebuild", interrupt)
    with pytest.raises(KeyboardInterrupt):
        repository.build(Target.sandbox())


def test_a_failing_disk_leaves_what_was_there(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.function("orders")
    repository.build()
    before = repository.zips(), repository.manifest()
    repository.function("orders", f"{HANDLER}# changed\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        repository.build()
    monkeypatch.undo()
    assert (repository.zips(), repository.manifest()) == before
    assert not list(repository.out().glob(".*.tmp"))


def test_two_builds_at_once_both_succeed_and_leave_one_result(repository: Repository, tmp_path: Path) -> None:
    for number in range(12):
        repository.function(f"service_{number}", f"NUMBER = {number}\n{HANDLER}")
    command = [sys.executable, "-I", "-S", str(ROOT / "ops_cli/packaging"), "--root", str(repository.root)]
    cold = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    both = [
        subprocess.Popen([*command, "--target", "deploy"], env=cold, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in both:
        output, error = process.communicate(timeout=120)
        assert process.returncode == 0, (output, error)
    assert len(repository.keys()) == 12
    for function in repository.manifest()["functions"].values():
        path = repository.out() / function["zip"]
        assert path.stat().st_size == function["size_bytes"]
        assert contents(path)


def test_a_second_build_says_that_it_waits(repository: Repository) -> None:
    repository.function("orders")
    repository.build()
    waiting = subprocess.Popen(["true"])
    waiting.wait()
    with (repository.out() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-I", "-S", str(ROOT / "ops_cli/packaging"), "--root", str(repository.root)]
        second = subprocess.Popen([*command, "--target=deploy", "--no-bytecode"], stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert second.stdout.readline() == "deploy: waiting for another build to end …\n"
        assert second.poll() is None
    assert second.communicate()[0].startswith("deploy: 0 built, 1 unchanged")
    assert second.returncode == 0
