"""Terraform working directories: this clone's configuration, linked into a folder of each environment's own.

The configuration itself stays free of state, locks, plans and provider links, and two environments never share them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOCAL_BACKEND = 'terraform {\n  backend "local" {}\n}\n'
"""An override (https://developer.hashicorp.com/terraform/language/files/override): the state lies in the workspace."""


def link_root(source: Path, workspace: Path) -> None:
    """Make `workspace` a Terraform directory that reads the `.tf` files of `source`, and no file that is gone there."""
    workspace.mkdir(parents=True, exist_ok=True)
    wanted = {file.name: file.resolve() for file in source.glob("*.tf")}
    for link in workspace.iterdir():
        if link.is_symlink() and wanted.get(link.name) != link.readlink():
            link.unlink()
    for name, target in wanted.items():
        if not (workspace / name).is_symlink():
            (workspace / name).symlink_to(target)


def link_modules(modules: Path, parent: Path) -> None:
    """Put `modules` where the configuration's relative sources expect it: beside the linked root's folder."""
    parent.mkdir(parents=True, exist_ok=True)
    link = parent / "modules"
    if link.is_symlink() and link.readlink() != modules.resolve():
        link.unlink()
    if not link.is_symlink():
        link.symlink_to(modules.resolve())


def write_variables(workspace: Path, variables: Mapping[str, Any]) -> None:
    """Write the values of the root's variables where Terraform finds them by itself."""
    text = json.dumps(variables, indent=2) + "\n"
    (workspace / "terraform.tfvars.json").write_text(text, encoding="utf-8")
