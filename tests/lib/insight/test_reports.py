"""What a reader sees of reports: their state, and files that are what the manifest says."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from insight import layout, reports, store
from insight.manifest import BadManifest, Manifest
from insight.reports import ReportDamaged, State
from insight.requests import ReportRequest
from insight.store import Output
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

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


def state(world: "World", request: ReportRequest = REQUEST) -> State:
    return reports.find_report(world.s3, world.reports, request.report_id).state


def test_a_report_goes_from_requested_over_failed_to_delivered(world: "World") -> None:
    assert store.save_request(world.s3, world.reports, REQUEST)
    assert state(world) is State.REQUESTED
    store.save_failure(world.s3, world.reports, REQUEST, "unknown_account", "There is no account 'acme'.")
    (failed,) = reports.list_reports(world.s3, world.reports)
    assert (failed.state, failed.reason) == (State.FAILED, "There is no account 'acme'.")
    store.clear_failure(world.s3, world.reports, REQUEST)
    assert state(world) is State.REQUESTED
    store.save_failure(world.s3, world.reports, REQUEST, "late", "A failure that came late.")
    publish(world)
    (delivered,) = reports.list_reports(world.s3, world.reports)
    assert (delivered.state, delivered.reason, delivered.start, delivered.end) == (
        State.DELIVERED,
        "",
        REQUEST.start,
        REQUEST.end,
    )
    assert delivered.requested_at
    assert delivered.delivered_at


def test_outputs_without_a_manifest_are_no_report(world: "World") -> None:
    store.save_outputs(world.s3, world.reports, REQUEST, OUTPUTS)
    assert reports.list_reports(world.s3, world.reports) == []


def test_the_first_request_and_the_first_manifest_stay(world: "World") -> None:
    assert store.save_request(world.s3, world.reports, REQUEST)
    second = ReportRequest("acme", REQUEST.start, REQUEST.end, "Europe/Berlin", requested_by="bob")
    assert not store.save_request(world.s3, world.reports, second)
    assert store.save_manifest(world.s3, world.reports, REQUEST, b"1")
    assert not store.save_manifest(world.s3, world.reports, REQUEST, b"2")
    prefix = layout.report_prefix(REQUEST)
    kept = {
        name: world.s3.get_object(Bucket=world.reports, Key=prefix + name)["Body"].read()
        for name in ("request.json", "manifest.json")
    }
    assert json.loads(kept["request.json"])["requested_by"] == "ada"
    assert kept["manifest.json"] == b"1"


def test_reports_are_listed_by_account_and_found_by_id(world: "World") -> None:
    for request in (OTHER, REQUEST):
        store.save_request(world.s3, world.reports, request)
    world.s3.put_object(Bucket=world.reports, Key="reports/stray.txt", Body=b"")
    everyone = reports.list_reports(world.s3, world.reports)
    assert [report.account for report in everyone] == ["acme", "ember"]
    assert [report.account for report in reports.list_reports(world.s3, world.reports, "ember")] == ["ember"]
    with pytest.raises(NotFound, match="no report named") as caught:
        reports.find_report(world.s3, world.reports, REQUEST.report_id[:-1] + "x")
    assert REQUEST.report_id in caught.value.hint


def test_more_reports_than_one_page_of_the_listing(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    for day in range(1, 27):
        store.save_request(
            world.s3, world.reports, ReportRequest("acme", date(2026, 10, day), date(2026, 11, 1), "UTC")
        )
    assert "NextContinuationToken" in world.s3.list_objects_v2(Bucket=world.reports)
    assert len(reports.list_reports(world.s3, world.reports)) == 26


def test_a_delivered_report_is_saved_whole_in_a_folder_of_its_own(world: "World", tmp_path: Path) -> None:
    manifest = publish(world)
    saved = reports.download(world.s3, world.reports, REQUEST.report_id, tmp_path / "new")
    folder = tmp_path / "new" / f"acme_2026-10-01_2026-10-31_{REQUEST.report_id}"
    assert saved == [folder / "usage.csv", folder / "report.html", folder / "manifest.json"]
    assert [path.read_bytes() for path in saved] == [b"a,b\r\n", b"<p>", manifest.to_json()]
    assert sorted(folder.iterdir()) == sorted(saved)
    assert reports.download(world.s3, world.reports, REQUEST.report_id, tmp_path / "new") == saved


def test_a_report_that_is_not_delivered_is_not_saved(world: "World", tmp_path: Path) -> None:
    store.save_failure(world.s3, world.reports, REQUEST, "unknown_account", "There is no account 'acme'.")
    with pytest.raises(OpsError, match="is FAILED, not DELIVERED: There is no account"):
        reports.download(world.s3, world.reports, REQUEST.report_id, tmp_path)
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
    world: "World", tmp_path: Path, changes: dict[str, str], sentence: str
) -> None:
    publish(world, **changes)
    with pytest.raises(ReportDamaged, match=sentence):
        reports.download(world.s3, world.reports, REQUEST.report_id, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_output_that_is_gone_is_told(world: "World", tmp_path: Path) -> None:
    manifest = publish(world)
    world.s3.delete_object(Bucket=world.reports, Key=manifest.outputs[0].key)
    with pytest.raises(ReportDamaged, match="no longer in the bucket"):
        reports.download(world.s3, world.reports, REQUEST.report_id, tmp_path)


def test_a_manifest_survives_its_file() -> None:
    manifest = Manifest("r", {"a": 1}, "x", "y", "DuckDB", {}, {"read": 1}, (), (), {"seats": 1}, {}, {}, ("late",))
    assert Manifest.from_json(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"schema_version":1}', b'{"schema_version":2}', b'{"schema_version":3}', b"\xff"]
)
def test_a_manifest_that_cannot_be_read_is_told(text: bytes) -> None:
    with pytest.raises(BadManifest):
        Manifest.from_json(text)
