"""What a platform consists of and says, with strange roles, names, variables, alarms, log lines and resources."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.contracts.hostile import worlds
from tests.contracts.hostile.cases import PLATFORM
from tests.contracts.hostile.conftest import Check


@pytest.fixture(scope="module")
def in_account(account: None, texts: Sequence[str]) -> Mapping[str, set[str]]:
    return {
        **worlds.describe(texts),
        "log": worlds.put_log(texts),
        "variables": worlds.put_variables(texts),
        "alarms": worlds.put_alarms(texts),
    }


@pytest.fixture
def put_in(in_account: Mapping[str, set[str]], at_home: Path, texts: Sequence[str]) -> Mapping[str, set[str]]:
    return {
        **in_account,
        "resources": {*texts},
        "environment": worlds.put_environment(texts),
        "emulator's log": worlds.put_emulator_log(at_home, texts),
    }


@pytest.mark.parametrize("path", sorted(PLATFORM))
def test_strange_names_and_lines_are_shown_without_effect(path: str, check: Check) -> None:
    for case in PLATFORM[path]:
        check(path, case)
