"""The environments that a user has named: an account, a region and how to reach them, kept in TOML."""

import contextlib
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops_cli.frame.folders import config_folder
from opscore.errors import ExitCode, OpsError, UsageProblem

SANDBOX = "sandbox"
"""The name of every sandbox. It is never in the file: a sandbox belongs to its folder (choice.py)."""

NAME_FORM = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
LONGEST_NAME = 12
PROJECT = "opsctl"
"""First part of every AWS-visible name, unless the environment says another; the default of the variable `project`."""

TAKEN_NAMES = ("state", "artifacts", "bootstrap")
"""What terraform/variables.tf says of `environment`: two are the names of an account's buckets, and an environment's
Terraform state is kept as NAME.tfstate, beside that of terraform/bootstrap."""


@dataclass(frozen=True)
class Environment:
    """A named place to work.

    `account` is the id of the only account that the name may mean; None when it was never asked for. `project` is the
    first part of the names of everything in AWS. `endpoint` is a URL and set only for an emulator; `stack` is the SSM
    parameter with the stack description, None for the default name; `terraform_dir` is where this environment's
    Terraform root is initialised on this machine, if it is; `clone` is the folder of a sandbox, and set for one only.
    """

    name: str
    profile: str | None = None
    region: str | None = None
    account: str | None = None
    project: str = PROJECT
    endpoint: str | None = None
    stack: str | None = None
    terraform_dir: str | None = None
    clone: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine: no real account can be behind it."""
        host = ""
        with contextlib.suppress(ValueError):
            host = urlsplit(self.endpoint or "").hostname or ""
            return ipaddress.ip_address(host).is_loopback
        return host == "localhost"

    @property
    def stack_parameter(self) -> str:
        """The name of the SSM parameter that describes the stack."""
        return self.stack or f"/{self.project}/{self.name}/stack"

    def check_account(self, found: str) -> None:
        """Raise `OpsError` when `found`, an account's id, is not the one that the environment means."""
        if self.account is not None and found != self.account:
            raise OpsError(
                f"The credentials are of account {found}, but {self.name} is account {self.account}.",
                hint=f"Take the profile of {self.account} (--profile), or, if {self.name} has moved: "
                f"`opsctl env add {self.name} --account {found} --replace`.",
                exit_code=ExitCode.REFUSED,
            )


_KEPT = frozenset(Environment.__dataclass_fields__) - {"name", "clone"}
"""What the file may say of an environment."""


def check_name(name: str) -> None:
    """Raise `UsageProblem` for a name that Terraform would not take, or that means something else already."""
    if name == SANDBOX:
        raise UsageProblem(
            "The name sandbox is kept for the sandbox of the clone you are in.", hint="Take another name."
        )
    if name in TAKEN_NAMES:
        raise UsageProblem(
            f"The name {name} is kept for what `opsctl deploy bootstrap` makes.",
            hint="Take another name, such as prod.",
        )
    if not re.fullmatch(NAME_FORM, name) or len(name) > LONGEST_NAME:
        raise UsageProblem(
            f"{name!r} cannot name an environment: that takes at most {LONGEST_NAME} characters: words of "
            "lower-case letters and digits, joined by hyphens, with a letter first.",
            hint="Take a name such as prod or prod-eu.",
        )


def check_account_id(account: str) -> None:
    """Raise `UsageProblem` for what is no account's id."""
    if not re.fullmatch(r"[0-9]{12}", account):
        raise UsageProblem(f"{account!r} is no account id: that has 12 digits.", hint="`aws sts get-caller-identity`")


def check_project(project: str) -> None:
    """Raise `UsageProblem` for a project that Terraform would not take."""
    if not re.fullmatch(NAME_FORM, project) or len(project) > LONGEST_NAME:
        raise UsageProblem(
            f"{project!r} cannot name a project: that takes at most {LONGEST_NAME} characters: words of lower-case "
            "letters and digits, joined by hyphens, with a letter first.",
            hint="It is the first part of every name in AWS, so take a short one.",
        )


def check_endpoint(endpoint: str) -> None:
    """Raise `UsageProblem` unless `endpoint` is a URL that a client can call."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(endpoint)
        host = re.fullmatch(r"[\w.:-]+", parts.hostname or "")
        if parts.scheme in ("http", "https") and host and parts.port != 0 and not re.search(r"\s", endpoint):
            return
    raise UsageProblem(
        f"{endpoint!r} is not the URL of an endpoint.", hint="Say it as http://HOST:PORT; a real account needs none."
    )


def config_file() -> Path:
    """Return where the environments are kept."""
    return config_folder() / "environments.toml"


def load() -> dict[str, Environment]:
    """Return the registered environments by name; none when there is no file yet.

    An entry `sandbox`, which earlier versions wrote for the last sandbox that was started, is passed over.
    """
    return {name: _environment(name, settings) for name, settings in _read().items() if name != SANDBOX}


def is_passed_over() -> bool:
    """Whether the file has an entry `sandbox` that a person wrote: they may believe that it counts."""
    return SANDBOX in _read() and not _is_our_sandbox(_read()[SANDBOX])


def register(environment: Environment) -> None:
    """Add `environment`, or replace the one of the same name; every other entry stays as it is."""
    settings = {
        key: value
        for key, value in asdict(environment).items()
        if value and key in _KEPT and (key, value) != ("project", PROJECT)
    }
    _write({**_read(), environment.name: settings})


def forget(name: str) -> None:
    """Remove the environment called `name`, if it is there; the account behind it is not touched."""
    _write({other: settings for other, settings in _read().items() if other != name})


def usable(environment: Environment) -> Environment:
    """Return an environment of the file when a client can be made for it; raises `OpsError` when not."""
    if environment.endpoint:
        try:
            check_endpoint(environment.endpoint)
        except UsageProblem as error:
            raise OpsError(
                f"{config_file()} cannot be used: [{environment.name}] {error.message}", hint=error.hint
            ) from None
    return environment


def _read() -> dict[str, Any]:
    import tomllib  # most of `--help` needs no configuration

    path = config_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise OpsError(f"{path} is not UTF-8.", hint="Save it as UTF-8, or delete it.") from None
    except OSError as error:
        raise OpsError(f"{path} cannot be read: {error.strerror}.", hint=_MEND) from None
    except tomllib.TOMLDecodeError as error:
        raise OpsError(f"{path} cannot be read: {error}", hint="Mend or delete the file.") from None


_MEND = "Mend its permissions, or have XDG_CONFIG_HOME name another folder."


def _environment(name: str, settings: Any) -> Environment:
    """Return an entry of the file; raises `OpsError` that names what is wrong with it."""
    where = f"{config_file()} cannot be read: [{name}]"
    if not isinstance(settings, Mapping):
        raise OpsError(f"{where} is not a table.", hint="Mend or delete the file.")
    for key, value in settings.items():
        if key not in _KEPT or not isinstance(value, str):
            raise OpsError(
                f"{where} has {key} = {value!r}.", hint=f"Each entry is a text, of {', '.join(sorted(_KEPT))}."
            )
    return Environment(name, **settings)


def _is_our_sandbox(settings: Any) -> bool:
    return isinstance(settings, Mapping) and "terraform_dir" in settings


def _write(entries: Mapping[str, Any]) -> None:
    """Replace the file; the entry that an earlier `sandbox up` left in it goes."""
    import tomli_w

    kept = {name: entry for name, entry in entries.items() if name != SANDBOX or not _is_our_sandbox(entry)}
    path = config_file()
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(tomli_w.dumps(kept), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise OpsError(f"{path} cannot be written: {error.strerror}.", hint=_MEND) from None
