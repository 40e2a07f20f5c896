"""Deterministic Lambda zips: one per folder of python/functions, named by the hash of what went in.

Runs on the standard library alone, and a build with nothing to do imports next to nothing of that, because
`make build` is typed more often than any other command: heavy modules are imported where they are first needed.
"""

from ops_cli.packaging.build import build
from ops_cli.packaging.result import BuildResult
from ops_cli.packaging.targets import Target

__all__ = ["BuildResult", "Target", "build"]
