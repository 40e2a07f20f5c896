"""Which library files a function needs, by its own imports, and which imports nothing could satisfy."""

from __future__ import annotations

import sys

from ops_cli.packaging.sources import FUNCTIONS, LIBRARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ops_cli.packaging.imports import Import
    from ops_cli.packaging.index import Index
    from ops_cli.packaging.sources import Tree

# Lambda's Python runtimes bring the AWS SDK. What the SDK itself needs is there too, but is AWS's to change.
RUNTIME_PROVIDED = {"boto3", "botocore"}
_REMOVED = {
    "3.12": "asynchat asyncore distutils imp smtpd",
    "3.13": "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr "
    "spwd sunau telnetlib uu xdrlib",
}


class Needs:
    """What one file or function needs beyond itself, each third-party module with the place that imports it."""

    __slots__ = ("library", "problems", "third_party")

    def __init__(self) -> None:
        self.library: set[str] = set()
        self.third_party: dict[str, str] = {}
        self.problems: list[str] = []

    def add(self, other: Needs) -> None:
        """Take over what another file needs."""
        self.library |= other.library
        self.third_party = {**other.third_party, **self.third_party}
        self.problems += other.problems


class Inference:
    """The module graph of the library, read once for all functions."""

    def __init__(self, tree: Tree, index: Index, python_version: str) -> None:
        self._tree = tree
        self._index = index
        self._library = _modules((path for paths in tree.library.values() for path in paths), LIBRARY)
        self._data = _data_files(tree, self._library)
        self._standard = _standard_library(python_version)
        self._by_file: dict[str, Needs] = {}

    def needs(self, function: str) -> Needs:
        """Return the library files, third-party modules and problems of a function, transitively."""
        needs = Needs()
        own = _modules(self._tree.shipped(function), FUNCTIONS)
        for module, path in own.items():
            if path.endswith(".py"):
                needs.add(self._of_file(module, path, own))
        waiting = sorted(needs.library)
        while waiting:
            path = waiting.pop()
            if path not in self._by_file:
                self._by_file[path] = self._of_file(_module(path, LIBRARY), path, {})
            waiting += sorted(self._by_file[path].library - needs.library)
            needs.add(self._by_file[path])
        for path in sorted(needs.library):
            needs.library.update(self._data.get(path, ()))
        return needs

    def _of_file(self, module: str, path: str, own: dict[str, str]) -> Needs:
        needs = Needs()
        package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
        for record in self._index.imports(path):
            place = f"{path}:{record[0]}"
            for target, known in _targets(record, package, own if own else self._library, self._library):
                self._resolve(needs, place, target, known, optional=record[4], own=own)
        return needs

    def _resolve(
        self, needs: Needs, place: str, target: str, known: bool, *, optional: bool, own: dict[str, str]
    ) -> None:
        """Note where a module comes from, or why nothing can provide it."""
        top = target.partition(".")[0]
        if known and top in self._tree.library and target in self._library:
            needs.library.update(self._with_parents(target))
        elif not known and not optional:
            if problem := self._problem(target, top, own):
                needs.problems.append(f"{place}: {problem}")
            elif top not in self._standard:
                needs.third_party.setdefault(top, place)

    def _problem(self, target: str, top: str, own: dict[str, str]) -> str:
        if top in own:
            return f"imports {target}, which is not in {FUNCTIONS}/{top}"
        if top in self._tree.library:
            return f"imports {target}, which is not in {LIBRARY}/{top}"
        if top in self._tree.functions:
            return f"imports the function {top}; share code through {LIBRARY} instead"
        if top == "ops_cli":
            return "imports ops_cli, which is not shipped; share code through python/lib instead"
        if top == "":
            return "imports from above its own package"
        return ""

    def _with_parents(self, module: str) -> Iterator[str]:
        while module:
            if (path := self._library.get(module, "")).endswith(".py"):
                yield path
            module = module.rpartition(".")[0]


def missing_modules(needs: Needs, provided: Iterable[str], requirements: str) -> list[str]:
    """Name, by file and line, the imported modules that no requirement provides."""
    there = {*provided, *RUNTIME_PROVIDED}
    return [
        f"{place}: imports {module}, which is neither in the standard library nor provided by {requirements}"
        for module, place in sorted(needs.third_party.items(), key=lambda item: item[1])
        if module not in there
    ]


def _targets(record: Import, package: str, own: dict[str, str], library: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Yield each module that an import names and whether it is one of ours and there."""
    _, level, module, names, _ = record
    base = module
    if level:
        parts = package.split(".")
        above = parts[: max(0, len(parts) - level + 1)]
        base = ".".join([*above, *([module] if module else [])]) if above else ""
    modules = own if base in own else library
    yield base, base in modules
    for name in names:
        if name == "*":
            yield from ((one, True) for one in modules if one.rpartition(".")[0] == base)
        elif f"{base}.{name}" in modules:
            yield f"{base}.{name}", True


def _modules(paths: Iterable[str], top: str) -> dict[str, str]:
    """Map dotted names to files; a folder without `__init__.py` is a package too, and maps to itself."""
    modules: dict[str, str] = {}
    for path in paths:
        if path.endswith(".py"):
            modules[_module(path, top)] = path
            folder = path.rpartition("/")[0]
            while folder != top:
                modules.setdefault(_module(folder, top), folder)
                folder = folder.rpartition("/")[0]
    return modules


def _module(path: str, top: str) -> str:
    return path.removeprefix(f"{top}/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _data_files(tree: Tree, modules: dict[str, str]) -> dict[str, list[str]]:
    """Give every file that is no module to the nearest package above it, by the package's `__init__.py`."""
    packages = {path.rpartition("/")[0]: path for path in modules.values() if path.endswith("/__init__.py")}
    data: dict[str, list[str]] = {}
    for paths in tree.library.values():
        for path in paths:
            folder = path.rpartition("/")[0]
            while folder and folder not in packages:
                folder = folder.rpartition("/")[0]
            if folder and not path.endswith(".py"):
                data.setdefault(packages[folder], []).append(path)
    return data


def _standard_library(python_version: str) -> frozenset[str]:
    """Return the standard library's modules of a version, as far as the running interpreter knows them."""
    minor = int(python_version.split(".")[1])
    removed = [name for version, names in _REMOVED.items() if int(version[2:]) <= minor for name in names.split()]
    return frozenset(sys.stdlib_module_names) - set(removed)
