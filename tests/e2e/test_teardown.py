"""The end of the sandbox that this folder shares."""

import pytest

from tests.e2e.newcomer import Newcomer
from tests.e2e.web_fleet import WebFleet

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def test_destroying_leaves_nothing(newcomer: Newcomer, web: WebFleet) -> None:
    answer = newcomer.opsctl("deploy", "destroy", "--yes")
    assert answer.code == 0, answer.err
    assert newcomer.opsctl("status").code == 4
    assert newcomer.opsctl("state", "list", "--output", "json").out in ("", "[]\n")
    assert web.remains() == []
    assert newcomer.run("make", "down").code == 0
