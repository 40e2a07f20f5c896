"""Which library files a function needs, by its own imports, and which imports nothing could satisfy."""

from __future__ import annotations

from ops_cli.packaging.files import failed
from ops_cli.packaging.imports import imports
from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, REQUIREMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops_cli.packaging.imports import Import
    from ops_cli.packaging.sources import Tree
    from ops_cli.packaging.targets import Target

# Lambda's Python runtimes bring the AWS SDK. What the SDK itself needs is there too, but is AWS's to change.
RUNTIME_PROVIDED = {"boto3", "botocore"}


class Needs:
    """What a function packs, the third-party modules it imports with the place that does, and what is wrong."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = set(paths)
        self.third_party: dict[str, str] = {}
        self.problems: list[str] = []


class Finder:
    """The modules of a tree by their dotted names, and what each function's imports lead to."""

    def __init__(self, tree: Tree, target: Target) -> None:
        self._tree = tree
        self._standard = target.standard_library()
        self._modules: dict[str, str] = {}
        self._data: dict[str, list[str]] = {}
        for paths in (*tree.functions.values(), *tree.library.values()):
            for path in paths:
                self._note_module(path)
        for paths in tree.library.values():
            for path in paths:
                self._note_data(path)

    def needs(self, function: str) -> Needs:
        """Follow the imports of every file of a function, within it and into the library."""
        needs = Needs(self._tree.shipped(function))
        waiting = sorted(needs.paths)
        while waiting:
            path = waiting.pop()
            if path.endswith(".py"):
                new = {found for found in self._followed(path, function, needs) if found not in needs.paths}
                needs.paths |= new
                waiting += sorted(new)
        for path in list(needs.paths):
            needs.paths.update(self._data.get(path, ()))
        return needs

    def _note_module(self, path: str) -> None:
        """Note a module; a folder without `__init__.py` is a package too, and maps to itself."""
        if path.endswith(".py"):
            self._modules[_dotted(path)] = path
            folder = path.rpartition("/")[0]
            while folder not in (FUNCTIONS, LIBRARY):
                self._modules.setdefault(_dotted(folder), folder)
                folder = folder.rpartition("/")[0]

    def _note_data(self, path: str) -> None:
        """Give a file that is no module to the nearest package above it, by the package's `__init__.py`."""
        folder = path.rpartition("/")[0]
        while folder != LIBRARY and not self._modules.get(_dotted(folder), "").endswith(".py"):
            folder = folder.rpartition("/")[0]
        if folder != LIBRARY and not path.endswith(".py"):
            self._data.setdefault(self._modules[_dotted(folder)], []).append(path)

    def _followed(self, path: str, function: str, needs: Needs) -> Iterator[str]:
        """Yield the files that the imports of one file lead to; note what is third-party or wrong."""
        package = _dotted(path) if path.endswith("/__init__.py") else _dotted(path).rpartition(".")[0]
        try:
            found = imports(self._tree.contents[path])
        except SyntaxError as error:
            needs.problems.append(f"{path}:{error.lineno or 1}: {error.msg}")
            return
        for one in found:
            place, optional = f"{path}:{one[0]}", one[4]
            for target in self._targets(one, package):
                top = target.partition(".")[0]
                if target in self._modules and (top in self._tree.library or top == function):
                    yield from self._with_parents(target)
                elif not optional and (problem := self._problem(target, top, function)):
                    needs.problems.append(f"{place}: {problem}")
                elif not optional and top not in self._standard:
                    needs.third_party.setdefault(top, place)

    def _targets(self, one: Import, package: str) -> Iterator[str]:
        """Yield the dotted name of every module that an import statement names."""
        _, level, base, names, _ = one
        if level:
            parts = package.split(".")
            above = parts[: max(0, len(parts) - level + 1)]
            base = ".".join([*above, *([base] if base else [])]) if above else ""
        yield base
        for name in names:
            if name == "*":
                yield from (module for module in self._modules if module.rpartition(".")[0] == base)
            elif f"{base}.{name}" in self._modules:
                yield f"{base}.{name}"

    def _problem(self, target: str, top: str, function: str) -> str:
        if not top:
            return "imports from above its own package"
        if top == function or top in self._tree.library:
            where = FUNCTIONS if top == function else LIBRARY
            return f"imports {target}, which is not in {where}/{top}"
        if top in self._tree.functions:
            return f"imports the function {top}; share code through {LIBRARY} instead"
        return ""

    def _with_parents(self, module: str) -> Iterator[str]:
        while module:
            if (path := self._modules.get(module, "")).endswith(".py"):
                yield path
            module = module.rpartition(".")[0]


def conflicts(function: str, needs: Needs, provided: Iterable[str]) -> list[str]:
    """Name what the installed modules `provided` lack, by file and line, and where they have the name of our own."""
    requirements = f"{FUNCTIONS}/{function}/{REQUIREMENTS}"
    there = {*provided, *RUNTIME_PROVIDED}
    ours = {_dotted(path).partition(".")[0]: "/".join(path.split("/")[:3]) for path in needs.paths}
    clashes = sorted(ours.keys() & set(provided))
    return [f"{requirements}: installs a module {name}, and {ours[name]} is one too" for name in clashes] + [
        f"{place}: imports {module}, which is neither in the standard library nor provided by {requirements}"
        for module, place in sorted(needs.third_party.items(), key=lambda item: item[1])
        if module not in there
    ]


def refuse(problems: Iterable[str]) -> Exception:
    """Return the error for everything that is wrong in the sources, one `file:line: what` a line."""
    return failed("\n".join(dict.fromkeys(problems)), "Nothing was built.")


def _dotted(path: str) -> str:
    inside = path.removeprefix(f"{FUNCTIONS}/").removeprefix(f"{LIBRARY}/")
    return inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
