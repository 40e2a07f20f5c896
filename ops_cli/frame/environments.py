"""The environments opsctl works on: a name for an account, a region and how to reach them, kept in TOML."""

import contextlib
import ipaddress
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from opscore.errors import OpsError


@dataclass(frozen=True)
class Environment:
    """A named place to work.

    `endpoint` is a URL and set only for an emulator; `stack` is the SSM parameter with the stack description,
    None for the default name; `terraform_dir` is where this environment's Terraform root is initialised on this
    machine, if it is.
    """

    name: str
    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None
    stack: str | None = None
    terraform_dir: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine: no real account can be behind it."""
        host = urlsplit(self.endpoint or "").hostname or ""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(host).is_loopback
        return host == "localhost"

    @property
    def stack_parameter(self) -> str:
        """The name of the SSM parameter that describes the stack."""
        return self.stack or f"/opsctl/{self.name}/stack"


def config_file() -> Path:
    """Return where the environments are kept (XDG Base Directory specification)."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "opsctl" / "environments.toml"


def load() -> dict[str, Environment]:
    """Return the registered environments by name; none when there is no file yet."""
    import tomllib  # most of `--help` needs no configuration

    path = config_file()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: Environment(name, **settings) for name, settings in tables.items()}
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise OpsError(f"{path} cannot be read: {error}", hint="Mend or delete the file.") from error


def register(environment: Environment) -> None:
    """Add `environment`, or replace the one of the same name."""
    _write({**load(), environment.name: environment})


def forget(name: str) -> None:
    """Remove the environment called `name`, if it is there; the account behind it is not touched."""
    _write({other: environment for other, environment in load().items() if other != name})


def _write(environments: dict[str, Environment]) -> None:
    import tomli_w

    tables = {
        environment.name: {key: value for key, value in asdict(environment).items() if value and key != "name"}
        for environment in environments.values()
    }
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(tomli_w.dumps(tables), encoding="utf-8")
    draft.replace(path)
