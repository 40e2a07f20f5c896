"""The one file that tells Terraform and the upload what was built."""

from __future__ import annotations

import json

from ops_cli.packaging import files
from ops_cli.packaging.state import MANIFEST, output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ops_cli.packaging.state import State
    from ops_cli.packaging.targets import Target

SCHEMA_VERSION = 1


def publish(folder: str, target: Target, state: State) -> None:
    """Write the manifest of a target's folder when it would change, and remember the file that is there now."""
    path = f"{folder}/{MANIFEST}"
    text = _text(target, state).encode()
    if output(path) is None or files.read(path) != text:
        files.write(path, text)
    state.manifest = output(path)


def _text(target: Target, state: State) -> str:
    described = {
        "name": target.name,
        "runtime": target.runtime,
        "architecture": target.architecture,
        "bytecode": state.interpreter[1] if state.interpreter else None,
    }
    functions = {
        role: {
            "handler": f"{role.replace('-', '_')}.handler.handle",
            "key": key,
            "s3_key": f"lambda/{role}/{key}.zip",
            "zip": f"{role}.zip",
            "size_bytes": size,
            "unzipped_bytes": unzipped,
        }
        for role, (key, size, unzipped, _) in sorted(state.functions.items())
    }
    content = {"schema_version": SCHEMA_VERSION, "target": described, "functions": functions}
    return json.dumps(content, indent=2) + "\n"
