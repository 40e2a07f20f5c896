"""Who may know whom, read from the code's own imports (README, "The map")."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("ops_cli/**/*.py"), *ROOT.glob("python/**/*.py")])
FUNCTIONS = {folder.name for folder in (ROOT / "python/functions").iterdir() if (folder / "handler.py").exists()}


def module_name(path: Path) -> str:
    relative = path.relative_to(ROOT).with_suffix("")
    parts = list(relative.parts)
    if parts[:2] in (["python", "lib"], ["python", "functions"]):
        parts = parts[2:]
    return ".".join(parts)


def imports(path: Path) -> Iterator[str]:
    """Yield every module a file imports, wherever in the file, except for type checking."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")), module_name(path))


def _imports(tree: ast.AST, importer: str) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = importer.split(".")[: -node.level]
                base = ".".join([*package, *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node, importer)


def top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def under(*folders: str) -> list[Path]:
    return [path for path in SOURCES if any(path.is_relative_to(ROOT / folder) for folder in folders)]


@pytest.mark.parametrize("path", under("python/lib"), ids=module_name)
def test_a_library_knows_no_click_no_function_no_cli_and_makes_no_client(path: Path) -> None:
    forbidden = {"click", "ops_cli", "boto3", "tabulate", *FUNCTIONS}
    assert not {name for name in imports(path) if top(name) in forbidden}


@pytest.mark.parametrize("path", under("python/lib"), ids=module_name)
def test_a_library_reads_no_environment(path: Path) -> None:
    attributes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    assert not [node for node in attributes if ast.unparse(node) in ("os.environ", "os.getenv")]


@pytest.mark.parametrize("path", under("python/lib/insight"), ids=module_name)
def test_insight_does_not_know_opscore(path: Path) -> None:
    assert not {name for name in imports(path) if top(name) == "opscore" and name.split(".")[1:2] != ["errors"]}


@pytest.mark.parametrize("path", under("python/lib/opscore"), ids=module_name)
def test_opscore_does_not_know_accounts(path: Path) -> None:
    assert "insight" not in {top(name) for name in imports(path)}


@pytest.mark.parametrize("path", under("python/functions"), ids=module_name)
def test_a_function_imports_no_other_function_and_no_cli(path: Path) -> None:
    own = module_name(path).split(".")[0]
    assert not {name for name in imports(path) if top(name) in (FUNCTIONS - {own}) | {"ops_cli", "click"}}


@pytest.mark.parametrize("path", under("python/functions"), ids=module_name)
def test_only_the_wiring_of_a_handler_makes_clients_and_reads_the_environment(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        (function.name if function else None, ast.unparse(node))
        for function, node in nodes_with_function(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "boto3.client", "boto3.resource")
    ]
    assert {name for name, _ in found} <= {"_wiring"}
    assert path.name == "handler.py" or not found


def nodes_with_function(
    tree: ast.AST, function: ast.FunctionDef | None = None
) -> Iterator[tuple[ast.FunctionDef | None, ast.AST]]:
    for node in ast.iter_child_nodes(tree):
        inside = node if isinstance(node, ast.FunctionDef) else function
        yield inside, node
        yield from nodes_with_function(node, inside)


@pytest.mark.parametrize("path", under("ops_cli"), ids=module_name)
def test_the_cli_imports_no_function(path: Path) -> None:
    assert not {name for name in imports(path) if top(name) in FUNCTIONS}


@pytest.mark.parametrize("path", under("ops_cli/commands"), ids=module_name)
def test_a_command_makes_no_client(path: Path) -> None:
    assert not {name for name in imports(path) if top(name) in ("boto3", "botocore")}


PRINTERS = {
    "ops_cli.main",
    "ops_cli.frame.output.writing",
    "ops_cli.frame.confirm",
    "ops_cli.commands.completion",
    "ops_cli.sandbox.demo",  # a script of its own, which tells a story
}
CLICKS = {"echo", "secho", "confirm", "prompt", "echo_via_pager"}
STREAMS = {"sys.stdout.write", "sys.stderr.write", "sys.stdout.buffer", "sys.stderr.buffer"}
WRITERS = {"print", "input", *(f"click.{name}" for name in CLICKS), *STREAMS}


def printing(tree: ast.AST) -> Iterator[str]:
    """Yield what a file uses to print: calls of print and of Click, and the standard streams themselves."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call | ast.Attribute) and ast.unparse(getattr(node, "func", node)) in WRITERS:
            yield ast.unparse(node)
        if isinstance(node, ast.ImportFrom) and node.module == "click":
            yield from (alias.name for alias in node.names if alias.name in CLICKS)


# The build is a process of its own that imports next to nothing; what it prints is read by make and by itself.
@pytest.mark.parametrize("path", sorted({*under("ops_cli")} - {*under("ops_cli/packaging")}), ids=module_name)
def test_only_the_output_modules_print(path: Path) -> None:
    assert module_name(path) in PRINTERS or not list(printing(ast.parse(path.read_text(encoding="utf-8"))))


def test_every_module_that_may_print_is_there_and_prints() -> None:
    silent = [name for name in PRINTERS if not list(printing(ast.parse(source_of(name).read_text(encoding="utf-8"))))]
    assert not silent


def source_of(name: str) -> Path:
    return ROOT / f"{name.replace('.', '/')}.py"
