"""Names from the stack for shell completion: quick, cached for a minute, and never an error on the prompt."""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from ops_cli.frame.context import Ops
from ops_cli.frame.folders import cache_folder

FRESH_SECONDS = 60


def complete_queue(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the roles of the stack's queues."""
    return _complete(ctx, "queues", incomplete)


def complete_service(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the roles of the stack's functions."""
    return _complete(ctx, "functions", incomplete)


def complete_fleet(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the roles of the stack's fleets."""
    return _complete(ctx, "fleets", incomplete)


def completion_of(
    kind: str, read: Callable[[Ops], list[str]]
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a completion of the names that `read` finds in the stack; they are cached as the stack's own are."""

    def complete(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        with contextlib.suppress(Exception):
            ops = ctx.find_object(Ops) or Ops()
            names = _cached(_cache_file(ops, kind), lambda: {kind: sorted(read(ops))})
            return [CompletionItem(name) for name in names[kind] if name.startswith(incomplete)]
        return []

    return complete


def _complete(ctx: click.Context, kind: str, incomplete: str) -> list[CompletionItem]:
    # A traceback in the middle of a command line helps nobody: no names are better.
    with contextlib.suppress(Exception):
        names = _names(ctx.find_object(Ops) or Ops())
        return [CompletionItem(name) for name in names[kind] if name.startswith(incomplete)]
    return []


def _names(ops: Ops) -> dict[str, list[str]]:
    """Return the stack's names by kind."""
    kinds = ("queues", "functions", "fleets")
    return _cached(_cache_file(ops, "names"), lambda: {kind: sorted(getattr(ops.stack, kind)) for kind in kinds})


def _cached(cache: Path, read: Callable[[], dict[str, list[str]]]) -> dict[str, list[str]]:
    """Return names by kind from the cache while it is fresh, else what `read` finds."""
    with contextlib.suppress(OSError, ValueError):
        if time.time() - cache.stat().st_mtime < FRESH_SECONDS:
            found: dict[str, list[str]] = json.loads(cache.read_text(encoding="utf-8"))
            return found
    names = read()
    cache.parent.mkdir(parents=True, exist_ok=True)
    draft = cache.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(names), encoding="utf-8")
    draft.replace(cache)
    return names


def _cache_file(ops: Ops, kind: str) -> Path:
    """Return a file of this very environment's own: two sandboxes have one name and are two accounts."""
    digest = hashlib.sha256(repr(ops.environment).encode()).hexdigest()[:16]
    return cache_folder() / f"{kind}-{ops.environment.name}-{digest}.json"
