"""Terraform as this project runs it: one directory, one environment, lines as they come, errors as sentences."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops_cli.deploy import process
from ops_cli.deploy.failures import failure
from ops_cli.deploy.provider_mirror import config_problem, provider_mirror
from ops_cli.frame.terraform_state import resources_of
from opscore.errors import OpsError

LOCK_TIMEOUT = "-lock-timeout=30s"
"""How long to wait for a colleague's run to give the state back before it is an error."""

PARALLELISM = 50
"""Resources at a time, instead of Terraform's 10. Nearly all of an apply is the provider waiting on AWS (25 s for each
queue, 5 s for each function), which costs neither this machine nor AWS anything; 80 services want it most."""

CHANGES = 2
"""Exit code of `terraform plan -detailed-exitcode` when there is something to change."""

_NOISE = re.compile(r".*: (Refreshing state\.\.\.|Reading\.\.\.|Read complete|Still reading\.\.\.)")


def without_refresh(report: Callable[[str], None]) -> Callable[[str], None]:
    """Return a callback that passes on Terraform's lines, without those on resources that it only reads."""

    def pass_on(line: str) -> None:
        if not _NOISE.match(line):
            report(line)

    return pass_on


@dataclass(frozen=True)
class TerraformDir:
    """A Terraform working directory, its environment variables, and what is called with each line of its output."""

    path: Path
    environ: Mapping[str, str]
    report: Callable[[str], None]

    def init(self, backend: Mapping[str, str] | None = None) -> None:
        """Prepare the directory; `backend` completes a partial backend. The provider may come from a local mirror."""
        if problem := config_problem(self.environ):
            self.report(problem)
        mirror = provider_mirror(self.environ, working_dir=self.path)
        arguments = [f"-plugin-dir={mirror}"] if mirror else []
        arguments += [f"-backend-config={key}={value}" for key, value in (backend or {}).items()]
        self._run("init", "-input=false", "-reconfigure", *arguments, quiet=True)

    def plan(self, out: Path, *, destroy: bool = False) -> bool:
        """Write a plan to `out`, report it, and return whether it would change anything."""
        arguments = ["-input=false", LOCK_TIMEOUT, f"-parallelism={PARALLELISM}", "-detailed-exitcode", f"-out={out}"]
        finished = self._run("plan", *arguments, *(["-destroy"] if destroy else []), good=(0, CHANGES))
        return finished.code == CHANGES

    def apply(self, plan: Path | None = None) -> None:
        """Apply a written plan, or whatever has to change."""
        arguments = [str(plan)] if plan else ["-auto-approve"]
        self._run("apply", "-input=false", LOCK_TIMEOUT, f"-parallelism={PARALLELISM}", *arguments)

    def destroy(self) -> None:
        """Destroy everything in the state."""
        self._run("destroy", "-input=false", LOCK_TIMEOUT, f"-parallelism={PARALLELISM}", "-auto-approve")

    def force_unlock(self, lock: str) -> None:
        """Release the state, if the lock of this id is what holds it."""
        self._run("force-unlock", "-force", lock, quiet=True)

    def outputs(self) -> dict[str, Any]:
        """Return the values of the root's outputs; empty before the first apply."""
        return {name: output["value"] for name, output in self._read("output").items()}

    def resources(self) -> list[dict[str, Any]]:
        """Return every resource in the state, as terraform_state.resources does; none before the first apply."""
        return resources_of(self._read("show"))

    def planned(self, plan: Path) -> dict[str, Any]:
        """Return a written plan as data (https://developer.hashicorp.com/terraform/internals/json-format)."""
        return self._read("show", str(plan))

    def _read(self, verb: str, *arguments: str) -> dict[str, Any]:
        answer = subprocess.run(
            [*self._command(verb), "-json", *arguments],
            cwd=self.path,
            env=_for_automation(self.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise failure(verb, answer.stderr.splitlines())
        said: dict[str, Any] = json.loads(answer.stdout or "{}")
        return said

    def _run(self, verb: str, *arguments: str, good: tuple[int, ...] = (0,), quiet: bool = False) -> process.Finished:
        finished = process.run(
            [*self._command(verb), *arguments],
            cwd=self.path,
            environ=_for_automation(self.environ),
            on_line=_ignore if quiet else self.report,
            on_interrupt=lambda: self.report("Interrupted: waiting for Terraform to end; again gives up its state."),
        )
        if finished.code not in good:
            raise failure(verb, finished.lines)
        return finished

    def _command(self, verb: str) -> tuple[str, ...]:
        program = shutil.which("terraform", path=self.environ.get("PATH"))
        if program is None:
            raise OpsError(
                "Terraform is not on PATH.",
                hint="Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install",
            )
        return program, verb, "-no-color"


def _for_automation(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` for a run that nobody types into; what cannot be read would be an error in every run."""
    changed = {**environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    if config_problem(environ):
        changed.pop("TF_CLI_CONFIG_FILE", None)
    return changed


def _ignore(_line: str) -> None:
    """Do nothing with a line of output."""
