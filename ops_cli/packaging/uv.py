"""Everything that is asked of uv: resolving requirements, and installing what was resolved."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from ops_cli.packaging import files
from ops_cli.packaging.files import failed
from ops_cli.packaging.requirements import keep_given_hashes, without_hashes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.targets import Target

_PLAIN = ("--no-header", "--no-annotate", "--no-emit-index-url", "--generate-hashes")
# What uv reports around its own explanation.
_NOISE = {"\N{MULTIPLICATION SIGN}", "╰─▶", "├─▶", "│", "error:", "cause:"}


def resolve(requirements: tuple[str, ...], target: Target, user: str, *, preferred: str = "") -> str:
    """Resolve requirements for a target and return the pins; `preferred` pins are kept where they can be.

    Where the requirements name hashes, only files with those are taken. `user` names the requirements in an error.
    """
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
