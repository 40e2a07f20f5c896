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
    from collections.abc import Iterator

    from ops_cli.packaging.targets import Target

# Where Lambda unpacks a zip; tracebacks name it.
TASK_ROOT = "/var/task"
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


def compile_tree(interpreter: str, tree: str) -> str:
    """Compile every module below a folder that will lie in a zip; return what the interpreter says of failures.

    The bytecode is not checked against the source's date when it is loaded (PEP 552): a zip does not keep the date, and
    bytecode that does not match it would be made again at each cold start.
    """
    import subprocess

    # A fixed environment: neither the user's PYTHON* variables nor the hash seed may show in the bytecode.
    command = [interpreter, "-S", "-s", "-P", "-W", "ignore", "-m", "compileall", "-q", "-f"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", tree, "-p", TASK_ROOT, tree]
    answer = subprocess.run(
        command, env={"PYTHONHASHSEED": "0"}, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if answer.returncode not in (0, 1):
        raise failed(f"{interpreter} stopped while it compiled: {answer.stderr.strip()}", "Run with --no-bytecode.")
    return answer.stdout


def place(name: str, target: Target) -> str:
    """Return where the bytecode of the module file `name` belongs in a zip."""
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file[:-3]}.{target.tag}.pyc".removeprefix("/")


def failures(told: str) -> dict[str, tuple[str, str]]:
    """Return line and reason by name of file from what `compile_tree` returned."""
    import re

    error = rf'File "{TASK_ROOT}/(?P<name>.+)", line (?P<line>\d+)\n(?s:.*?)^\w+Error: (?P<what>.+)$'
    found = re.finditer(error, told, re.MULTILINE)
    return {one["name"]: (one["line"], one["what"]) for one in found}


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
