"""What a build is for: a Lambda runtime and architecture, or the machine that runs the build."""

from __future__ import annotations

import os
import sys

from ops_cli.packaging.problems import failed

DEPLOY_RUNTIME = "python3.13"
DEPLOY_ARCHITECTURE = "arm64"

# The runtimes up to 3.11 run on Amazon Linux 2 (glibc 2.26), later ones on Amazon Linux 2023 (glibc 2.34): a
# wheel built for a newer glibc installs and then fails at import.
_WHEELS = {
    "python3.11": "manylinux2014",
    "python3.12": "manylinux_2_34",
    "python3.13": "manylinux_2_34",
    "python3.14": "manylinux_2_34",
}
# Lambda's name of an architecture -> the name that Python and wheels use.
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "amd64": "x86_64"}


class Target:
    """A name, a runtime and an architecture; `native` targets run on this machine's own interpreter."""

    __slots__ = ("architecture", "bytecode", "name", "native", "platform", "runtime")

    def __init__(
        self, name: str, runtime: str, architecture: str, platform: str, *, native: bool, bytecode: bool
    ) -> None:
        self.name = name
        self.runtime = runtime
        self.architecture = architecture
        self.platform = platform
        self.native = native
        self.bytecode = bytecode

    @classmethod
    def deploy(
        cls,
        runtime: str = DEPLOY_RUNTIME,
        architecture: str = DEPLOY_ARCHITECTURE,
        *,
        bytecode: bool = True,
    ) -> Target:
        """Build for Lambda itself; `bytecode` allows it when an interpreter of the runtime's version is found."""
        if runtime not in _WHEELS:
            raise failed(f"There is no Lambda runtime {runtime!r} here.", f"Known: {', '.join(_WHEELS)}.")
        if architecture not in MACHINES:
            raise failed(f"There is no Lambda architecture {architecture!r}.", f"Known: {', '.join(MACHINES)}.")
        return cls(
            "deploy",
            runtime,
            architecture,
            wheel_platform(runtime, architecture),
            native=False,
            bytecode=bytecode,
        )

    @classmethod
    def sandbox(cls, *, bytecode: bool = True) -> Target:
        """Build for the interpreter that runs the build, which is the one the sandbox runs its Lambdas on."""
        machine = os.uname().machine
        runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
        architecture = _ARCHITECTURES.get(machine, machine)
        return cls(
            "sandbox",
            runtime,
            architecture,
            f"{sys.platform}-{machine}",
            native=True,
            bytecode=bytecode,
        )

    @property
    def version(self) -> str:
        """The runtime's Python version as major.minor."""
        return self.runtime.removeprefix("python")


def wheel_platform(runtime: str, architecture: str) -> str:
    """Return the platform tag whose wheels run on a Lambda runtime."""
    return f"{MACHINES[architecture]}-{_WHEELS[runtime]}"
