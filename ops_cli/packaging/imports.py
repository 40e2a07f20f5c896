"""What a Python file imports, and on which line, read from its syntax without running it.

Not by `modulefinder`: it reads bytecode, which knows neither lines nor `if TYPE_CHECKING:` nor which imports stand in a
`try` and may fail, and it takes three times as long.
"""

from __future__ import annotations

import ast
import json

from ops_cli.packaging import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    # Line, level (dots of a relative import), module, imported names (none for `import x`), may be missing.
    Import = tuple[int, int, str, tuple[str, ...], bool]

_FORMAT = 1
_MISSING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Memory:
    """The imports of files by the hash of their content, kept in a file: an unchanged source is parsed once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._asked: dict[str, list[Import]] = {}
        try:
            stored = json.loads(files.read(path))
            self._stored = stored["imports"] if stored["format"] == _FORMAT else {}
        except (OSError, ValueError, LookupError, TypeError):
            self._stored = {}

    def imports(self, digest: str, source: bytes) -> list[Import]:
        """List the imports of a file as the function of that name does."""
        if digest not in self._asked:
            self._asked[digest] = self._stored[digest] if digest in self._stored else [*imports(source)]
        return self._asked[digest]

    def store(self) -> None:
        """Keep what was asked for, if any of it is new or something was not asked for any more."""
        if self._asked.keys() != self._stored.keys():
            files.write(self._path, json.dumps({"format": _FORMAT, "imports": self._asked}).encode())


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
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                    yield from _in([child], optional=optional, calls=calls)
                elif calls:
                    yield from _calls(child, optional=optional)


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or getattr(one, "id", "") in _MISSING for one in caught)


def _calls(expression: ast.AST, *, optional: bool) -> Iterator[Import]:
    for node in ast.walk(expression):
        if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "import_module" and isinstance(node.args[0].value, str):
                yield (node.lineno, 0, node.args[0].value, (), optional)
