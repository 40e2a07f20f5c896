"""The rooms stand on each other: none imports from one above it, and no file is in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import opscore.dead_letters

FOLDER = Path(opscore.dead_letters.__file__).parent
FLOORS = ["message", "tally", "envelopes", "ndjson", "looking", "causes", "sending", "engine", "files", "replay"]
PACKAGE = "opscore.dead_letters."


def imports_by_file() -> dict[str, set[str]]:
    """Return for each module of the package the others that it imports, without the package's name."""
    found: dict[str, set[str]] = {}
    for path in FOLDER.rglob("*.py"):
        name = ".".join(path.relative_to(FOLDER).with_suffix("").parts)
        nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        named = [node.module or "" for node in nodes]
        named += [f"{node.module}.{alias.name}" for node in nodes for alias in node.names]
        found[name] = {module.removeprefix(PACKAGE) for module in named if module.startswith(PACKAGE)}
    return {name: {module for module in modules if module in found} for name, modules in found.items()}


def test_no_file_is_in_a_circle_of_imports() -> None:
    order = list(TopologicalSorter(imports_by_file()).static_order())
    assert len(order) > len(FLOORS)


def test_no_room_imports_from_one_above_it() -> None:
    upwards = [
        (name, module)
        for name, modules in imports_by_file().items()
        for module in modules
        if FLOORS.index(name.split(".")[0]) < FLOORS.index(module.split(".")[0])
    ]
    assert upwards == []
