"""Which environment is meant: what was said, then the only one there is, the sandbox of the working folder among them.

A real account is never chosen silently, and neither is another clone's sandbox.
"""

import contextlib
import os
from pathlib import Path

from ops_cli.clone.places import Places, find_places, is_clone
from ops_cli.clone.record import REGION, any_record, running
from ops_cli.frame.environments import SANDBOX, Environment, config_file, load, usable
from opscore.errors import NotFound, OpsError, UsageProblem


def choose(said: str | None) -> Environment:
    """Return the environment that `said` (--env, else OPSCTL_ENV) names; without either, the only one if it is local.

    Raises `NotFound` for a name nobody registered and for a sandbox that does not run, and `UsageProblem` when nothing
    says which environment is meant.
    """
    if said is None:
        return _only_one()
    if is_sandbox(said):
        return _running(places_of(said))
    known = load()
    if said not in known:
        raise NotFound.among("environment", said, [*known, SANDBOX], listing="opsctl env list")
    return usable(known[said])


def known_names() -> list[str]:
    """Return what can be said after --env here, for shell completion; a file that cannot be read adds nothing."""
    names: list[str] = []
    with contextlib.suppress(OpsError):
        names += load()
    return [*names, *([SANDBOX] if here() else [])]


def is_sandbox(said: str) -> bool:
    """Whether `said` means a sandbox: `sandbox`, that of the working folder, or `sandbox:PATH`."""
    return said.partition(":")[0] == SANDBOX


def places_of(said: str | None) -> Places:
    """Return the places of the sandbox that `said` means; anything but `sandbox:PATH` means that of the working folder.

    Raises `NotFound` when nothing at PATH has a sandbox, `OpsError` when the working folder is in no clone.
    """
    kind, colon, path = (said or "").partition(":")
    if kind != SANDBOX or not colon:
        return find_places()
    # os.path, for Path would raise on a loop of links or an unknown user.
    places = Places(Path(os.path.realpath(os.path.expanduser(path))))  # noqa: PTH111
    if path and (places.has_sandbox or is_clone(places.root)):
        return places
    raise NotFound(
        f"There is no clone of the project at {path!r}.",
        hint="Say sandbox:PATH with the clone's folder; `opsctl sandbox list` shows those with a sandbox.",
    )


def here() -> Places | None:
    """Return the places of the sandbox that the working folder means, if one was ever started there."""
    places = _meant_here()
    return places if places and places.has_sandbox else None


def _meant_here() -> Places | None:
    try:
        return find_places()
    except OpsError:
        return None


def sandbox_at(places: Places, endpoint: str | None) -> Environment:
    """Return the sandbox as an environment; without an endpoint it does not run and cannot be worked on."""
    return Environment(
        SANDBOX,
        region=REGION,
        endpoint=endpoint,
        terraform_dir=str(places.terraform),
        clone=str(places.root),
    )


def _running(places: Places) -> Environment:
    emulator = running(places)
    if emulator is None:
        raise not_running(places)
    return sandbox_at(places, emulator.endpoint)


def not_running(places: Places) -> NotFound:
    """Return the error for a sandbox that no process serves, with the command that starts it."""
    mine = _meant_here()
    whose = "" if mine and mine.root == places.root else f"--env sandbox:{places.root} "
    start = f"opsctl {whose}sandbox up"
    if places.process.exists() and any_record(places) is None:
        return NotFound(
            f"The sandbox of {places.root} was started by another version of opsctl.", hint=f"`{start}` takes it over."
        )
    return NotFound(f"The sandbox of {places.root} is not running.", hint=f"`{start}` starts it.")


def _only_one() -> Environment:
    known, sandbox = load(), here()
    if sandbox and not known:
        return _running(sandbox)
    only = next(iter(known.values())) if len(known) == 1 and not sandbox else None
    if only is None or not only.is_local:
        raise UsageProblem("No environment is chosen.", hint=_how_to_choose(list(known), sandbox))
    return usable(only)


def _how_to_choose(names: list[str], sandbox: Places | None) -> str:
    if names:
        listed = [*sorted(names), *([f"sandbox (that of {sandbox.root})"] if sandbox else [])]
        return f"Say --env NAME or set OPSCTL_ENV; known are {', '.join(listed)}."
    return (
        "`opsctl sandbox up` starts one on this machine; `opsctl env add NAME --profile P --region R` "
        f"registers a real account in {config_file()}."
    )
