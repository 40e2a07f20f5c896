"""Who may know whom, read from the code's own imports (README, "The map")."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.contracts.import_graph import ROOT, SOURCES, circle, graph, imports, module_name, packages, rooms

FUNCTIONS = {folder.name for folder in (ROOT / "python/functions").iterdir() if (folder / "handler.py").exists()}
PRODUCT = {"insight", "ops_cli", "opscore", *FUNCTIONS}

FLOORS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "opscore": (
        ("fleets", "logs", "settings", "waiting"),
        ("queues", "watchers"),
        ("dead_letters", "draining", "rollouts"),
        ("health",),
    ),
    "opscore.dead_letters": (("looking",), ("causes", "sending"), ("engine",), ("files",), ("replay",)),
    "opscore.draining": (("judging", "aws"), ("function", "operator")),
    "opscore.rollouts": (
        ("images", "record", "publishing"),
        ("judging", "rollout_table"),
        ("engines",),
        ("supervising",),
    ),
    "insight": (("orders", "sources"), ("numbers",), ("render",), ("delivery",), ("months", "proofs")),
    "ops_cli": (("frame", "packaging"), ("deploy",), ("sandbox",), ("commands",), ("main",)),
    "emulated_aws": (("plugin", "fleet", "checkpoint"), ("admin", "server"), ("__main__",)),
    "emulated_aws.fleet": (
        ("state",),
        ("clock",),
        ("events", "throttling"),
        ("protocol",),
        ("ec2",),
        ("autoscaling", "ssm"),
        ("ecs",),
        ("cloudformation",),
        ("persistence", "ticker"),
        ("wiring",),
    ),
}
"""Package -> its floors, the lowest first. A room imports from lower floors only, never beside it and never upwards.

A room that no floor names stands on the ground, where rooms may know one another as long as there is no circle.
"""


@pytest.mark.parametrize("package", sorted(FLOORS))
def test_no_import_runs_upwards(package: str) -> None:
    floor = {room: number for number, names in enumerate(FLOORS[package], start=1) for room in names}
    upwards = {
        f"{room} -> {other}"
        for room, others in rooms(package).items()
        for other in others
        if floor.get(other, 0) >= max(floor.get(room, 0), 1)
    }
    assert not upwards


@pytest.mark.parametrize("package", sorted(FLOORS))
def test_a_floor_names_only_rooms_that_are_there(package: str) -> None:
    assert not {room for names in FLOORS[package] for room in names} - rooms(package).keys()


@pytest.mark.parametrize("package", packages())
def test_the_rooms_of_a_package_have_no_circle(package: str) -> None:
    assert not circle(rooms(package))


def test_the_files_have_no_circle() -> None:
    assert not circle(graph())


def test_the_frame_knows_no_command() -> None:
    assert not imported_by("ops_cli.frame", "ops_cli.commands")


@pytest.mark.parametrize("room", ["sandbox", "deploy", "packaging"])
def test_what_commands_stand_on_knows_no_command(room: str) -> None:
    assert not imported_by(f"ops_cli.{room}", "ops_cli.commands")


def imported_by(package: str, other: str) -> set[str]:
    """Return the modules below `other` that something below `package` imports."""
    found = {name for path in SOURCES if below(module_name(path), package) for name in imports(path)}
    return {name for name in found if below(name, other)}


def below(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_the_emulator_and_the_product_do_not_know_each_other() -> None:
    emulator = under("python/emulator")
    assert not offenders(emulator, PRODUCT)
    assert not offenders([path for path in SOURCES if path not in emulator], {"emulated_aws"})


def offenders(paths: Iterable[Path], forbidden: Collection[str]) -> dict[str, set[str]]:
    """Return, for each of the files that imports something of the forbidden packages, what it imports of them."""
    found = {module_name(path): {name for name in imports(path) if top(name) in forbidden} for path in paths}
    return {name: names for name, names in found.items() if names}


def top(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


def under(*folders: str) -> list[Path]:
    return [path for path in SOURCES if any(path.is_relative_to(ROOT / folder) for folder in folders)]


def attributes(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_a_library_knows_no_click_no_function_no_cli_and_makes_no_client() -> None:
    assert not offenders(under("python/lib"), {"click", "ops_cli", "boto3", "tabulate", *FUNCTIONS})


def test_a_library_reads_no_environment() -> None:
    forbidden = {"os.environ", "os.getenv"}
    assert not [module_name(path) for path in under("python/lib") if attributes(path) & forbidden]


def test_insight_knows_only_the_errors_of_opscore() -> None:
    found = offenders(under("python/lib/insight"), {"opscore"})
    assert not {name for names in found.values() for name in names if name.split(".")[1:2] not in ([], ["errors"])}


def test_opscore_does_not_know_accounts() -> None:
    assert not offenders(under("python/lib/opscore"), {"insight"})


def test_a_function_imports_no_other_function_and_no_cli() -> None:
    for own in sorted(FUNCTIONS):
        assert not offenders(under(f"python/functions/{own}"), (FUNCTIONS - {own}) | {"ops_cli", "click"})


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


def test_the_cli_imports_no_function() -> None:
    assert not offenders(under("ops_cli"), FUNCTIONS)


def test_a_command_makes_no_client() -> None:
    assert not offenders(under("ops_cli/commands"), {"boto3", "botocore"})


PRINTERS = {
    "ops_cli.frame.output.writing",
    "ops_cli.frame.confirm",
    "ops_cli.commands.completion",
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
