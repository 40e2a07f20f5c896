"""The library's README says of the numbers what the code says, and names every module once."""

import re

from tests.lib.insight.readme_of_insight import README, made_part, split


def test_the_definitions_in_the_readme_are_those_of_the_code() -> None:
    """After a change that is meant: `python -m tests.lib.insight.readme_of_insight`."""
    assert split()[1] == made_part()


def test_the_map_names_every_module_once() -> None:
    modules = {path.stem: path.parent.name for path in README.parent.glob("**/*.py") if path.stem != "__init__"}
    rows = [line for line in split()[0].splitlines() if line.startswith("|")]
    assert sorted(re.findall(r"`(?:\w+/)?(\w+)\.py`", "\n".join(rows))) == sorted(modules)
    for row in rows:
        for folder in re.findall(r"`(\w+)/", row):
            _, _, after = row.partition(f"`{folder}/")
            assert {modules[name] for name in re.findall(r"(\w+)\.py`", after)} == {folder}
