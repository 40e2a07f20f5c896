"""`make lock`: the committed resolution of every requirements.txt for Lambda, on both architectures."""

from __future__ import annotations

import os
import tempfile

from ops_cli.packaging import files, resolve, sources
from ops_cli.packaging.requirements import Lock, lock_text, parse
from ops_cli.packaging.sources import FUNCTIONS, LOCK, REQUIREMENTS
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
    sources.require(top)
    resolved: dict[tuple[tuple[str, ...], str], str] = {}
    for function in sources.scan(top).functions:
        folder = f"{FUNCTIONS}/{function}"
        requirements = _requirements(top, f"{folder}/{REQUIREMENTS}")
        path = f"{top}/{folder}/{LOCK}"
        old = _text(path)
        if not requirements:
            if old:
                files.remove(path)
                report(f"removed {folder}/{LOCK}: nothing is required")
            continue
        if (requirements, old) not in resolved:
            preferred = None if upgrade else Lock(old)
            resolved[requirements, old] = _resolved(requirements, runtime, preferred, f"{folder}/{REQUIREMENTS}")
        new = resolved[requirements, old]
        if new != old:
            files.write(path, new.encode())
        report(f"{'unchanged' if new == old else 'wrote'} {folder}/{LOCK}")


def _resolved(requirements: tuple[str, ...], runtime: str, preferred: Lock | None, user: str) -> str:
    pins = {}
    for architecture in MACHINES:
        target = Target.deploy(runtime, architecture)
        with tempfile.TemporaryDirectory() as scratch:
            kept = preferred.pins_for(architecture) if preferred else ""
            pins[architecture] = resolve.resolve(requirements, target, scratch, user, preferred=kept.strip())
    return lock_text(requirements, runtime, pins)


def _requirements(top: str, path: str) -> tuple[str, ...]:
    text = _text(f"{top}/{path}")
    return parse(text, path) if text else ()


def _text(path: str) -> str:
    try:
        return files.read(path).decode()
    except FileNotFoundError:
        return ""
