"""What a function reads from its environment is what its module sets; keys of objects have one spelling."""

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

from insight import layout
from insight.numbers.facts.athena import Athena

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("python/functions/*/settings.py"))


def module_of(function: str) -> Path:
    return ROOT / "modules" / function.replace("_", "-") / "main.tf"


def environment_of(function: str) -> set[str]:
    """Return the names in the `environment` argument of the function's module."""
    found = re.search(r"^  environment = \{\n(.*?)^  \}", module_of(function).read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"{module_of(function)} has no `environment` argument"
    return set(re.findall(r"^    (\w+) +=", found[1], re.MULTILINE))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_module_sets_exactly_what_the_function_reads(function: str) -> None:
    settings = importlib.import_module(f"{function}.settings").Settings
    assert environment_of(function) == {field.name.upper() for field in dataclasses.fields(settings)}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_module_and_the_folder_have_the_same_name(function: str) -> None:
    assert f'"{function.replace("_", "-")}"' in module_of(function).read_text()
    assert f'local.code["{function.replace("_", "-")}"]' in "".join(
        path.read_text() for path in (ROOT / "terraform").glob("*.tf")
    )


def test_the_permissions_name_the_prefixes_that_the_layout_uses() -> None:
    granted = "".join(path.read_text() for path in ROOT.glob("modules/report-*/*.tf"))
    prefixes = set(re.findall(r'[/"](\w+/)\*', granted))
    events = {layout.events_prefix("acme"), layout.compacted_prefix("acme"), layout.members_key("acme")}
    folders = {key.split("/")[0] + "/" for key in (*events, layout.summaries_prefix("acme"))}
    assert prefixes == {*folders, layout.REPORTS_PREFIX, layout.PEERS_PREFIX, "months/", f"{Athena.prefix}/"}
