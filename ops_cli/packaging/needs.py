"""Which library files a function needs, by its own imports, and which imports nothing could satisfy."""

from __future__ import annotations

from ops_cli.packaging.files import failed
from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, REQUIREMENTS, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops_cli.packaging.imports import Import, Memory
    from ops_cli.packaging.targets import Target

# Lambda's Python runtimes bring the AWS SDK. What the SDK itself needs is there too, but is AWS's to change.
RUNTIME_PROVIDED = {"boto3", "botocore"}


class Needs:
    """What a file or a function leads to, the third-party modules with the place that imports them, what is wrong."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self.paths = set(paths)
        self.third_party: dict[str, str] = {}
        self.problems: list[str] = []

    def add(self, other: Needs) -> None:
        """Add what another file needs."""
        self.paths |= other.paths
        self.problems += other.problems
        for module, place in other.third_party.items():
            self.third_party[module] = min(place, self.third_party.get(module, place))


class Finder:
    """The modules of a tree by their dotted names, and what each function's imports lead to."""

    def __init__(self, tree: Tree, target: Target, memory: Memory) -> None:
        self._tree = tree
        self._memory = memory
        self._by_file: dict[str, Needs] = {}
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
        followed: set[str] = set()
        while waiting := needs.paths - followed:
            followed |= waiting
            for path in waiting:
                if path.endswith(".py"):
                    needs.add(self._of_file(path))
        needs.problems.sort()
        return needs

    def _note_module(self, path: str) -> None:
        """Note a module and the packages above it; a folder without `__init__.py` is a package too, without a file."""
        if path.endswith(".py"):
            module = _dotted(path)
            self._modules[module] = path
            while module := module.rpartition(".")[0]:
                self._modules.setdefault(module, "")

    def _note_data(self, path: str) -> None:
        """Give a file that is no module to the nearest package above it, by the package's `__init__.py`."""
        package = "" if path.endswith(".py") else _dotted(path.rpartition("/")[0])
        while package and not self._modules.get(package):
            package = package.rpartition(".")[0]
        if package:
            self._data.setdefault(self._modules[package], []).append(path)

    def _of_file(self, path: str) -> Needs:
        """Return what the imports of one file lead to at once, followed once for all functions that have it."""
        if path not in self._by_file:
            self._by_file[path] = needs = Needs(self._data.get(path, ()))
            try:
                found = self._memory.imports(self._tree.digest(path), self._tree.content(path))
            except SyntaxError as error:
                found = []
                needs.problems.append(f"{path}:{error.lineno or 1}: {error.msg}")
            for one in found:
                self._follow(one, path, needs)
        return self._by_file[path]

    def _follow(self, one: Import, path: str, needs: Needs) -> None:
        """Add what one import statement leads to: files, third-party modules or problems."""
        package = _dotted(path) if path.endswith("/__init__.py") else _dotted(path).rpartition(".")[0]
        function = path.split("/")[2] if path.startswith(FUNCTIONS) else ""
        place, optional = f"{path}:{one[0]}", one[4]
        for target in self._targets(one, package):
            top = target.partition(".")[0]
            if target in self._modules and (top in self._tree.library or top == function):
                needs.paths.update(self._with_parents(target))
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
            if path := self._modules.get(module):
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
    return Tree.zip_name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
