"""Reports that failed for strange reasons, of accounts with strange problems."""

from collections.abc import Mapping, Sequence

import pytest

from tests.contracts.hostile import worlds
from tests.contracts.hostile.cases import REPORTS
from tests.contracts.hostile.conftest import Check


@pytest.fixture(scope="module")
def put_in(account: None, texts: Sequence[str]) -> Mapping[str, set[str]]:
    return {"reasons": worlds.put_failed_report(texts), "problems": worlds.put_month(texts)}


@pytest.mark.parametrize("path", sorted(REPORTS))
def test_strange_reasons_are_shown_without_effect(path: str, check: Check) -> None:
    for case in REPORTS[path]:
        check(path, case)
