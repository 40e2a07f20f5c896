"""Read outputs and state of a Terraform root through python-terraform, minding its known faults.

With Terraform 1.11, python-terraform 0.10.1 raises TypeError on `output("name")` when the value is a bare JSON
value, and its `output()` answers None on failure and drops the reason. Its `cmd` keeps all three results.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opscore.errors import NotFound, OpsError

MASK = "(sensitive value)"
"""What Terraform itself prints in the place of a sensitive value."""

_INSTALL = "Install Terraform 1.11 or newer from https://developer.hashicorp.com/terraform/install."


def outputs(folder: str) -> dict[str, Any]:
    """Return the outputs of the root in `folder`: name -> {"value", "type", "sensitive"}; sensitive ones are masked."""
    found = _call(folder, "output", json=_flag())
    if not found:
        raise NotFound(f"The Terraform root {folder} has no outputs.", hint="Is it initialised and applied?")
    return {name: {**output, "value": _of_output(output)} for name, output in found.items()}


def resources(folder: str) -> list[dict[str, Any]]:
    """Return every resource in the state of `folder`, with address, type, name, module and values.

    What Terraform marks as sensitive is masked here, where it is read, so that nothing can print it.
    """
    state = _call(folder, "show", json=_flag())
    if not (state or {}).get("values", {}).get("root_module"):
        raise NotFound(f"The Terraform root {folder} has no state.", hint="Is it initialised and applied?")
    return resources_of(state)


def resources_of(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the resources in what `terraform show -json` says of a state; none for an empty one."""
    root = state.get("values", {}).get("root_module", {})
    return sorted(_flatten(root), key=lambda resource: str(resource["address"]))


def masked(value: Any, sensitivity: Any) -> Any:
    """Return `value` with `MASK` in the place of all that `sensitivity` marks.

    `sensitivity` mirrors the value: true for a sensitive value or subtree, false or nothing for what is not
    (https://developer.hashicorp.com/terraform/internals/json-format#state-representation). Where it does not have the
    value's form, the whole value is masked.
    """
    if not _marks(sensitivity):
        return value
    if isinstance(value, dict) and isinstance(sensitivity, dict):
        return {key: masked(item, sensitivity.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(sensitivity, list) and len(value) >= len(sensitivity):
        marks = [*sensitivity, *[None] * (len(value) - len(sensitivity))]
        return [masked(item, mark) for item, mark in zip(value, marks, strict=True)]
    return MASK


def _marks(sensitivity: Any) -> bool:
    """Say whether anything is marked as sensitive at all."""
    if isinstance(sensitivity, dict):
        return any(map(_marks, sensitivity.values()))
    if isinstance(sensitivity, list):
        return any(map(_marks, sensitivity))
    return bool(sensitivity)


def _of_output(output: dict[str, Any]) -> Any:
    return masked(output["value"], output.get("sensitive"))


def _flatten(module: dict[str, Any]) -> list[dict[str, Any]]:
    own = [_resource(resource, module.get("address", "")) for resource in module.get("resources", [])]
    return own + [resource for child in module.get("child_modules", []) for resource in _flatten(child)]


def _resource(resource: dict[str, Any], module: str) -> dict[str, Any]:
    values = masked(resource.get("values", {}), resource.get("sensitive_values"))
    return {**resource, "module": module, "values": values}


def _flag() -> Any:
    from python_terraform import IsFlagged

    return IsFlagged


def _call(folder: str, command: str, **options: Any) -> Any:
    from python_terraform import Terraform

    if not Path(folder).is_dir():
        raise NotFound(f"There is no Terraform folder {folder}.", hint="Say --terraform-dir DIR, or deploy from here.")
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
