"""The table in DynamoDB (moto's): what is written is read, and conditions hold."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.record import Cause, Drain, Outcome
from opscore.watchers import Changed
from tests.lib.opscore.draining.drains_table import make_table

DRAIN = Drain("i-1", 1, "web", "web-group", Cause.TERMINATION, 100, 4000, hook="drain", token="t")
FULL = replace(
    DRAIN,
    detail="why",
    container_instance="ci-1",
    image_id="ami-1",
    zone="a",
    tasks_at_start=0,
    left={},
    daemons=("logger",),
    stopped=1,
    heartbeat_at=7,
    looked_at=8,
    blocker="web",
    why="because",
)


@pytest.fixture
def drains(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoDrains]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("dynamodb", "eu-west-1")
        make_table(client, "drains")
        yield DynamoDrains(client, "drains")


@pytest.mark.parametrize(
    "drain", [DRAIN, FULL, replace(FULL, left={"t1": "service:web"})], ids=["new", "empty", "full"]
)
def test_what_is_written_is_read(drains: DynamoDrains, drain: Drain) -> None:
    drains.create(drain)
    assert drains.latest("i-1") == drain
    assert drains.open_in("web") == [drain]


def test_an_attempt_is_created_once(drains: DynamoDrains) -> None:
    drains.create(DRAIN)
    with pytest.raises(Changed):
        drains.create(DRAIN)
    second = replace(DRAIN, attempt=2)
    drains.create(second)
    assert drains.latest("i-1") == second
    assert drains.history("i-1") == [second, DRAIN]


def test_an_update_writes_what_changed_and_nothing_else(drains: DynamoDrains) -> None:
    drains.create(DRAIN)
    drains.update(DRAIN, replace(DRAIN, heartbeat_at=50))
    drains.update(DRAIN, replace(DRAIN, left={"t1": "family:x"}, daemons_alone_since=9))
    drains.update(replace(DRAIN, daemons_alone_since=9), replace(DRAIN, daemons_alone_since=0))
    assert drains.latest("i-1") == replace(DRAIN, heartbeat_at=50, left={"t1": "family:x"})


def test_a_verdict_is_written_once_and_a_closed_drain_never_changes(drains: DynamoDrains) -> None:
    drains.create(DRAIN)
    decided = DRAIN.decided(Outcome.DRAINED, "empty")
    drains.update(DRAIN, decided)
    with pytest.raises(Changed):
        drains.update(DRAIN, DRAIN.decided(Outcome.LOST, "gone", 3))
    drains.update(decided, decided.closed(500))
    with pytest.raises(Changed):
        drains.update(decided, replace(decided, heartbeat_at=1))
    assert drains.open_in("web") == []
    assert drains.latest("i-1") == decided.closed(500)
    assert [drain.outcome for drain in drains.since("web", 100)] == [Outcome.DRAINED]
    assert drains.since("web", 101) == []
    assert decided.closed(500).to_item()["expires"] == {"N": str(500 + 90 * 86_400)}


def test_a_lease_goes_to_one(drains: DynamoDrains) -> None:
    assert drains.lease("web") == (0, 0)
    drains.take_lease("web", 0, 10)
    with pytest.raises(Changed):
        drains.take_lease("web", 0, 11)
    drains.touch_lease("web", 1, 12)
    assert drains.lease("web") == (1, 12)
    drains.take_lease("web", 1, 13)
    with pytest.raises(Changed):
        drains.touch_lease("web", 1, 14)
