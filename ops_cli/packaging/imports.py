"""What a Python file imports, and on which line, read from its syntax without running it."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    # Line, level (dots of a relative import), module, imported names (none for `import x`), may be missing.
    Import = tuple[int, int, str, tuple[str, ...], bool]

_MISSING = {"ImportError", "ModuleNotFoundError", "Exception"}


def imports(source: bytes, path: str) -> tuple[Import, ...]:
    """List the imports of a file, those inside functions too; SyntaxError when it is not Python.

    Imports under `if TYPE_CHECKING:` do not run and are left out. Those in a `try` that catches ImportError may
    be missing. `importlib.import_module` counts when its argument is a literal.
    """
    try:
        tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        compile(source, path, "exec", dont_inherit=True)  # finds what a parse does not: `return` outside a function
    except ValueError as error:
        raise SyntaxError(str(error)) from error
    return tuple(_in(tree, optional=False))


def _in(node: ast.AST, *, optional: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield (child.lineno, 0, alias.name, (), optional)
        elif isinstance(child, ast.ImportFrom):
            names = tuple(alias.name for alias in child.names)
            yield (child.lineno, child.level, child.module or "", names, optional)
        elif isinstance(child, ast.If) and _is_type_checking(child.test):
            yield from _in(ast.Module(child.orelse, []), optional=optional)
        elif isinstance(child, ast.Try) and any(_catches_missing(handler) for handler in child.handlers):
            yield from _in(ast.Module(child.body, []), optional=True)
            for handler in child.handlers:
                yield from _in(handler, optional=optional)
            yield from _in(ast.Module([*child.orelse, *child.finalbody], []), optional=optional)
        else:
            if isinstance(child, ast.Call) and (module := _imported_by_call(child)):
                yield (child.lineno, 0, module, (), optional)
            yield from _in(child, optional=optional)


def _is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or getattr(one, "id", "") in _MISSING for one in caught)


def _imported_by_call(call: ast.Call) -> str:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name != "import_module" or len(call.args) != 1 or not isinstance(call.args[0], ast.Constant):
        return ""
    return str(call.args[0].value)
