"""What a build is for, a Lambda runtime and architecture or this machine, and the interpreter that writes its bytecode.

Which one of several that is, no key says. Two patch releases of a minor version may write the same source in different
bytes (1 of 458 files of the standard library, 3.11.2 and 3.11.7), but each loads what the other wrote and it means the
same: that is what a magic number stands for. A key is of inputs, so it says which bytecode a zip holds by its magic
number; the source lies beside it in the zip. Of two builders that push the same key, the first one's zip stays.
"""

from __future__ import annotations

import os
import sys

from ops_cli.packaging.sources import failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Part of every key: raise it when the same sources give other bytes than before.
BUILDER_VERSION = 3
DEPLOY_RUNTIME = "python3.13"
DEPLOY_ARCHITECTURE = "arm64"

# The wheels of a runtime: up to 3.11 it runs on Amazon Linux 2 (glibc 2.26), later on Amazon Linux 2023 (2.34); a
# wheel built for a newer glibc installs and then fails at import. And the magic number of its bytecode, which is
# fixed for all releases of a minor version (CPython, Include/internal/pycore_magic_number.h).
_RUNTIMES = {
    "python3.11": ("manylinux2014", 3495),
    "python3.12": ("manylinux_2_34", 3531),
    "python3.13": ("manylinux_2_34", 3571),
    "python3.14": ("manylinux_2_34", 3627),
}
# Lambda's name of an architecture -> the name that Python and wheels use.
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}

# How the standard library's public modules differ between the versions above (What's New in Python 3.12 to 3.14).
_ADDED = {14: "annotationlib compression"}
_REMOVED = {
    12: "asynchat asyncore distutils imp smtpd",
    13: "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd "
    "sunau telnetlib uu xdrlib",
}


class Target:
    """A name, a runtime and an architecture; `native` targets run on this machine's own interpreter."""

    def __init__(
        self, name: str, runtime: str, architecture: str, platform: str, *, native: bool, bytecode: bool
    ) -> None:
        self.name = name
        self.runtime = runtime
        self.architecture = architecture
        self.platform = platform
        self.native = native
        self.bytecode = bytecode
        self.version = runtime.removeprefix("python")
        # What of a target and of this builder decides about a zip, beside its sources and bytecode.
        self.identity = BUILDER_VERSION, runtime, architecture, platform
        # 0 for a version that is not known here, which gets no bytecode.
        self.magic = _RUNTIMES.get(runtime, ("", 0))[1]
        # The part of a bytecode file's name that says whose it is.
        self.tag = f"cpython-{self.version.replace('.', '')}"

    @classmethod
    def deploy(
        cls, runtime: str = DEPLOY_RUNTIME, architecture: str = DEPLOY_ARCHITECTURE, *, bytecode: bool = True
    ) -> Target:
        """Build for Lambda itself; `bytecode` allows it when an interpreter of the runtime's version is found."""
        if runtime not in _RUNTIMES:
            raise failed(f"There is no Lambda runtime {runtime!r} here.", f"Known: {', '.join(_RUNTIMES)}.")
        if architecture not in MACHINES:
            raise failed(f"There is no Lambda architecture {architecture!r}.", f"Known: {', '.join(MACHINES)}.")
        platform = f"{MACHINES[architecture]}-{_RUNTIMES[runtime][0]}"
        return cls("deploy", runtime, architecture, platform, native=False, bytecode=bytecode)

    @classmethod
    def sandbox(cls, *, bytecode: bool = True) -> Target:
        """Build for the interpreter that runs the build, which is the one the sandbox runs its Lambdas on."""
        machine = os.uname().machine
        runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
        architecture = next((ours for ours, theirs in MACHINES.items() if theirs == machine), machine)
        return cls("sandbox", runtime, architecture, f"{sys.platform}-{machine}", native=True, bytecode=bytecode)

    def standard_library(self) -> set[str]:
        """Return the top-level modules of the runtime's standard library, whichever version the builder runs."""
        minor = int(self.version.split(".")[1])
        names = {*sys.stdlib_module_names}
        for since, added in _ADDED.items():
            names = names | {*added.split()} if minor >= since else names - {*added.split()}
        for until, removed in _REMOVED.items():
            names = names | {*removed.split()} if minor < until else names - {*removed.split()}
        return names

    def bytecode_name(self, name: str) -> str:
        """Return where the bytecode of the module file `name` belongs in a zip."""
        folder, _, file = name.rpartition("/")
        return f"{folder}/__pycache__/{file[:-3]}.{self.tag}.pyc".removeprefix("/")

    def candidates(self) -> list[str]:
        """List the executables that may be an interpreter of the runtime, best first, cheaply: none is run."""
        return [path for path in self._paths() if os.access(path, os.X_OK)] if self.bytecode and self.magic else []

    def interpreter(self) -> str | None:
        """Return the first interpreter that writes the runtime's bytecode; none is downloaded."""
        return next((path for path in self.candidates() if self._is_written_by(path)), None)

    def no_interpreter(self) -> str:
        """Say in one line what follows when there is no interpreter."""
        return (
            f"{self.name}: there is no Python {self.version} on this machine, so its zips have no bytecode and other "
            f"keys than where there is one; `uv python install {self.version}` brings it"
        )

    def _paths(self) -> Iterator[str]:
        if self.version == f"{sys.version_info.major}.{sys.version_info.minor}":
            yield sys.executable
        name = f"python{self.version}"
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            # A version manager's shim may exist and not run; what it stands for is looked up below.
            if folder and os.path.basename(folder) != "shims":
                yield f"{folder}/{name}"
        home = os.path.expanduser("~")
        data = os.environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
        pyenv = os.environ.get("PYENV_ROOT") or f"{home}/.pyenv"
        uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or f"{data}/uv/python"
        for folder, prefix in ((f"{pyenv}/versions", f"{self.version}."), (uv, f"cpython-{self.version}.")):
            installed = os.listdir(folder) if os.path.isdir(folder) else []
            releases = {one: one.removeprefix(prefix).split("-")[0] for one in installed if one.startswith(prefix)}
            patches = {int(patch): one for one, patch in releases.items() if patch.isdigit()}
            yield from (f"{folder}/{patches[patch]}/bin/{name}" for patch in sorted(patches, reverse=True))

    def _is_written_by(self, path: str) -> bool:
        """Say whether an executable runs and writes this bytecode, which no pre-release and no PyPy does."""
        if path == sys.executable:
            from importlib.util import MAGIC_NUMBER

            return int.from_bytes(MAGIC_NUMBER[:2], "little") == self.magic
        import subprocess

        ask = "from importlib.util import MAGIC_NUMBER; print(int.from_bytes(MAGIC_NUMBER[:2], 'little'))"
        try:
            answer = subprocess.run([path, "-I", "-S", "-c", ask], capture_output=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return answer.returncode == 0 and answer.stdout.strip() == str(self.magic).encode()
