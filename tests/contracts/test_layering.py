"""Who may know whom, read from the code's own imports (README, "The map")."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.contracts.import_graph import ROOT, SOURCES, circle, graph, imports, module_name, packages, rooms

FUNCTIONS = {folder.name for folder in (ROOT / "python/functions").iterdir() if (folder / "handler.py").exists()}
PRODUCT = {"insight", "ops_cli", "opscore", *FUNCTIONS}

FLOORS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "opscore": (
        ("fleets", "log_events", "queue_sender", "queue_worker", "settings", "waiting"),
        ("dead_letters", "draining"),
    ),
    "opscore.dead_letters": (("looking", "causes"), ("sending",), ("engine",), ("files",), ("replay",)),
    "opscore.draining": (("judging", "aws"), ("function", "operator")),
    "insight": (("orders", "sources"), ("numbers",), ("render",), ("delivery",), ("months", "proofs")),
    "ops_cli": (("frame", "packaging"), ("deploy",), ("sandbox",), ("commands",), ("main",)),
    "emulated_aws": (("plugin", "fleet", "checkpoint"), ("admin", "server"), ("__main__",)),
    "emulated_aws.fleet": (
        ("state",),
        ("clock",),
        ("events", "throttling"),
        ("protocol",),
        ("ec2",),
        ("autoscaling",),
        ("ecs",),
        ("cloudformation",),
        ("persistence", "ticker"),
        ("wiring",),
    ),
}
"""Package -> its floors, the lowest first. A room imports from lower floors only, never beside it and never upwards.

A room that no floor names stands on the ground, where rooms may know one another as long as there is no circle.
"""

NOT_YET_IN_ORDER: frozenset[str] = frozenset({"insight", "opscore.dead_letters"})
"""Packages whose rooms are being put in order; empty when that is done."""


def in_order(names: list[str]) -> list[object]:
    """Return the packages as parameters of a test that is expected to fail for those not yet in order."""
    unfinished = pytest.mark.xfail(reason="its rooms are being put in order", strict=True)
    return [pytest.param(name, marks=[unfinished] if name in NOT_YET_IN_ORDER else []) for name in names]


@pytest.mark.parametrize("package", in_order(sorted(FLOORS)))
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


@pytest.mark.parametrize("package", in_order(packages()))
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


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_the_emulator_and_the_product_do_not_know_each_other(path: Path) -> None:
    forbidden = PRODUCT if path.is_relative_to(ROOT / "python/emulator") else {"emulated_aws"}
    assert not {name for name in imports(path) if top(name) in forbidden}


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
    "ops_cli.frame.output",
    "ops_cli.frame.progress",
    "ops_cli.frame.confirm",
    "ops_cli.commands.completion",
    "ops_cli.commands.dlq.replay_view",
}


@pytest.mark.parametrize("path", under("ops_cli/commands"), ids=module_name)
def test_only_the_output_modules_print(path: Path) -> None:
    calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    assert module_name(path) in PRINTERS or not calls & {"print", "click.echo", "click.secho"}
