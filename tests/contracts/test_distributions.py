"""What is installed with opsctl and what only with its sandbox, seen in the wheels themselves."""

import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EMULATOR = ROOT / "python/emulator"
ASK_VERSION = """\
import sys
sys.path[:0] = sys.argv[1:]
from opscore.errors import OpsError
from ops_cli.sandbox.emulator.process import installed_version
try:
    print(installed_version())
except OpsError as error:
    print(error.message, error.hint)
"""


def build(source: Path, folder: Path) -> zipfile.ZipFile:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build(ROOT, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build(EMULATOR, tmp_path_factory.mktemp("emulator"))


def packages(wheel: zipfile.ZipFile) -> set[str]:
    return {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name}


def metadata_of(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def requirements(wheel: zipfile.ZipFile, extra: str | None = None) -> set[str]:
    """Return what the distribution always requires, or what its extra adds."""
    wanted = [f"extra == '{extra}'"] if extra else []
    lines = [str(line).split(";") for line in metadata_of(wheel).get_all("Requires-Dist") or ()]
    return {name.strip() for name, *marker in lines if [part.strip() for part in marker] == wanted}


def sources(folder: Path, below: Path) -> set[str]:
    return {str(path.relative_to(below)) for path in folder.rglob("*.py")}


def test_opsctl_brings_the_product_and_nothing_of_the_emulator(product: zipfile.ZipFile) -> None:
    assert packages(product) == {"insight", "ops_cli", "opscore"}
    libraries = ROOT / "python/lib"
    assert set(product.namelist()) >= sources(ROOT / "ops_cli", ROOT) | sources(libraries, libraries)


def test_the_emulator_brings_itself_and_nothing_of_the_product(emulator: zipfile.ZipFile) -> None:
    assert packages(emulator) == {"emulated_aws"}
    assert set(emulator.namelist()) >= sources(EMULATOR, EMULATOR)


def test_only_the_sandbox_requires_the_emulator_and_only_the_emulator_what_it_is_made_of(
    product: zipfile.ZipFile, emulator: zipfile.ZipFile
) -> None:
    version = metadata_of(emulator)["Version"]
    assert f"emulated-aws=={version}" in requirements(product, "sandbox")
    assert "emulated-aws" not in str(requirements(product))
    every = [str(line) for line in metadata_of(product).get_all("Requires-Dist") or ()]
    assert not [line for line in every if line.startswith("ministack")]
    assert [line for line in requirements(emulator) if line.startswith("ministack==")]


def test_an_installed_opsctl_without_the_emulator_says_how_to_get_it(product: zipfile.ZipFile, tmp_path: Path) -> None:
    product.extractall(tmp_path)
    # -S: without the `.pth` files by which this clone's own packages are found.
    places = [str(tmp_path), sysconfig.get_path("purelib")]
    command = [sys.executable, "-I", "-S", "-c", ASK_VERSION, *places]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == (
        "The sandbox's emulator is not installed. `pip install 'opsctl[sandbox]'` installs it."
    )
