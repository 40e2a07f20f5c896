"""Dead letters with strange bodies, attributes, causes and files: nothing acts on a terminal, nothing is lost."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.contracts.hostile import worlds
from tests.contracts.hostile.cases import DEAD_LETTERS
from tests.contracts.hostile.conftest import Check
from tests.contracts.hostile.showing import shown


@pytest.fixture(scope="module")
def put_in(account: None, texts: Sequence[str]) -> Mapping[str, set[str]]:
    worlds.describe(texts)
    worlds.put_log(texts)
    worlds.put_alarms(texts)
    return {"letters": worlds.put_dead_letters(texts), "journals": worlds.names_of_journals(texts)}


@pytest.fixture(autouse=True)
def _files(at_home: Path, texts: Sequence[str], put_in: object) -> None:
    worlds.put_exported(at_home, texts)
    worlds.put_journals(texts)


@pytest.mark.parametrize("path", sorted(DEAD_LETTERS))
def test_strange_dead_letters_are_shown_without_effect(path: str, check: Check) -> None:
    for case in DEAD_LETTERS[path]:
        check(path, case)


def test_an_export_holds_every_body(
    at_home: Path, texts: Sequence[str], put_in: Mapping[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds.put_dead_letters(texts)
    answer = shown(monkeypatch, ["dlq", "export", "report-requests", "out.ndjson"], terminal=False)
    assert answer.code == 0, answer.err
    bodies = [json.loads(line)["body"] for line in (at_home / "out.ndjson").read_bytes().splitlines()]
    accounts = [json.loads(body)["account"] for body in bodies if body.startswith('{"account": "')]
    assert put_in["letters"] <= {*bodies, *accounts}
