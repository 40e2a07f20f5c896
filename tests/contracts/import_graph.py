"""The code's own imports as a graph: which file imports which, and what follows for the rooms that they stand in."""

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("ops_cli/**/*.py"), *ROOT.glob("python/**/*.py")])
SOURCE_FOLDERS = (ROOT / "python/lib", ROOT / "python/functions", ROOT / "python/emulator", ROOT)

Graph = Mapping[str, frozenset[str]]


def module_name(path: Path) -> str:
    """Return the dotted name under which a file is imported; a package's is that of its `__init__`."""
    folder = next(folder for folder in SOURCE_FOLDERS if path.is_relative_to(folder))
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Yield every module a file imports, wherever in the file, except for type checking.

    `from a import b` yields `a` and `a.b`: only who knows all files can tell whether `b` is one.
    """
    for base, name in _imported(path):
        yield base
        if name:
            yield f"{base}.{name}"


@functools.cache
def _imported(path: Path) -> tuple[tuple[str, str], ...]:
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8")), path))


def _imports(tree: ast.AST, path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _imports(other, path)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, path)
            yield from ((base, alias.name) for alias in node.names)
        else:
            yield from _imports(node, path)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = module_name(path.with_name("__init__.py")).split(".")
    above = package[: len(package) - node.level + 1]
    return ".".join([*above, *([node.module] if node.module else [])])


@functools.cache
def graph() -> Graph:
    """Return, for each module of this repository, the modules of it that it imports."""
    names = {module_name(path) for path in SOURCES}
    return {module_name(path): frozenset(_known(path, names) - {module_name(path)}) for path in SOURCES}


def _known(path: Path, names: set[str]) -> set[str]:
    found = set()
    for base, name in _imported(path):
        whole = f"{base}.{name}" if name else base
        found |= {whole} if whole in names else {base} & names
    return found


def packages() -> list[str]:
    """Return the packages that hold others or files, from the outermost inwards."""
    return sorted(module_name(path) for path in SOURCES if path.name == "__init__.py")


def rooms(package: str) -> Graph:
    """Return, for each room of a package (a folder or a file directly in it), the rooms of it that it imports."""
    found: dict[str, set[str]] = {}
    for module, imported in graph().items():
        if room := _room(module, package):
            others = {_room(other, package) for other in imported} - {"", room}
            found.setdefault(room, set()).update(others)
    return {room: frozenset(others) for room, others in found.items()}


def _room(module: str, package: str) -> str:
    """Return the room of a package that a module stands in; empty when it is the package itself or outside."""
    rest = module.removeprefix(f"{package}.")
    return "" if rest == module else rest.split(".", maxsplit=1)[0]


def circle(found: Graph) -> list[str]:
    """Return one way from a module back to itself, empty when there is none."""
    left = {name: set(others) for name, others in found.items()}
    while ready := [name for name, others in left.items() if not others & left.keys()]:
        for name in ready:
            del left[name]
    if not left:
        return []
    way = [min(left)]
    while way.count(way[-1]) == 1:
        way.append(min(left[way[-1]] & left.keys()))
    return way[way.index(way[-1]) :]
