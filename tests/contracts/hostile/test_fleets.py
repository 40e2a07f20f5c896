"""Drains with strange reasons, blockers, images and tasks."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ops_cli.frame.context import Ops
from tests.contracts.hostile import worlds
from tests.contracts.hostile.cases import FLEETS
from tests.contracts.hostile.showing import judge, shown
from tests.ops_cli.commands.fleet.test_draining import DRAIN, World, world

__all__ = ["world"]


@pytest.mark.parametrize("path", sorted(FLEETS))
def test_strange_drains_are_shown_without_effect(
    path: str, world: World, texts: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ops, "_make_client", lambda _ops, service, **_options: worlds.aws(service))
    why = " ".join(map(worlds.writable, texts[:21]))
    world.drains.create(replace(DRAIN, left={"t1": why}, blocker=why, why=why, image_id=why))
    for case in FLEETS[path]:
        for output, terminal in case.ways(texts):
            line = [*case.line(path, texts), "--output", output]
            answer = shown(monkeypatch, line, terminal=terminal)
            assert answer.code == case.code, answer.err
            judge(answer, output, {why} if case.shows else set(), terminal=terminal)
