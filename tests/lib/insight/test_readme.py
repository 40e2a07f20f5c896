"""The library's README says of the numbers what the code says, and names every module once."""

import re

from tests.lib.insight.readme_of_insight import README, made_part, split


def test_the_definitions_in_the_readme_are_those_of_the_code() -> None:
    """After a change that is meant: `python -m tests.lib.insight.readme_of_insight`."""
    assert split()[1] == made_part()


def test_the_map_names_every_module_once() -> None:
    library = README.parent
    modules = [str(path.relative_to(library)) for path in library.rglob("*.py") if path.stem != "__init__"]
    rows = [line.split("|")[2] for line in split()[0].splitlines() if line.startswith("|")]
    assert sorted(f"{folder_of(row)}{name}" for row in rows for name in re.findall(r"`(\w+\.py)`", row)) == sorted(
        modules
    )


def folder_of(row: str) -> str:
    """Return the folder that a row of the map begins with; a row without one is about the library's own folder."""
    named = re.match(r" `([\w/]+/)`:", row)
    return named[1] if named else ""
