"""What was applied last, and whether applying again would change anything: known without asking Terraform.

Two things must hold. The fingerprint of everything that an apply depends on is that of the last complete one, and the
stack description in the emulated account is the one that it left: a record on disk alone would not notice that the
account is another one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ops_cli.clone.places import Places

_IGNORED = {".terraform", "bootstrap", "tests", "testing"}


@dataclass(frozen=True)
class Applied:
    """A complete apply, seed included: of what, in which life of the account, with which stack description, when."""

    fingerprint: str
    state_id: str
    stack_digest: str
    at: float


def read_applied(places: Places) -> Applied | None:
    """Return the record of the last complete apply; None when there is none or it cannot be read."""
    try:
        return Applied(**json.loads(places.applied.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_applied(places: Places, applied: Applied) -> None:
    """Record a complete apply, in one step."""
    draft = places.applied.with_name(f"{places.applied.name}.draft")
    draft.write_text(json.dumps(asdict(applied)), encoding="utf-8")
    draft.replace(places.applied)


def invalidate(places: Places) -> None:
    """Let the record say only that the account was complete once: what is in it from now on is not known."""
    applied = read_applied(places)
    if applied is not None:
        write_applied(places, replace(applied, fingerprint=""))


def is_current(applied: Applied | None, fingerprint: str, state_id: str, stack: str | None) -> bool:
    """Whether an apply would change nothing; `stack` is the description that the account holds now, if any."""
    if applied is None or stack is None:
        return False
    return (applied.fingerprint, applied.state_id, applied.stack_digest) == (fingerprint, state_id, digest(stack))


def fingerprint_of(root: Path, values: Mapping[str, Any]) -> str:
    """Return the hash of what an apply and the seed depend on: the files below `root`, and the `values` put in."""
    hashed = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for path in [*terraform_sources(root), *seed_sources(root)]:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        hashed.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return hashed.hexdigest()


def terraform_sources(root: Path) -> list[Path]:
    """Return every file of the root module and of the modules that it may call, tests left out."""
    found = [*root.glob("terraform/**/*"), *root.glob("modules/**/*")]
    return sorted(path for path in found if path.is_file() and not _IGNORED & set(path.relative_to(root).parts))


def seed_sources(root: Path) -> list[Path]:
    """Return the files that decide what the seed is."""
    insight = root / "python/lib/insight"
    return sorted(path for name in ("compaction", "layout", "population*") for path in insight.rglob(f"{name}.py"))


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
