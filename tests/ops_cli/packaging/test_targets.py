"""Which runtimes and architectures there are, and which wheels each takes."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from ops_cli.packaging import Target
from opscore.errors import OpsError


@pytest.mark.parametrize(
    ("runtime", "architecture", "platform"),
    [
        ("python3.11", "x86_64", "x86_64-manylinux2014"),
        ("python3.11", "arm64", "aarch64-manylinux2014"),
        ("python3.12", "x86_64", "x86_64-manylinux_2_34"),
        ("python3.13", "arm64", "aarch64-manylinux_2_34"),
    ],
)
def test_a_runtime_takes_the_wheels_that_its_glibc_can_load(runtime: str, architecture: str, platform: str) -> None:
    assert Target.deploy(runtime, architecture).platform == platform


def test_the_deployment_is_python_3_13_on_arm64_when_nothing_is_said() -> None:
    target = Target.deploy()
    assert (target.name, target.runtime, target.architecture) == ("deploy", "python3.13", "arm64")


def test_the_sandbox_is_this_interpreter_on_this_machine() -> None:
    target = Target.sandbox()
    assert target.runtime == f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert target.architecture in ("arm64", "x86_64")
    assert target.native
    assert target.platform.endswith(os.uname().machine)


def test_this_interpreters_magic_number_is_the_one_of_its_version() -> None:
    assert Target.sandbox().magic == int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")


@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13", "3.14"])
def test_a_runtime_is_what_its_own_interpreter_says(python_of: Callable[[str], str], minor: str) -> None:
    """Whichever version this test runs on, the table knows the standard library and the bytecode of the others."""
    ask = "import importlib.util as i, sys; print(i.MAGIC_NUMBER[:2].hex(), *sorted(sys.stdlib_module_names))"
    answer = subprocess.run([python_of(minor), "-c", ask], capture_output=True, text=True, check=True)
    magic, *names = answer.stdout.split()
    target = Target.deploy(f"python{minor}")
    assert target.magic.to_bytes(2, "little").hex() == magic
    public = {name for name in target.standard_library() if not name.startswith("_")}
    assert public == {name for name in names if not name.startswith("_")}


def test_an_unknown_runtime_or_architecture_names_those_there_are() -> None:
    with pytest.raises(OpsError) as unknown:
        Target.deploy("python2.7")
    assert "python3.13" in unknown.value.hint
    with pytest.raises(OpsError) as strange:
        Target.deploy("python3.13", "sparc")
    assert "arm64, x86_64" in strange.value.hint
