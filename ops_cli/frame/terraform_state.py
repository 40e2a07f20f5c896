"""Read outputs and state of a Terraform root through python-terraform, minding its known faults.

With Terraform 1.11, python-terraform 0.10.1 raises TypeError on `output("name")` when the value is a bare JSON
value, and its `output()` answers None on failure and drops the reason. Its `cmd` keeps all three results.
"""

import json
from typing import Any

from opscore.errors import NotFound, OpsError

_INSTALL = "Install Terraform 1.11 or newer from https://developer.hashicorp.com/terraform/install."


def outputs(folder: str) -> dict[str, Any]:
    """Return all outputs of the root in `folder`: name -> {"value", "type", "sensitive"}."""
    found = _call(folder, "output", json=_flag())
    if not found:
        raise NotFound(f"The Terraform root {folder} has no outputs.", hint="Is it initialised and applied?")
    return dict(found)


def resources(folder: str) -> list[dict[str, Any]]:
    """Return every resource in the state of `folder`, with address, type, name, module and values."""
    state = _call(folder, "show", json=_flag())
    root = (state or {}).get("values", {}).get("root_module")
    if root is None:
        raise NotFound(f"The Terraform root {folder} has no state.", hint="Is it initialised and applied?")
    return sorted(_flatten(root), key=lambda resource: str(resource["address"]))


def _flatten(module: dict[str, Any]) -> list[dict[str, Any]]:
    own = [{**resource, "module": module.get("address", "")} for resource in module.get("resources", [])]
    return own + [resource for child in module.get("child_modules", []) for resource in _flatten(child)]


def _flag() -> Any:
    from python_terraform import IsFlagged

    return IsFlagged


def _call(folder: str, command: str, **options: Any) -> Any:
    from python_terraform import Terraform

    try:
        code, out, err = Terraform(working_dir=folder).cmd(command, **options)
    except FileNotFoundError:
        raise OpsError("Terraform is not on PATH.", hint=_INSTALL) from None
    if code:
        raise OpsError(f"`terraform {command}` failed in {folder}: {_reason(err)}", hint="Run `terraform init` there.")
    return json.loads(out) if out.strip() else None


def _reason(err: str | None) -> str:
    lines = [line.strip("╷│╵ ") for line in (err or "").splitlines()]
    return next((line for line in lines if line.startswith("Error:")), "no reason given")
