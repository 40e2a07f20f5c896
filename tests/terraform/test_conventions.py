"""What Terraform itself does not check: descriptions, names, what may call what."""

import re
from pathlib import Path

import pytest

from tests.terraform.hcl import blocks

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("terraform", "modules", "docs/examples") for path in ROOT.glob(f"{folder}/**/*.tf"))
OF_MODULES = [path for path in FILES if path.is_relative_to(ROOT / "modules") and path.parent.name != "example"]
RUNS = sorted([*ROOT.glob("modules/*/tests/*.tftest.hcl"), *ROOT.glob("terraform/tests/*.tftest.hcl")])
SERVICES = {path.name.replace("_", "-") for path in ROOT.glob("python/functions/*") if (path / "handler.py").exists()}
BUILDING_BLOCKS = {path.parent.name for path in ROOT.glob("modules/*/main.tf")} - SERVICES


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [path for path in FILES if blocks(path, "variable")], ids=name)
def test_every_variable_has_a_description_and_a_type(path: Path) -> None:
    for variable, body in blocks(path, "variable").items():
        assert re.search(r'^  description = ".+[.;:]?"', body, re.MULTILINE), variable
        assert re.search(r"^  type +=", body, re.MULTILINE), variable


@pytest.mark.parametrize("path", [path for path in FILES if blocks(path, "output")], ids=name)
def test_every_output_has_a_description(path: Path) -> None:
    for output, body in blocks(path, "output").items():
        assert re.search(r'^  description = ".+"', body, re.MULTILINE), output


@pytest.mark.parametrize("path", FILES, ids=name)
def test_comments_are_hash_comments_and_labels_snake_case(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"^\s*(//|/\*)", text, re.MULTILINE)
    labels = re.findall(
        r'^(?:resource|data) "[a-z0-9_]+" "([^"]+)"|^(?:module|variable|output) "([^"]+)"', text, re.MULTILINE
    )
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", first or second) for first, second in labels)


def test_the_roots_make_no_resource_themselves() -> None:
    assert [name(path) for path in FILES if path.is_relative_to(ROOT / "terraform") and blocks(path, "resource")] == []


@pytest.mark.parametrize("path", OF_MODULES, ids=name)
def test_a_module_calls_building_blocks_only_and_never_reaches_up(path: Path) -> None:
    sources = re.findall(r'^  source += "([^"]+)"', path.read_text(), re.MULTILINE)
    local = {source for source in sources if "/" in source and source != "hashicorp/aws"}
    assert local <= {f"../{block}" for block in BUILDING_BLOCKS}


def test_an_emulator_gets_the_configuration_that_aws_gets() -> None:
    for path in FILES:
        assert not re.search(r"\bendpoints?\s*\{|localhost|127\.0\.0\.1|sandbox", path.read_text()), path


def test_nothing_is_zipped_and_nothing_runs_at_plan_time() -> None:
    for path in FILES:
        text = path.read_text()
        assert not re.search(r"archive_file|null_resource|local-exec|data \"external\"", text), path


def test_the_platforms_own_code_never_comes_from_a_file() -> None:
    root = [path for path in FILES if path.parent == ROOT / "terraform"]
    assert root
    assert not [path for path in root if re.search(r"^\s+file(name)?\s*=", path.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("path", RUNS, ids=name)
def test_the_name_of_a_run_is_a_sentence(path: Path) -> None:
    runs = re.findall(r'^run "([^"]+)"', path.read_text(), re.MULTILINE)
    assert runs
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){3,}", run) for run in runs)
