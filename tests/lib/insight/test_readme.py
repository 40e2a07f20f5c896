"""The library's README says of the numbers what the code says, and names every module once."""

import re

from tests.lib.insight.readme_of_insight import README, made_part, split


def test_the_definitions_in_the_readme_are_those_of_the_code() -> None:
    """After a change that is meant: `python -m tests.lib.insight.readme_of_insight`."""
    assert split()[1] == made_part()


def test_the_map_names_every_module_once() -> None:
    rows = [line for line in split()[0].splitlines() if line.startswith("|")]
    named = re.findall(r"`(\w+)\.py`", "\n".join(rows))
    assert sorted(named) == sorted(path.stem for path in README.parent.glob("*.py") if path.stem != "__init__")
