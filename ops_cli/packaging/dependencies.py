"""Third-party code: resolved and installed by uv, compressed once per distinct lock, kept in the user's cache."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from ops_cli.packaging import zips
from ops_cli.packaging.interpreters import finish_compiling, start_compiling
from ops_cli.packaging.requirements import keep_given_hashes, lock_text, parse, pins_for, without_hashes
from ops_cli.packaging.sources import EXECUTABLE, FUNCTIONS, LOCK, REQUIREMENTS, Tree, failed, hashed, read, require
from ops_cli.packaging.targets import DEPLOY_RUNTIME, MACHINES, Target
from ops_cli.packaging.zips import Zip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = "3"
# No build takes as long: what is older was left by a killed one.
_HOUR = 3600
_AT_ONCE = 2
_MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(/|\.pyc?$|\.[\w-]*\.?so$)")
_PLAIN = ("--no-header", "--no-annotate", "--no-emit-index-url", "--generate-hashes")
# What uv reports around its own explanation.
_NOISE = {"\N{MULTIPLICATION SIGN}", "╰─▶", "├─▶", "│", "error:", "cause:"}


class Cache:
    """The zips of installed requirements and the resolutions that every checkout on this machine shares."""

    def __init__(self, target: Target, interpreter: str | None) -> None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.folder = f"{home}/opsctl/packaging"
        self._target = target
        self._interpreter = interpreter

    def pins(self, requirements: tuple[str, ...], locked: str, user: str) -> str:
        """Return what a lock installs on the target; on this machine's own, the nearest that has wheels for it."""
        pins = pins_for(self._target.architecture, locked)
        if not self._target.native:
            return pins
        path = self._path("txt", "resolved", sys.version, *requirements, "", pins)
        if not os.path.exists(path):
            zips.write_file(path, resolve(requirements, self._target, user, preferred=pins).encode())
        return read(path).decode()

    def layers(self, users: Mapping[str, str]) -> dict[str, Zip]:
        """Return the zip of each of these pins, given who requires them.

        Two are made at a time, as uv waits and zlib leaves Python alone.
        """
        if len(users) < _AT_ONCE:
            return {pins: self.layer(pins, user) for pins, user in users.items()}
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return dict(zip(users, pool.map(self.layer, users.keys(), users.values()), strict=True))

    def layer(self, pins: str, user: str) -> Zip:
        """Return the zip of everything that `pins` installs; `user` names them in an error.

        Two builds that make the same one at once both write it whole; the later one stays. The zip's comment says what
        of a distribution was left out.
        """
        path = self._path("zip", "installed", str(self._target.magic if self._interpreter else 0), pins)
        if made := zips.whole(path):
            return made
        for entry in os.scandir(self.folder):
            if entry.name.endswith(".tmp") and entry.stat().st_mtime < time.time() - _HOUR:
                zips.remove(entry.path)
        import tempfile

        with tempfile.TemporaryDirectory(prefix="opsctl-packaging-") as scratch:
            tree = f"{scratch}/tree"
            install(pins, self._target, tree, user)
            names, left_out = _shipped(tree)
            zips.refuse_too_large(user, {name: os.path.getsize(f"{tree}/{name}") for name in names})
            jobs = [
                (name, name, read(f"{tree}/{name}")) for name in names if self._interpreter and name.endswith(".py")
            ]
            # What does not compile, as a template or a test of another version may not, is shipped as it is.
            compiled = finish_compiling(start_compiling(self._interpreter, jobs, f"{scratch}/jobs"))[0] if jobs else {}
            zips.write(path, self._entries(tree, names, compiled), comment="\n".join(left_out))
        return Zip(path)

    def _entries(self, tree: str, names: list[str], compiled: dict[str, bytes]) -> Iterator[tuple[str, bool, bytes]]:
        for name in names:
            yield name, bool(os.stat(f"{tree}/{name}").st_mode & EXECUTABLE), read(f"{tree}/{name}")
            if name in compiled:
                yield self._target.bytecode_name(name), False, compiled[name]

    def _path(self, suffix: str, *parts: str) -> str:
        os.makedirs(self.folder, exist_ok=True)
        return f"{self.folder}/{hashed(_FORMAT, self._target.runtime, self._target.platform, *parts)}.{suffix}"


def top_level(names: Iterable[str]) -> set[str]:
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
        scripts = [name for name, *_ in rows if _is_script(tree, name)]
        kept = [row for row in rows if row[0] not in scripts]
        with open(record, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(kept)
        names.update(name for name, *_ in kept)
        if scripts:
            distribution = folder.removesuffix(".dist-info").replace("-", " ", 1)
            left_out.append(f"left out of {distribution}: {', '.join(scripts)}")
    return sorted(names), left_out


def _is_script(tree: str, name: str) -> bool:
    outside = name.startswith(("../", "/"))
    return outside or (name.startswith("bin/") and read(f"{tree}/{name}").startswith(b"#!"))


def lock(
    root: "str | Path", *, report: Callable[[str], None], runtime: str = DEPLOY_RUNTIME, upgrade: bool = False
) -> None:
    """Write a requirements.lock beside every requirements.txt, for a runtime on both of Lambda's architectures.

    Pins that still fit stay unless `upgrade` is set.
    """
    top = require(root)
    tree = Tree(top)
    resolved: dict[tuple[tuple[str, ...], str], str] = {}
    for function in tree.functions:
        path, user = (f"{FUNCTIONS}/{function}/{name}" for name in (LOCK, REQUIREMENTS))
        requirements, old = parse(tree.text(user), user), tree.text(path)
        if requirements and (requirements, old) not in resolved:
            pins = {}
            for architecture in MACHINES:
                preferred = "" if upgrade else pins_for(architecture, old)
                pins[architecture] = resolve(
                    requirements, Target.deploy(runtime, architecture), user, preferred=preferred
                )
            resolved[requirements, old] = lock_text(requirements, runtime, pins)
        if requirements:
            new = resolved[requirements, old]
            if new != old:
                zips.write_file(f"{top}/{path}", new.encode())
            report(f"{'unchanged' if new == old else 'wrote'} {path}")
        elif old:
            zips.remove(f"{top}/{path}")
            report(f"removed {path}: nothing is required")


def resolve(requirements: tuple[str, ...], target: Target, user: str, *, preferred: str = "") -> str:
    """Resolve requirements for a target and return the pins; `preferred` pins are kept where they can be.

    Where the requirements name hashes, only files with those are taken. `user` names the requirements in an error.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        # uv takes preferences from the file that it is about to write.
        output = f"{folder}/resolved.txt"
        if preferred:
            zips.write_file(output, preferred.encode())
        arguments = ["compile", "-", "--output-file", output, *_PLAIN]
        answer = _uv(arguments, target, folder, "\n".join(map(without_hashes, requirements)))
        if answer.returncode:
            raise _failure(f"{user} cannot be resolved", target, answer)
        return keep_given_hashes(read(output).decode(), requirements, user)


def install(pins: str, target: Target, tree: str, user: str) -> None:
    """Install exactly the pinned wheels into `tree`, from uv's cache without asking the index when they are there."""
    os.makedirs(tree)
    arguments = ["install", "--requirement", "-", "--target", tree, "--no-deps", "--require-hashes"]
    for more in (["--offline"], []):
        answer = _uv([*arguments, "--no-compile-bytecode", *more], target, tree, pins)
        if answer.returncode == 0:
            return
    raise _failure(f"{user} cannot be installed", target, answer)


def _uv(arguments: list[str], target: Target, folder: str, text: str) -> subprocess.CompletedProcess[bytes]:
    """Run `uv pip` for a target's platform in a folder, away from any project's settings, with a text on stdin."""
    import shutil

    # Beside the running interpreter, as a virtual environment has it, or on PATH.
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    uv = beside if os.access(beside, os.X_OK) else shutil.which("uv")
    if uv is None:
        raise failed("uv is needed to install a function's requirements and was not found.", "Run `make setup`.")
    platform = ["--only-binary", ":all:", "--python", sys.executable, "--no-python-downloads"]
    if not target.native:
        platform += ["--python-version", target.version, "--python-platform", target.platform]
    # An installer's notes hold paths of this machine, so they are not written at all.
    environ = {**os.environ, "UV_NO_INSTALLER_METADATA": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    command = [uv, "pip", *arguments, *platform]
    return subprocess.run(command, cwd=folder, env=environ, input=text.encode(), capture_output=True, check=False)


def _failure(what: str, target: Target, answer: subprocess.CompletedProcess[bytes]) -> Exception:
    reason = " ".join(word for word in answer.stderr.decode(errors="replace").split() if word not in _NOISE)
    where = f"for {target.runtime} on {target.architecture}"
    return failed(f"{what} {where}: {reason}", "Mend requirements.txt, or the network if that is what failed.")
