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
    """What each file of a tree leads to by its imports.

    `known` are the imports of earlier sources by the hash of their content, and `asked` are those of this tree, to be
    known to the next build: an unchanged source is parsed once.
    """

    def __init__(self, tree: Tree, target: Target, known: Mapping[str, tuple[Import, ...]]) -> None:
        self.asked: dict[str, tuple[Import, ...]] = {}
        self._known = known
        self._tree = tree
        self.standard = target.standard_library()
        # By path: the paths that it leads to at once, modules of others with the place of their import, problems.
        self._followed: dict[str, set[str]] = {}
        self._outside: dict[str, dict[str, str]] = {}
        self._problems: dict[str, list[str]] = {}
        owned: dict[str, set[str]] = {}
        for path in tree.signatures:
            for module in _upwards(owner := self._owner(path)):
                owned.setdefault(module, set()).update([path] if module == owner else [])
        # By dotted name, with the packages above; a folder without `__init__.py` is a package too, without a file.
        self._modules = {module: set[str]().union(*(owned[each] for each in _upwards(module))) for module in owned}

    def _owner(self, path: str) -> str:
        """Return the dotted name of a module or, of data, that of the nearest package above it that has a file."""
        folder = path.rpartition("/")[0]
        while folder and f"{folder}/__init__.py" not in self._tree.signatures:
            folder = folder.rpartition("/")[0]
        return _dotted(path) if path.endswith(".py") else _dotted(folder)

    def reached(self, function: str) -> list[str]:
        """Return the files of a function and those that their imports lead to, within it and into the library."""
        paths = {*self._tree.functions[function]}
        followed: set[str] = set()
        while waiting := paths - followed:
            followed |= waiting
            for path in waiting:
                if path not in self._followed:
                    self._follow(path)
                paths |= self._followed[path]
        return sorted(paths - {f"{FUNCTIONS}/{function}/{name}" for name in (REQUIREMENTS, LOCK)})

    def problems(self, paths: Iterable[str]) -> list[str]:
        """Say by file and line what is no Python in these files, and which imports of our own code find nothing."""
        return [problem for path in paths for problem in self._problems[path]]

    def conflicts(self, requirements: str, paths: Sequence[str], provided: Collection[str]) -> list[str]:
        """Say what these files import that `requirements` do not provide, and which of it has a name of our own."""
        ours = {path.split("/")[2]: Tree.package(path) for path in paths}
        outside: dict[str, str] = {}
        for path in reversed(paths):
            outside |= self._outside[path]
        clashes = sorted(ours.keys() & set(provided))
        return [f"{requirements}: installs a module {name}, and {ours[name]} is one too" for name in clashes] + [
            f"{place}: imports {module}, which is neither in the standard library nor provided by {requirements}"
            for module, place in sorted(outside.items(), key=lambda item: item[1])
            if module not in provided and module not in RUNTIME_PROVIDED
        ]

    def _follow(self, path: str) -> None:
        paths, outside, problems = set[str](), dict[str, str](), list[str]()
        self._followed[path], self._outside[path], self._problems[path] = paths, outside, problems
        own = path.split("/")[2]
        for line, module, optional in self._named(path, problems):
            top, place = module.partition(".")[0], f"{path}:{line}"
            home = LIBRARY if top in self._tree.library else FUNCTIONS if top == own else ""
            if home and module in self._modules:
                paths |= self._modules[module]
            elif optional or (top in self.standard and not home):
                continue
            elif home:
                problems.append(f"{place}: imports {module}, which is not in {home}/{top}")
            elif not top:
                problems.append(f"{place}: imports from above its own package")
            elif top in self._tree.functions:
                problems.append(f"{place}: imports the function {top}; share code through {LIBRARY} instead")
            else:
                outside.setdefault(top, place)

    def _named(self, path: str, problems: list[str]) -> Iterator[tuple[int, str, bool]]:
        """Yield line and dotted name of every module that a file imports, and whether it may be missing.

        The name is empty for one above the file's own package.
        """
        package = _dotted(path) if path.endswith("/__init__.py") else _dotted(path).rpartition(".")[0]
        try:
            found = self._imports(path)
        except SyntaxError as error:
            found = ()
            problems.append(f"{path}:{error.lineno or 1}: {error.msg}")
        for line, level, name, names, optional in found:
            try:
                base = resolve_name("." * level + name, package)
            except ImportError:
                base = ""
            yield line, base, optional
            inside = [module for module in self._modules if module.rpartition(".")[0] == base] if "*" in names else []
            inside += [module for each in names if (module := f"{base}.{each}") in self._modules]
            yield from ((line, module, optional) for module in inside)

    def _imports(self, path: str) -> tuple[Import, ...]:
        digest = self._tree.digest(path)
        if path.endswith(".py") and digest not in self.asked:
            self.asked[digest] = self._known[digest] if digest in self._known else imports(self._tree.content(path))
        return self.asked.get(digest, ())


def _dotted(path: str) -> str:
    return "/".join(path.split("/")[2:]).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _upwards(module: str) -> Iterator[str]:
    """Yield a module's dotted name and those of the packages above it."""
    while module:
        yield module
        module = module.rpartition(".")[0]


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
