"""Everything that is asked of uv: resolving requirements, and installing what was resolved."""

from __future__ import annotations

import os
import subprocess
import sys

from ops_cli.packaging import files
from ops_cli.packaging.problems import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.targets import Target

_PLAIN = ("--no-header", "--no-annotate", "--no-emit-index-url", "--generate-hashes")
# What uv reports around its own explanation.
_NOISE = {"\N{MULTIPLICATION SIGN}", "╰─▶", "├─▶", "│", "error:", "cause:"}


def resolve(
    requirements: tuple[str, ...],
    target: Target,
    folder: str,
    user: str,
    *,
    preferred: str = "",
    upgrade: bool = False,
) -> str:
    """Resolve requirements for a target and return the pins; `preferred` pins are kept where they can be.

    `folder` is a scratch folder: uv takes preferences from the file that it is about to write.
    """
    output = os.path.join(folder, "resolved.txt")
    files.write(os.path.join(folder, "requirements.in"), "\n".join(requirements).encode())
    if preferred:
        files.write(output, preferred.encode())
    arguments = ["pip", "compile", "requirements.in", "--output-file", output, *_PLAIN, *_platform(target)]
    failure = f"{user} cannot be resolved for {target.runtime} on {target.architecture}"
    _run([*arguments, *(["--upgrade"] if upgrade else [])], folder, failure)
    return files.read(output).decode()


def install(pins: str, target: Target, folder: str, tree: str, user: str) -> None:
    """Install exactly the pinned wheels into `tree`, from uv's cache without asking the index when they are there."""
    files.write(os.path.join(folder, "pins.txt"), pins.encode())
    arguments = ["pip", "install", "--requirement", "pins.txt", "--target", tree, "--no-deps", "--require-hashes"]
    arguments += ["--no-compile-bytecode", *_platform(target)]
    if not _succeeds([*arguments, "--offline"], folder):
        _run(arguments, folder, f"{user} cannot be installed for {target.runtime} on {target.architecture}")


def _platform(target: Target) -> list[str]:
    arguments = ["--only-binary", ":all:", "--python", sys.executable, "--no-python-downloads"]
    if not target.native:
        arguments += ["--python-version", target.version, "--python-platform", target.platform]
    return arguments


def _succeeds(arguments: list[str], folder: str) -> bool:
    return _start(arguments, folder).returncode == 0


def _run(arguments: list[str], folder: str, failure: str) -> None:
    answer = _start(arguments, folder)
    if answer.returncode:
        reason = " ".join(word for word in answer.stderr.split() if word not in _NOISE)
        raise failed(f"{failure}: {reason}", "Mend requirements.txt, or the network if that is what failed.")


def _start(arguments: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    # Console scripts and installer notes hold paths of this machine, so the notes are not written at all.
    environ = {**os.environ, "UV_NO_INSTALLER_METADATA": "1", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    command = [_uv(), *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def _uv() -> str:
    """Find uv beside the running interpreter, as a virtual environment has it, or on PATH."""
    import shutil

    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    found = beside if os.access(beside, os.X_OK) else shutil.which("uv")
    if found is None:
        raise failed("uv is needed to install a function's requirements and was not found.", "Run `make setup`.")
    return found
