"""The import of every freshly built handler from its zip alone, before the zip takes its place."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ops_cli.packaging.dependencies import modules
from ops_cli.packaging.inference import RUNTIME_PROVIDED
from ops_cli.packaging.problems import failed, found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ops_cli.packaging.assemble import Zip

_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "import_check_worker.py")


def check_imports(zips: list[Zip]) -> None:
    """Import each handler as Lambda would, on this interpreter; raise what fails, by file and line."""
    request = {"jobs": [_job(one) for one in zips], "preload": _preload(zips)}
    # Nothing of the builder's environment may reach a handler: no credentials, no PYTHON* variables.
    region = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    answer = subprocess.run(
        [sys.executable, "-I", "-B", _WORKER],
        input=json.dumps(request),
        env={"PATH": os.environ.get("PATH", ""), **region},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise failed(f"The import check could not run: {(answer.stderr.strip() or 'no reason given').splitlines()[-1]}")
    failures = json.loads(answer.stdout)
    problems = [_problem(one, failure) for one, failure in zip(zips, failures, strict=True) if failure]
    if problems:
        hint = "A handler must import from its zip alone; nothing was built."
        if any("No module named 'boto3'" in problem for problem in problems):
            hint = f"Lambda brings boto3; {sys.executable} has none to check with: run `make setup`."
        raise found(problems, hint)


def _job(one: Zip) -> dict[str, Any]:
    return {
        "zip": one.path,
        "layer": one.layer.path if one.layer else "",
        "module": f"{one.plan.function}.handler",
    }


def _preload(zips: list[Zip]) -> list[str]:
    """Return the SDK modules to import once for all handlers: none when a function brings an SDK of its own."""
    wanted = {name for one in zips for name in one.plan.needs.third_party if name in RUNTIME_PROVIDED}
    brought = {name for one in zips if one.layer for name in modules(one.layer)}
    return [] if brought & RUNTIME_PROVIDED else sorted(wanted)


def _problem(one: Zip, failure: dict[str, Any]) -> str:
    """Name the source file and line of a failure rather than the place in the zip."""
    sources = {name: path for name, _, path in one.plan.members}
    path = sources.get(failure["file"], failure["file"])
    return f"{path}:{failure['line']}: {failure['error']}"
