"""Which interpreter can compile for a target: one of exactly its minor version, found without downloading any."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops_cli.packaging.sources import Signature
    from ops_cli.packaging.targets import Target

    Candidates = tuple[tuple[str, Signature], ...]

_ASK = "import sys; print(sys.implementation.name, sys.version_info.releaselevel, '%d.%d.%d' % sys.version_info[:3])"


def candidates(target: Target) -> Candidates:
    """List the executables that may be the target's interpreter, best first, cheaply: none is run."""
    from ops_cli.packaging.sources import signature

    if not target.bytecode:
        return ()
    found = []
    for path in _paths(target.version):
        try:
            found.append((path, signature(os.stat(path))))
        except OSError:
            continue
    return tuple(found)


def choose(found: Candidates, target: Target) -> tuple[str, str] | None:
    """Return the first candidate that runs and is a release of the right version, with its full version."""
    for path, _ in found:
        version = _running_version() if path == sys.executable else _ask(path)
        if version.startswith(f"{target.version}."):
            return path, version
    return None


def _paths(version: str) -> Iterator[str]:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield sys.executable
    name = f"python{version}"
    on_path = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    # A version manager's shim may exist and not run, so what it stands for is looked up first.
    shims = [folder for folder in on_path if os.path.basename(folder) == "shims"]
    yield from (os.path.join(folder, name) for folder in on_path if folder not in shims)
    home = os.path.expanduser("~")
    data = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    pyenv = os.environ.get("PYENV_ROOT") or f"{home}/.pyenv"
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or f"{data}/uv/python"
    for installed in (*_below(f"{pyenv}/versions", f"{version}."), *_below(uv, f"cpython-{version}.")):
        yield os.path.join(installed, "bin", name)
    yield from (os.path.join(folder, name) for folder in shims)


def _below(folder: str, prefix: str) -> list[str]:
    """Return the installations of one minor version in a folder, the newest first."""
    try:
        names = [name for name in os.listdir(folder) if name.startswith(prefix)]
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names, key=_patch_level, reverse=True)]


def _patch_level(name: str) -> tuple[int, str]:
    digits = name.split("-")[-1 if name[0].isdigit() else 1].rpartition(".")[2]
    return (int(digits) if digits.isdigit() else -1, name)


def _running_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])


def _ask(path: str) -> str:
    import subprocess

    try:
        answer = subprocess.run([path, "-I", "-S", "-c", _ASK], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    implementation, _, rest = answer.stdout.strip().partition(" ")
    level, _, version = rest.partition(" ")
    # A pre-release's bytecode may carry another magic number than the release that Lambda runs.
    return version if answer.returncode == 0 and (implementation, level) == ("cpython", "final") else ""
