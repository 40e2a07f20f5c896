"""Without the emulator the sandbox says how to get it."""

import importlib.util
from importlib import metadata

import pytest

from ops_cli.sandbox.emulator.process import installed_version
from opscore.errors import OpsError


def refused() -> str:
    with pytest.raises(OpsError, match="The sandbox's emulator is not installed") as told:
        installed_version()
    return told.value.hint


def test_the_version_is_that_of_the_emulator_that_is_installed() -> None:
    assert installed_version() == metadata.version("ministack")


def test_without_our_part_of_it_a_clone_is_told_to_set_itself_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert refused() == "`make setup` installs it."


def test_without_what_it_is_made_of_a_clone_is_told_to_set_itself_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert refused() == "`make setup` installs it."
