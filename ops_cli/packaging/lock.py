"""`make lock`: the committed resolution of every requirements.txt for Lambda, on both architectures."""

from __future__ import annotations

import os

from ops_cli.packaging import files
from ops_cli.packaging.dependencies import resolve
from ops_cli.packaging.requirements import Lock, lock_text, parse
from ops_cli.packaging.sources import FUNCTIONS, LOCK, REQUIREMENTS, require, scan
from ops_cli.packaging.targets import DEPLOY_RUNTIME, MACHINES, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def lock(
    root: str | Path, *, report: Callable[[str], None], runtime: str = DEPLOY_RUNTIME, upgrade: bool = False
) -> None:
    """Write a requirements.lock beside every requirements.txt; pins that still fit stay unless `upgrade` is set."""
    top = os.path.abspath(os.fspath(root))
    require(top)
    tree = scan(top)
    resolved: dict[tuple[str, str], str] = {}
    for function in tree.functions:
        path, user = (f"{FUNCTIONS}/{function}/{name}" for name in (LOCK, REQUIREMENTS))
        requirements = parse(tree.text(user), user)
        old = tree.text(path)
        if not requirements:
            if old:
                files.remove(f"{top}/{path}")
                report(f"removed {path}: nothing is required")
            continue
        same = ("\n".join(requirements), old)
        if same not in resolved:
            resolved[same] = _resolved(requirements, runtime, None if upgrade else Lock(old), user)
        if resolved[same] != old:
            files.write(f"{top}/{path}", resolved[same].encode())
        report(f"{'unchanged' if resolved[same] == old else 'wrote'} {path}")


def _resolved(requirements: tuple[str, ...], runtime: str, preferred: Lock | None, user: str) -> str:
    pins = {}
    for architecture in MACHINES:
        kept = preferred.pins_for(architecture) if preferred else ""
        pins[architecture] = resolve(requirements, Target.deploy(runtime, architecture), user, preferred=kept)
    return lock_text(requirements, runtime, pins)
