"""A delivered report, asked again: where its numbers come from, whether they hold, what moved between two."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from insight import layout
from insight.delivery import deliver as delivery
from insight.delivery import store
from insight.delivery.deliver import Places
from insight.manifest import Manifest
from insight.numbers.metrics import FIGURES, TABLES
from insight.orders.request import FORMATS, ReportRequest
from insight.proofs.differences import diff
from insight.proofs.provenance import Check, InputsGone, explain, verify
from insight.sources.accounts import Account
from insight.sources.members import Member
from opscore.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

ACME = Account("acme", "Acme", "Europe/Berlin", 4, "enterprise")
EVERY_FORMAT_BUT_PDF = tuple(name for name in FORMATS if name != "pdf")
REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", EVERY_FORMAT_BUT_PDF)
DAY = date(2026, 10, 5)


def rows(*events: tuple[str, str]) -> bytes:
    """Return sessions, one for each pair of event id and user."""
    common = {"account": "acme", "kind": "session_started", "at": "2026-10-05T09:00:00Z"}
    return b"".join(json.dumps({"event_id": name, "user": user, **common}).encode() + b"\n" for name, user in events)


@pytest.fixture
def places(world: "World") -> Places:
    world.s3.put_bucket_versioning(Bucket=world.events, VersioningConfiguration={"Status": "Enabled"})
    world.dynamodb.put_item(TableName=world.accounts, Item=ACME.to_item())
    world.s3.put_object(Bucket=world.events, Key=layout.members_key("acme"), Body=Member("ann").to_line().encode())
    write(world, rows(("a", "ann"), ("b", "bob"), ("b", "bob")))
    return Places(world.s3, world.dynamodb, world.reports, world.events, world.accounts)


def write(world: "World", content: bytes, day: date = DAY) -> None:
    world.s3.put_object(Bucket=world.events, Key=layout.events_key("acme", day), Body=content)


@pytest.fixture
def deliver(world: "World", places: Places) -> Callable[..., Manifest]:
    def run(request: ReportRequest = REQUEST) -> Manifest:
        assert delivery.deliver(request, places)
        key = store.manifest_key(request)
        return Manifest.from_json(world.s3.get_object(Bucket=world.reports, Key=key)["Body"].read())

    return run


def failed(checks: list[Check]) -> list[str]:
    return [check.what for check in checks if not check.holds]


def test_the_manifest_says_what_the_report_was_made_of(deliver: Callable[..., Manifest]) -> None:
    made = deliver()
    assert made.rows == {"read": 3, "counted": 2, "dropped_duplicate": 1}
    assert (made.engine, made.figures["active_users"], made.trend["2026-10"]) == ("DuckDB", 2, 2)
    assert [file.key for file in made.inputs] == [layout.events_key("acme", DAY)]
    assert {file.name for file in made.outputs} == {"usage.csv", "report.html", "report.json", "report.xlsx"}
    assert len(made.earlier) == 12
    assert made.gaps == ("no events are filed after 2026-10-05, so those of the last days may be late",)


def test_how_long_it_took_is_beside_the_manifest_not_in_it(world: "World", deliver: Callable[..., Manifest]) -> None:
    deliver()
    head = world.s3.head_object(Bucket=world.reports, Key=store.manifest_key(REQUEST))
    assert set(json.loads(head["Metadata"]["seconds"])) == {"compute", "render", "store"}


def test_the_same_inputs_give_the_same_files_byte_by_byte(places: Places) -> None:
    first, second = (delivery.render(delivery.make(REQUEST, places).report, EVERY_FORMAT_BUT_PDF) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("metric", [*FIGURES, *TABLES])
def test_every_metric_can_be_explained(deliver: Callable[..., Manifest], places: Places, metric: str) -> None:
    found = explain(deliver(), metric, places)
    assert found.definition
    assert metric in found.queries
    assert "user_days" in found.queries or "document_groups" in found.queries or metric in {"seats", "inactive_members"}
    assert [(file.key, file.rows) for file in found.inputs] == [(layout.events_key("acme", DAY), 3)]


def test_an_explanation_shows_the_rows_behind_a_number(deliver: Callable[..., Manifest], places: Places) -> None:
    found = explain(deliver(), "sessions", places)
    assert (found.value, found.text, found.row_count) == (2, "2", 2)
    assert [(row["event_id"], row["user"]) for row in found.rows] == [("a", "ann"), ("b", "bob")]
    assert explain(deliver_again(deliver), "phrases_accepted", places).row_count == 0


def deliver_again(deliver: Callable[..., Manifest]) -> Manifest:
    return deliver(replace(REQUEST, generation=2))


def test_a_metric_that_is_none_names_the_nearest(deliver: Callable[..., Manifest], places: Places) -> None:
    with pytest.raises(NotFound) as caught:
        explain(deliver(), "active_user", places)
    assert "active_users" in caught.value.hint


def test_a_report_that_nobody_touched_holds_down_to_its_bytes(deliver: Callable[..., Manifest], places: Places) -> None:
    checks = verify(deliver(), places)
    assert failed(checks) == []
    assert sum("byte by byte" in check.what and not check.found for check in checks) == len(EVERY_FORMAT_BUT_PDF)


def test_late_events_do_not_shake_a_report_for_its_own_are_kept(
    world: "World", deliver: Callable[..., Manifest], places: Places
) -> None:
    made = deliver()
    write(world, rows(("z", "zoe")))
    checks = verify(made, places)
    assert failed(checks) == []
    assert checks[-1].found == "not tried, changed since: the period's events"
    assert explain(made, "active_users", places).row_count == 2


def test_a_file_that_somebody_changed_and_a_number_that_is_wrong_are_found(
    world: "World", deliver: Callable[..., Manifest], places: Places
) -> None:
    made = deliver()
    page = next(output for output in made.outputs if output.name == "report.html")
    world.s3.put_object(Bucket=world.reports, Key=page.key, Body=b"<p>")
    lie = replace(made, figures={**made.figures, "sessions": 99})
    assert failed(verify(lie, places)) == ["report.html in the bucket is the one that was delivered", "sessions"]
    world.s3.delete_object(Bucket=world.reports, Key=page.key)
    assert [check.found for check in verify(made, places) if not check.holds] == ["it is gone"]


def test_events_that_are_kept_no_more_are_named(
    world: "World", deliver: Callable[..., Manifest], places: Places
) -> None:
    made = deliver()
    for version in world.s3.list_object_versions(Bucket=world.events)["Versions"]:
        world.s3.delete_object(Bucket=world.events, Key=version["Key"], VersionId=version["VersionId"])
    assert failed(verify(made, places)) == ["its events are kept as they were"]
    with pytest.raises(InputsGone, match=r"1 event file is no longer kept as it was: events/account=acme"):
        explain(made, "sessions", places)


def test_a_difference_names_the_numbers_and_the_rows_that_moved_them(
    world: "World", deliver: Callable[..., Manifest], places: Places
) -> None:
    before = deliver()
    write(world, rows(("a", "ann"), ("b", "bob"), ("c", "cem")))
    write(world, rows(("d", "cem")), date(2026, 10, 6))
    after = deliver(replace(REQUEST, generation=2))
    found = diff(before, after, places)
    moved = {figure.metric: (figure.before, figure.after, figure.rows_added) for figure in found.figures}
    assert moved["sessions"] == (2, 4, 2)
    assert moved["active_users"] == (2, 3, 2)
    assert "phrases_accepted" not in moved
    assert found.files == {
        layout.events_key("acme", DAY): "changed",
        layout.events_key("acme", date(2026, 10, 6)): "new",
    }
    assert (found.rows_added, found.rows_removed, found.causes) == (2, 0, ())
    back = diff(after, before, places)
    assert (back.rows_added, back.rows_removed) == (0, 2)


def test_a_difference_that_no_row_made_has_another_cause(
    world: "World", deliver: Callable[..., Manifest], places: Places
) -> None:
    before = deliver()
    world.dynamodb.put_item(TableName=world.accounts, Item=replace(ACME, seats=8).to_item())
    found = diff(before, deliver(replace(REQUEST, generation=2)), places)
    assert {figure.metric for figure in found.figures} == {"seats", "seat_utilisation", "seat_days_used"}
    assert (found.rows_added, found.files) == (0, {})
    assert found.causes == ("the account's record differs: its seats, zone, name or segment",)


def test_reports_of_two_accounts_are_not_compared(deliver: Callable[..., Manifest], places: Places) -> None:
    made = deliver()
    other = replace(made, request={**made.request, "account": "ember"})
    with pytest.raises(UsageProblem, match="One report is of acme, the other of ember"):
        diff(made, other, places)


def test_numbers_of_earlier_months_are_kept_and_used_only_while_their_files_stay(
    world: "World", places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insight.numbers.kept_figures._WORTH_KEEPING_FILES", 1)
    write(world, rows(("s", "ann")).replace(b"2026-10-05", b"2026-09-05"), date(2026, 9, 5))

    def september() -> Any:
        trend = next(table for table in delivery.make(REQUEST, places).report.tables if table.key == "trend")
        return {row[0]: row[1] for row in trend.rows}["2026-09"]

    assert september() == 1
    (kept,) = world.s3.list_objects_v2(Bucket=world.reports, Prefix="summaries/")["Contents"]
    figures = world.s3.get_object(Bucket=world.reports, Key=kept["Key"])["Body"].read()
    world.s3.put_object(
        Bucket=world.reports, Key=kept["Key"], Body=figures.replace(b'"active_users":1', b'"active_users":7')
    )
    assert september() == 7
    write(world, rows(("s", "ann"), ("t", "bob")).replace(b"2026-10-05", b"2026-09-05"), date(2026, 9, 5))
    assert september() == 2


def test_an_output_is_stored_before_the_manifest_names_it(deliver: Callable[..., Manifest], world: "World") -> None:
    for output in deliver().outputs:
        assert world.s3.head_object(Bucket=world.reports, Key=output.key)["ContentLength"] == output.bytes
    assert store.is_delivered(world.s3, world.reports, REQUEST)
