"""Where the AWS provider lies on this machine, so that `terraform init` need not fetch 700 MB again."""

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ADDRESS = "registry.terraform.io/hashicorp/aws"
OLDEST = (5, 100)
"""What the roots ask for, `~> 5.100`: this or a later minor version of the same major version."""

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def provider_mirror(
    environ: Mapping[str, str] = os.environ, *, working_dir: Path | None = None, opt: Path = Path("/opt")
) -> Path | None:
    """Return a folder for `terraform init -plugin-dir`, or None when Terraform should look for the provider itself.

    Searched are Terraform's implied mirror folders
    (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories) and the
    children of `opt`. None also when the operator's CLI configuration says where providers come from.
    """
    if "provider_installation" in (_config_text(environ) or ""):
        return None
    candidates = [*_implied(environ, working_dir or Path.cwd()), *_children(opt)]
    return next((folder for folder in candidates if _holds_provider(folder)), None)


def _config_text(environ: Mapping[str, str]) -> str | None:
    """Return the text of Terraform's CLI configuration; None when there is none or it cannot be read."""
    try:
        return cli_config(environ).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def config_problem(environ: Mapping[str, str]) -> str | None:
    """Return a sentence when TF_CLI_CONFIG_FILE names what cannot be read; Terraform then runs without it."""
    if not environ.get("TF_CLI_CONFIG_FILE"):
        return None
    try:
        cli_config(environ).read_bytes()
    except OSError as error:
        return f"TF_CLI_CONFIG_FILE names {cli_config(environ)}, which is not used: {error.strerror}."
    return None


def cli_config(environ: Mapping[str, str]) -> Path:
    """Return the path of Terraform's CLI configuration, whether or not there is a file."""
    return Path(environ.get("TF_CLI_CONFIG_FILE") or _home(environ) / ".terraformrc")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _implied(environ: Mapping[str, str], working_dir: Path) -> Iterator[Path]:
    home = _home(environ)
    yield working_dir / "terraform.d/plugins"
    yield home / ".terraform.d/plugins"
    if sys.platform == "darwin":
        yield home / "Library/Application Support/io.terraform/plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")
    else:
        shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        for folder in (environ.get("XDG_DATA_HOME") or home / ".local/share", *shared.split(":")):
            yield Path(folder) / "terraform/plugins"


def _children(opt: Path) -> list[Path]:
    try:
        return sorted(opt.iterdir())
    except OSError:
        return []


def _holds_provider(folder: Path) -> bool:
    target = f"{sys.platform}_{_ARCHITECTURES.get(platform.machine().lower(), platform.machine())}"
    try:
        names = os.listdir(folder / ADDRESS)  # noqa: PTH208 - a folder nobody may read raises here, and only here
    except OSError:
        return False
    return any(_fits(folder / ADDRESS, name, target) for name in names)


def _fits(folder: Path, name: str, target: str) -> bool:
    packed = re.fullmatch(r"terraform-provider-aws_([\d.]+)_(\w+)\.zip", name)
    if packed is not None:
        return packed[2] == target and _is_recent(packed[1])
    return _is_recent(name) and os.path.isdir(folder / name / target)  # noqa: PTH112 - False where it may not be read


def _is_recent(version: str) -> bool:
    found = re.fullmatch(r"(\d+)\.(\d+)\.\d+", version)
    return found is not None and int(found[1]) == OLDEST[0] and int(found[2]) >= OLDEST[1]
