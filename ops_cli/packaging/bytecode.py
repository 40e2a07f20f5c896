"""Bytecode for a target, made by an interpreter of its version; which one of them, no key says.

Two patch releases of a minor version may write the same source in different bytes (1 of 458 files of the standard
library, 3.11.2 and 3.11.7), but each loads what the other wrote and it means the same: that is what a magic number
stands for. A key is of inputs, so it says which bytecode a zip holds by its magic number and not who wrote it; the
source lies beside it in the zip. Of two builders that push the same key, the first one's zip stays.
"""

from __future__ import annotations

import os
import sys

from ops_cli.packaging.files import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from ops_cli.packaging.targets import Target

_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "compile_worker.py")
_ASK = "from importlib.util import MAGIC_NUMBER; print(int.from_bytes(MAGIC_NUMBER[:2], 'little'))"


def find_interpreter(target: Target) -> str | None:
    """Return the first interpreter that writes the target's bytecode; none is downloaded."""
    return next((path for path in candidates(target) if _writes(path, target.magic)), None)


def candidates(target: Target) -> list[str]:
    """List the executables that may be the target's interpreter, best first, cheaply: none is run."""
    wanted = target.bytecode and target.magic
    return [path for path in _paths(target.version) if os.access(path, os.X_OK)] if wanted else []


def no_interpreter(target: Target) -> str:
    """Say in one line what follows when there is no interpreter for a target."""
    return (
        f"{target.name}: there is no Python {target.version} on this machine, so its zips have no bytecode and other "
        f"keys than where there is one; `uv python install {target.version}` brings it"
    )


def start_compiling(interpreter: str, tree: str) -> subprocess.Popen[str]:
    """Start the compilation of every module below a folder that will lie in a zip."""
    import subprocess

    # A fixed environment: neither the user's PYTHON* variables nor the hash seed may show in the bytecode.
    command = [interpreter, "-S", "-s", "-P", "-W", "ignore", _WORKER, tree]
    return subprocess.Popen(
        command, env={"PYTHONHASHSEED": "0"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def finish_compiling(process: subprocess.Popen[str]) -> dict[str, tuple[int, str]]:
    """Wait for a compilation; return line and reason by name of file of what does not compile."""
    import json

    told, error = process.communicate()
    if process.returncode:
        raise failed(f"Python stopped while it compiled: {error.strip()}", "Run with --no-bytecode.")
    failures: dict[str, tuple[int, str]] = json.loads(told) if told else {}
    return failures


def place(name: str, target: Target) -> str:
    """Return where the bytecode of the module file `name` belongs in a zip."""
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file[:-3]}.{target.tag}.pyc".removeprefix("/")


def _paths(version: str) -> Iterator[str]:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield sys.executable
    name = f"python{version}"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # A version manager's shim may exist and not run; what it stands for is looked up below.
        if folder and os.path.basename(folder) != "shims":
            yield os.path.join(folder, name)
    home = os.path.expanduser("~")
    data = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
    pyenv = os.environ.get("PYENV_ROOT") or f"{home}/.pyenv"
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or f"{data}/uv/python"
    for folder, prefix in ((f"{pyenv}/versions", f"{version}."), (uv, f"cpython-{version}.")):
        installed = os.listdir(folder) if os.path.isdir(folder) else []
        for one in sorted((one for one in installed if one.startswith(prefix)), key=_patch_level, reverse=True):
            yield os.path.join(folder, one, "bin", name)


def _patch_level(name: str) -> tuple[int, str]:
    digits = name.removeprefix("cpython-").split("-")[0].rpartition(".")[2]
    return (int(digits) if digits.isdigit() else -1, name)


def _writes(path: str, magic: int) -> bool:
    """Say whether an executable runs and is an interpreter of that bytecode: no pre-release and no PyPy is."""
    import subprocess

    if path == sys.executable:
        from importlib.util import MAGIC_NUMBER

        return int.from_bytes(MAGIC_NUMBER[:2], "little") == magic
    try:
        answer = subprocess.run([path, "-I", "-S", "-c", _ASK], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == str(magic).encode()
