import platform
import sys
from pathlib import Path

import pytest

from ops_cli.deploy.provider_mirror import ADDRESS, OLDEST, config_problem, provider_mirror

ROOT = Path(__file__).parents[3]
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
TARGET = f"{sys.platform}_{MACHINE}"


@pytest.fixture
def opt(tmp_path: Path) -> Path:
    folder = tmp_path / "opt"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A home with nothing in it, and no shared data folders."""
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "share")}


def unpacked(mirror: Path, version: str = "5.100.0", target: str = TARGET) -> Path:
    (mirror / ADDRESS / version / target).mkdir(parents=True)
    return mirror


def search(environ: dict[str, str], opt: Path) -> Path | None:
    return provider_mirror(environ, working_dir=opt.parent / "work", opt=opt)


def test_a_folder_below_opt_that_holds_the_provider_is_found(environ: dict[str, str], opt: Path) -> None:
    (opt / "anything").mkdir()
    assert search(environ, opt) is None
    mirror = unpacked(opt / "mirror-of-some-name")
    assert search(environ, opt) == mirror


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has other implied folders")
@pytest.mark.parametrize(
    "folder",
    [
        "home/.terraform.d/plugins",
        "home/.local/share/terraform/plugins",
        "share/terraform/plugins",
        "work/terraform.d/plugins",
    ],
)
def test_terraforms_implied_mirrors_are_searched(
    environ: dict[str, str], opt: Path, tmp_path: Path, folder: str
) -> None:
    mirror = unpacked(tmp_path / folder)
    assert search(environ, opt) == mirror


def test_a_packed_provider_counts_too(environ: dict[str, str], opt: Path) -> None:
    folder = opt / "mirror" / ADDRESS
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_5.100.0_{TARGET}.zip").touch()
    assert search(environ, opt) == opt / "mirror"


@pytest.mark.parametrize("version", ["4.67.0", "5.99.1", "6.2.0", "garbage"])
def test_a_version_that_the_configuration_refuses_is_not_used(environ: dict[str, str], opt: Path, version: str) -> None:
    unpacked(opt / "mirror", version=version)
    assert search(environ, opt) is None


def test_a_provider_for_another_machine_is_not_used(environ: dict[str, str], opt: Path) -> None:
    unpacked(opt / "mirror", target="plan9_mips")
    assert search(environ, opt) is None


def test_a_cli_configuration_that_says_where_providers_come_from_is_respected(
    environ: dict[str, str], opt: Path, tmp_path: Path
) -> None:
    unpacked(opt / "mirror")
    config = tmp_path / "terraformrc"
    environ["TF_CLI_CONFIG_FILE"] = str(config)
    assert search(environ, opt) == opt / "mirror"
    config.write_text("provider_installation {}\n")
    assert search(environ, opt) is None


@pytest.mark.parametrize("name", ["not-there", "folder", "file/below"])
def test_a_cli_configuration_that_cannot_be_read_is_a_sentence_and_no_hindrance(
    environ: dict[str, str], opt: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    environ["TF_CLI_CONFIG_FILE"] = str(tmp_path / name)
    mirror = unpacked(opt / "mirror")
    assert search(environ, opt) == mirror
    problem = config_problem(environ)
    assert problem is not None
    assert problem.startswith(f"TF_CLI_CONFIG_FILE names {tmp_path / name}, which is not used: ")


def test_a_cli_configuration_that_may_not_be_read_is_none(
    environ: dict[str, str], opt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("read_text", "read_bytes", "stat"):
        monkeypatch.setattr(Path, name, refused)
    environ["TF_CLI_CONFIG_FILE"] = "/home/other/terraformrc"
    assert search(environ, opt) is None
    assert config_problem(environ) == (
        "TF_CLI_CONFIG_FILE names /home/other/terraformrc, which is not used: Permission denied."
    )


def test_an_odd_encoding_of_the_cli_configuration_hides_nothing(
    environ: dict[str, str], opt: Path, tmp_path: Path
) -> None:
    unpacked(opt / "mirror")
    (tmp_path / "terraformrc").write_bytes("# für alle\nprovider_installation {}\n".encode("latin-1"))
    environ["TF_CLI_CONFIG_FILE"] = str(tmp_path / "terraformrc")
    assert search(environ, opt) is None
    assert config_problem(environ) is None


def test_without_a_named_cli_configuration_there_is_nothing_to_say(environ: dict[str, str]) -> None:
    assert config_problem(environ) is None


def test_the_oldest_version_is_what_every_configuration_asks_for() -> None:
    asked = {
        path: path.read_text() for folder in ("terraform", "modules") for path in ROOT.glob(f"{folder}/**/versions.tf")
    }
    assert len(asked) > 2
    for path, text in asked.items():
        oldest = f"{OLDEST[0]}.{OLDEST[1]}"
        # Roots say what was run, modules what they can be used with.
        wanted = f">= {oldest}, < 7" if "modules" in path.parts else f"~> {oldest}"
        assert f'version = "{wanted}"' in text, path
