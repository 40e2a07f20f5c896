"""Which runtimes and architectures there are, and which wheels each takes."""

import os
import sys

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


def test_an_unknown_runtime_or_architecture_names_those_there_are() -> None:
    with pytest.raises(OpsError) as unknown:
        Target.deploy("python2.7")
    assert "python3.13" in unknown.value.hint
    with pytest.raises(OpsError) as strange:
        Target.deploy("python3.13", "sparc")
    assert "arm64, x86_64" in strange.value.hint
