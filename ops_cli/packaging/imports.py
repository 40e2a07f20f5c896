"""What the files of a tree import, read from their syntax without running them, and what no import can find.

Not by `modulefinder`: it reads bytecode, which knows neither lines nor `if TYPE_CHECKING:` nor which imports stand in a
`try` and may fail, and it takes three times as long.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib.util import resolve_name

from ops_cli.packaging.sources import FUNCTIONS, LIBRARY, LOCK, REQUIREMENTS, Tree
from ops_cli.packaging.targets import Target

# Line, level (dots of a relative import), module, imported names (none for `import x`), may be missing.
Import = tuple[int, int, str, tuple[str, ...], bool]

# Lambda's Python runtimes bring the AWS SDK. What the SDK itself needs is there too, but is AWS's to change.
RUNTIME_PROVIDED = {"boto3", "botocore"}
_MISSING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Imports:
    """The modules of a tree by their dotted names, and what each file's imports lead to.

    `known` are the imports of earlier sources by the hash of their content, and `asked` are those of this tree, to be
    known to the next build: an unchanged source is parsed once.
    """

    def __init__(self, tree: Tree, target: Target, known: Mapping[str, tuple[Import, ...]]) -> None:
        self._tree = tree
        self._standard = target.standard_library()
        self._known = known
        self.asked: dict[str, tuple[Import, ...]] = {}
        self._followed: dict[str, tuple[set[str], dict[str, str], list[str]]] = {}
        self._modules: dict[str, str] = {}
        for path in tree.signatures:
            if path.endswith(".py"):
                module = _dotted(path)
                self._modules[module] = path
                # A folder without `__init__.py` is a package too, without a file.
                while module := module.rpartition(".")[0]:
                    self._modules.setdefault(module, "")
        self._data = self._data_by_package()

    def reached(self, function: str) -> list[str]:
        """Return the files of a function and those that their imports lead to, within it and into the library."""
        paths = {*self._tree.functions[function]} - {f"{FUNCTIONS}/{function}/{name}" for name in (REQUIREMENTS, LOCK)}
        followed: set[str] = set()
        while waiting := paths - followed:
            followed |= waiting
            paths.update(*(self._follow(path)[0] for path in waiting))
        return sorted(paths)

    def problems(self, paths: Iterable[str]) -> list[str]:
        """Say by file and line what is no Python in these files, and which imports of our own code find nothing."""
        return [problem for path in paths for problem in self._follow(path)[2]]

    def conflicts(self, requirements: str, paths: Sequence[str], provided: Collection[str]) -> list[str]:
        """Say what these files import that `requirements` do not provide, and which of it has a name of our own."""
        ours = {path.split("/")[2]: Tree.package(path) for path in paths}
        outside: dict[str, str] = {}
        for path in reversed(paths):
            outside |= self._follow(path)[1]
        clashes = sorted(ours.keys() & set(provided))
        return [f"{requirements}: installs a module {name}, and {ours[name]} is one too" for name in clashes] + [
            f"{place}: imports {module}, which is neither in the standard library nor provided by {requirements}"
            for module, place in sorted(outside.items(), key=lambda item: item[1])
            if module not in provided and module not in RUNTIME_PROVIDED
        ]

    def _data_by_package(self) -> dict[str, list[str]]:
        """Give each file of the library that is no module to the nearest package above it, by its `__init__.py`."""
        found: dict[str, list[str]] = {}
        for path in self._tree.signatures:
            package = "" if path.endswith(".py") or path.startswith(FUNCTIONS) else _dotted(path.rpartition("/")[0])
            while package and not self._modules.get(package):
                package = package.rpartition(".")[0]
            if package:
                found.setdefault(self._modules[package], []).append(path)
        return found

    def _follow(self, path: str) -> tuple[set[str], dict[str, str], list[str]]:
        """Return what a file leads to at once: paths, modules of others with the place of their import, problems."""
        if path not in self._followed:
            paths, outside, problems = self._followed[path] = (set(self._data.get(path, ())), {}, [])
            package = _dotted(path) if path.endswith("/__init__.py") else _dotted(path).rpartition(".")[0]
            own = path.split("/")[2]
            for line, level, base, names, optional in self._imports(path, problems):
                for module in self._named(level, base, names, package):
                    top = module.partition(".")[0]
                    if module in self._modules and (top == own or top in self._tree.library):
                        paths.update(self._with_parents(module))
                    elif not optional and (problem := self._problem(module, top, own)):
                        problems.append(f"{path}:{line}: {problem}")
                    elif not optional and top not in self._standard:
                        outside.setdefault(top, f"{path}:{line}")
        return self._followed[path]

    def _imports(self, path: str, problems: list[str]) -> tuple[Import, ...]:
        if not path.endswith(".py"):
            return ()
        digest = self._tree.digest(path)
        if digest not in self.asked:
            try:
                found = self._known[digest] if digest in self._known else imports(self._tree.content(path))
            except SyntaxError as error:
                problems.append(f"{path}:{error.lineno or 1}: {error.msg}")
                return ()
            self.asked[digest] = found
        return self.asked[digest]

    def _named(self, level: int, base: str, names: tuple[str, ...], package: str) -> Iterator[str]:
        """Yield the dotted name of every module that an import statement names; "" for one above its own package."""
        try:
            base = resolve_name("." * level + base, package)
        except ImportError:
            base = ""
        yield base
        for name in names:
            if name == "*":
                yield from (module for module in self._modules if module.rpartition(".")[0] == base)
            elif f"{base}.{name}" in self._modules:
                yield f"{base}.{name}"

    def _problem(self, module: str, top: str, own: str) -> str:
        if not top:
            return "imports from above its own package"
        if top in self._tree.library:
            return f"imports {module}, which is not in {LIBRARY}/{top}"
        if top == own:
            return f"imports {module}, which is not in {FUNCTIONS}/{top}"
        if top in self._tree.functions:
            return f"imports the function {top}; share code through {LIBRARY} instead"
        return ""

    def _with_parents(self, module: str) -> Iterator[str]:
        while module:
            if path := self._modules[module]:
                yield path
            module = module.rpartition(".")[0]


def _dotted(path: str) -> str:
    return Tree.zip_name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(source: bytes) -> tuple[Import, ...]:
    """List the imports of a file, those inside functions too; SyntaxError when it is not Python.

    Imports under `if TYPE_CHECKING:` do not run and are left out. Those in a `try` that catches ImportError may
    be missing. `importlib.import_module` counts when its argument is a literal.
    """
    try:
        tree = ast.parse(source)
        # Looking into every expression for a call takes longer than all the rest, and few files have one.
        return tuple(_in(tree.body, optional=False, calls=b"import_module" in source))
    except SyntaxError:
        raise
    except (ValueError, LookupError, RecursionError, MemoryError) as error:
        # A null byte, a broken encoding, brackets in brackets: what it is depends on the version of Python.
        raise SyntaxError(str(error) or "too deeply nested") from error


def _in(nodes: Iterable[ast.AST], *, optional: bool, calls: bool) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, 0, alias.name, (), optional) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.lineno, node.level, node.module or "", tuple(alias.name for alias in node.names), optional)
        elif isinstance(node, ast.If) and _is_type_checking(node.test):
            yield from _in(node.orelse, optional=optional, calls=calls)
        elif isinstance(node, ast.Try) and any(_catches_missing(handler) for handler in node.handlers):
            yield from _in(node.body, optional=True, calls=calls)
            yield from _in([*node.handlers, *node.orelse, *node.finalbody], optional=optional, calls=calls)
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _in(ast.iter_child_nodes(node), optional=optional, calls=calls)
        elif calls:
            yield from _calls(node, optional=optional)


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or getattr(one, "id", "") in _MISSING for one in caught)


def _calls(expression: ast.AST, *, optional: bool) -> Iterator[Import]:
    for node in ast.walk(expression):
        match node:
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name))],
            ):
                yield (node.lineno, 0, name, (), optional)
