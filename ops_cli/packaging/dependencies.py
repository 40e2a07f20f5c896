"""Third-party code, resolved and installed and compressed once per distinct lock, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time

from ops_cli.packaging import bytecode, files, zips
from ops_cli.packaging.files import failed
from ops_cli.packaging.requirements import keep_given_hashes, without_hashes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator

    from ops_cli.packaging.requirements import Lock
    from ops_cli.packaging.targets import Target
    from ops_cli.packaging.zips import Zip

_FORMAT = "3"
# No build takes as long: what is older was left by a killed one.
_HOUR = 3600
_MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(/|\.pyc?$|\.[\w-]*\.?so$)")
_EXECUTABLE = 0o100
_PLAIN = ("--no-header", "--no-annotate", "--no-emit-index-url", "--generate-hashes")
# What uv reports around its own explanation.
_NOISE = {"\N{MULTIPLICATION SIGN}", "╰─▶", "├─▶", "│", "error:", "cause:"}


class Cache:
    """The zips of installed requirements and the resolutions that every checkout on this machine shares."""

    def __init__(self, target: Target, interpreter: str | None) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.folder = os.path.join(home, "opsctl", "packaging")
        self._target = target
        self._interpreter = interpreter

    def pins(self, requirements: tuple[str, ...], lock: Lock, user: str) -> str:
        """Return what a lock installs on the target; on this machine's own, the nearest that has wheels for it."""
        locked = lock.pins_for(self._target.architecture)
        if not self._target.native:
            return locked
        path = self._path("txt", "resolved", sys.version, *requirements, "", locked)
        if not os.path.exists(path):
            files.write(path, resolve(requirements, self._target, user, preferred=locked).encode())
        return files.read(path).decode()

    def has(self, pins: str) -> bool:
        """Say whether the zip of everything that `pins` installs is there, whole or not."""
        return os.path.exists(self._layer_path(pins))

    def layer(self, pins: str, user: str) -> Zip:
        """Return the zip of everything that `pins` installs; `user` names them in an error.

        Two builds that make the same one at once both write it whole; the later one stays. The zip's comment says what
        of a distribution was left out.
        """
        path = self._layer_path(pins)
        made = zips.whole(path)
        if made is None:
            self._sweep()
            self._install(path, pins, user)
            made = zips.Zip(path)
        return made

    def _install(self, path: str, pins: str, user: str) -> None:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="opsctl-packaging-") as scratch:
            tree = f"{scratch}/tree"
            install(pins, self._target, tree, user)
            names, left_out = _shipped(tree)
            zips.refuse_too_large(user, {name: os.path.getsize(f"{tree}/{name}") for name in names})
            if self._interpreter:
                # What does not compile, as a template or a test of another version may not, is shipped as it is.
                modules = [name for name in names if name.endswith(".py")]
                made = [f"{tree}/{bytecode.place(name, self._target)}" for name in modules]
                jobs = [(name, files.read(f"{tree}/{name}"), path) for name, path in zip(modules, made, strict=True)]
                bytecode.finish_compiling(bytecode.start_compiling(self._interpreter, jobs, f"{scratch}/jobs"))
            zips.write(path, self._entries(tree, names), comment="\n".join(left_out))

    def _sweep(self) -> None:
        """Remove what killed builds left half-written."""
        for entry in os.scandir(self.folder):
            if entry.name.endswith(".tmp") and entry.stat().st_mtime < time.time() - _HOUR:
                files.remove(entry.path)

    def _entries(self, tree: str, names: list[str]) -> Iterator[tuple[str, bool, bytes]]:
        for name in names:
            executable = bool(os.stat(f"{tree}/{name}").st_mode & _EXECUTABLE)
            yield name, executable, files.read(f"{tree}/{name}")
            compiled = bytecode.place(name, self._target)
            if self._interpreter and name.endswith(".py") and os.path.exists(f"{tree}/{compiled}"):
                yield compiled, False, files.read(f"{tree}/{compiled}")

    def _layer_path(self, pins: str) -> str:
        return self._path("zip", "installed", str(self._target.magic if self._interpreter else 0), pins)

    def _path(self, suffix: str, *parts: str) -> str:
        text = "\0".join((_FORMAT, self._target.runtime, self._target.platform, *parts))
        os.makedirs(self.folder, exist_ok=True)
        return os.path.join(self.folder, f"{hashlib.sha256(text.encode()).hexdigest()}.{suffix}")


def modules(names: Iterable[str]) -> set[str]:
    """Return the top-level modules and packages among the names in a zip."""
    return {match["name"] for name in names if (match := _MODULE.match(name))}


def _shipped(tree: str) -> tuple[list[str], list[str]]:
    """Return the files to ship of an installation and, by distribution, what of it is left out.

    A wheel's RECORD lists what it ships (PEP 376), and code may read that: `importlib.metadata` does. So it is shipped
    without the lines of what is left out: the scripts that an installer writes, which begin with the path of an
    interpreter of this machine.
    """
    import csv

    names: set[str] = set()
    left_out = []
    for folder in sorted(name for name in os.listdir(tree) if name.endswith(".dist-info")):
        record = f"{tree}/{folder}/RECORD"
        with open(record, encoding="utf-8", newline="") as file:
            rows = sorted(row for row in csv.reader(file) if row and "__pycache__" not in row[0])
        scripts = [row for row in rows if _is_script(tree, row[0])]
        kept = [row for row in rows if row not in scripts]
        with open(record, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(kept)
        names.update(row[0] for row in kept)
        if scripts:
            distribution = " ".join(folder.removesuffix(".dist-info").split("-", 1))
            left_out.append(f"left out of {distribution}: {', '.join(row[0] for row in scripts)}")
    return sorted(names), left_out


def _is_script(tree: str, name: str) -> bool:
    outside = name.startswith(("../", "/"))
    return outside or (name.startswith("bin/") and files.read(f"{tree}/{name}").startswith(b"#!"))


def resolve(requirements: tuple[str, ...], target: Target, user: str, *, preferred: str = "") -> str:
    """Resolve requirements for a target and return the pins; `preferred` pins are kept where they can be.

    Where the requirements name hashes, only files with those are taken. `user` names the requirements in an error.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        # uv takes preferences from the file that it is about to write.
        output = os.path.join(scratch, "resolved.txt")
        files.write(os.path.join(scratch, "requirements.in"), "\n".join(map(without_hashes, requirements)).encode())
        if preferred.strip():
            files.write(output, preferred.encode())
        arguments = ["pip", "compile", "requirements.in", "--output-file", output, *_PLAIN, *_platform(target)]
        answer = _start(arguments, scratch)
        if answer.returncode:
            raise _failure(f"{user} cannot be resolved for {target.runtime} on {target.architecture}", answer)
        return keep_given_hashes(files.read(output).decode(), requirements, user)


def install(pins: str, target: Target, tree: str, user: str) -> None:
    """Install exactly the pinned wheels into `tree`, from uv's cache without asking the index when they are there."""
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        files.write(os.path.join(scratch, "pins.txt"), pins.encode())
        arguments = ["pip", "install", "--requirement", "pins.txt", "--target", tree, "--no-deps", "--require-hashes"]
        arguments += ["--no-compile-bytecode", *_platform(target)]
        if _start([*arguments, "--offline"], scratch).returncode:
            answer = _start(arguments, scratch)
            if answer.returncode:
                raise _failure(f"{user} cannot be installed for {target.runtime} on {target.architecture}", answer)


def _platform(target: Target) -> list[str]:
    arguments = ["--only-binary", ":all:", "--python", sys.executable, "--no-python-downloads"]
    if not target.native:
        arguments += ["--python-version", target.version, "--python-platform", target.platform]
    return arguments


def _failure(what: str, answer: subprocess.CompletedProcess[str]) -> Exception:
    reason = " ".join(word for word in answer.stderr.split() if word not in _NOISE)
    return failed(f"{what}: {reason}", "Mend requirements.txt, or the network if that is what failed.")


def _start(arguments: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    import shutil
    import subprocess

    # An installer's notes hold paths of this machine, so they are not written at all.
    environ = {**os.environ, "UV_NO_INSTALLER_METADATA": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    # Beside the running interpreter, as a virtual environment has it, or on PATH.
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    uv = beside if os.access(beside, os.X_OK) else shutil.which("uv")
    if uv is None:
        raise failed("uv is needed to install a function's requirements and was not found.", "Run `make setup`.")
    return subprocess.run(
        [uv, *arguments], cwd=folder, env=environ, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
