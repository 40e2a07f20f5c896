"""What a reader sees of reports: their state, and files that are what the manifest says."""

import time
import urllib.parse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from insight.delivery import search, store
from insight.delivery.search import ReportDamaged, ReportSummary
from insight.delivery.store import Output
from insight.manifest import BadManifest, Manifest
from insight.orders.request import ReportRequest
from insight.orders.state_table import States
from opscore.errors import NotFound, OpsError, UsageProblem
from tests.lib.insight.reports_table import create

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", requested_by="ada")
OTHER = ReportRequest("ember", date(2026, 10, 1), date(2026, 10, 2), "Asia/Kolkata")
OUTPUTS = [Output("usage.csv", "text/csv", b"a,b\r\n"), Output("report.html", "text/html", b"<p>")]


def publish(world: "World", **changes: str) -> Manifest:
    stored = store.save_outputs(world.s3, world.reports, REQUEST, OUTPUTS)
    outputs = tuple(type(output)(**{**vars(output), **changes}) for output in stored)
    rows = {"read": 3, "counted": 3}
    manifest = Manifest(REQUEST.report_id, REQUEST.identity(), "a", "b", "DuckDB", {}, rows, (), outputs, {}, {}, {})
    store.save_manifest(world.s3, world.reports, REQUEST, manifest.to_json())
    return manifest


@pytest.fixture
def states(world: "World") -> States:
    create(world.dynamodb)
    return States(world.dynamodb, "reports", lambda: NOON)


def delivered(world: "World", states: States, **changes: str) -> ReportSummary:
    publish(world, **changes)
    states.ask(REQUEST)
    states.deliver(REQUEST, 1)
    return search.find_report(states, REQUEST.report_id)


def test_outputs_without_a_manifest_are_no_report(world: "World") -> None:
    store.save_outputs(world.s3, world.reports, REQUEST, OUTPUTS)
    assert not store.is_delivered(world.s3, world.reports, REQUEST)
    publish(world)
    assert store.is_delivered(world.s3, world.reports, REQUEST)


def test_the_first_manifest_stays(world: "World") -> None:
    assert store.save_manifest(world.s3, world.reports, REQUEST, b"1")
    assert not store.save_manifest(world.s3, world.reports, REQUEST, b"2")
    key = store.manifest_key(REQUEST)
    assert world.s3.get_object(Bucket=world.reports, Key=key)["Body"].read() == b"1"


def test_reports_are_listed_by_account_and_found_by_id(states: States) -> None:
    for request in (OTHER, REQUEST.of_generation(2), REQUEST):
        states.ask(request)
    listed = [(report.account, report.generation) for report in search.list_reports(states)]
    assert listed == [("acme", 1), ("acme", 2), ("ember", 1)]
    assert [report.account for report in search.list_reports(states, "ember")] == ["ember"]
    found = search.find_report(states, REQUEST.report_id)
    assert (found.start, found.end, found.prefix) == (REQUEST.start, REQUEST.end, store.prefix_of(REQUEST))
    with pytest.raises(NotFound, match="no report named") as caught:
        search.find_report(states, REQUEST.report_id[:-1] + "x")
    assert REQUEST.report_id in caught.value.hint


def test_the_beginning_of_an_id_is_enough_when_no_other_report_has_it(states: States) -> None:
    states.ask(REQUEST)
    states.ask(OTHER)
    assert search.find_report(states, REQUEST.report_id[:10]).report_id == REQUEST.report_id
    with pytest.raises(UsageProblem, match="2 reports have an id that begins with 'r_'") as caught:
        search.find_report(states, "r_")
    assert REQUEST.report_id in caught.value.hint
    assert OTHER.report_id in caught.value.hint


def test_a_whole_id_is_found_although_it_begins_another(states: States) -> None:
    states.ask(REQUEST)
    copy = {"report_id": {"S": REQUEST.report_id[:10]}, "account": {"S": "acme"}}
    boto3.client("dynamodb", "us-east-1").put_item(TableName="reports", Item=copy)
    assert search.find_report(states, REQUEST.report_id[:10]).report_id == REQUEST.report_id[:10]


def test_where_not_all_ids_were_read_no_prefix_is_trusted(states: States, monkeypatch: pytest.MonkeyPatch) -> None:
    states.ask(REQUEST)
    monkeypatch.setattr(search, "SEARCHED_IDS", 1)
    assert search.find_report(states, REQUEST.report_id).account == "acme"
    with pytest.raises(UsageProblem, match="too many reports"):
        search.find_report(states, REQUEST.report_id[:10])


def test_an_empty_id_is_no_prefix_of_all(states: States) -> None:
    states.ask(REQUEST)
    with pytest.raises(UsageProblem, match="empty"):
        search.find_report(states, "")


@pytest.mark.parametrize("typed", ["r_" + "0" * 3000, "r_\udcff", "a b", "r_1\x1b[2J"])
def test_what_cannot_be_an_id_is_not_found_without_asking_for_it(states: States, typed: str) -> None:
    with pytest.raises(NotFound):
        search.find_report(states, typed)


def test_a_link_opens_one_file_for_a_short_time_and_names_nobody(world: "World", states: States) -> None:
    address = search.link(world.s3, world.reports, delivered(world, states), "usage.csv", 900)
    parts = urllib.parse.urlsplit(address)
    query = dict(urllib.parse.parse_qsl(parts.query))
    assert parts.path.endswith("/usage.csv")
    assert "ada" not in address
    assert query["response-cache-control"] == "private, no-store"
    assert query["response-content-disposition"] == 'attachment; filename="acme_2026-10-01_usage.csv"'
    lasts = int(query.get("X-Amz-Expires") or int(query["Expires"]) - time.time())
    assert 800 < lasts <= 900


def test_there_is_no_link_to_what_is_not_there(world: "World", states: States) -> None:
    report = delivered(world, states)
    with pytest.raises(NotFound) as caught:
        search.link(world.s3, world.reports, report, "usage.cvs", 900)
    assert "usage.csv" in caught.value.hint
    states.ask(OTHER)
    with pytest.raises(OpsError, match="REQUESTED, not DELIVERED"):
        search.link(world.s3, world.reports, search.find_report(states, OTHER.report_id), "usage.csv", 900)


def test_a_delivered_report_is_saved_whole_in_a_folder_of_its_own(
    world: "World", states: States, tmp_path: Path
) -> None:
    report = delivered(world, states)
    saved = search.download(world.s3, world.reports, report, tmp_path / "new")
    folder = tmp_path / "new" / f"acme_2026-10-01_2026-10-31_{REQUEST.report_id}"
    assert saved == [folder / "usage.csv", folder / "report.html", folder / "manifest.json"]
    assert [path.read_bytes() for path in saved] == [b"a,b\r\n", b"<p>", publish(world).to_json()]
    assert sorted(folder.iterdir()) == sorted(saved)
    assert search.download(world.s3, world.reports, report, tmp_path / "new") == saved


def test_a_report_that_is_not_delivered_is_not_saved(world: "World", states: States, tmp_path: Path) -> None:
    states.claim(REQUEST, "worker", NOON)
    states.fail(REQUEST, "worker", "unknown_account", "There is no account 'acme'.")
    report = search.find_report(states, REQUEST.report_id)
    with pytest.raises(OpsError, match="is FAILED, not DELIVERED: There is no account"):
        search.download(world.s3, world.reports, report, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sha256": "0" * 64}, "is not the file that its manifest describes"),
        ({"key": "events/account=acme/secret"}, "names a file outside of the report"),
        ({"name": "../../evil"}, "file name that is not safe"),
        ({"name": ".profile"}, "file name that is not safe"),
        ({"name": "a\\b"}, "file name that is not safe"),
    ],
)
def test_a_manifest_that_lies_saves_nothing(
    world: "World", states: States, tmp_path: Path, changes: dict[str, str], sentence: str
) -> None:
    report = delivered(world, states, **changes)
    with pytest.raises(ReportDamaged, match=sentence):
        search.download(world.s3, world.reports, report, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_output_that_is_gone_is_told(world: "World", states: States, tmp_path: Path) -> None:
    report = delivered(world, states)
    outputs = search.read_manifest(world.s3, world.reports, report).outputs
    world.s3.delete_object(Bucket=world.reports, Key=outputs[0].key)
    with pytest.raises(ReportDamaged, match="no longer in the bucket"):
        search.download(world.s3, world.reports, report, tmp_path)


def test_a_manifest_survives_its_file() -> None:
    manifest = Manifest("r", {"a": 1}, "x", "y", "DuckDB", {}, {"read": 1}, (), (), {"seats": 1}, {}, {}, ("late",))
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"schema_version":1}', b'{"schema_version":2}', b'{"schema_version":3}', b"\xff"]
)
def test_a_manifest_that_cannot_be_read_is_told(text: bytes) -> None:
    with pytest.raises(BadManifest):
        Manifest.from_json(text)
