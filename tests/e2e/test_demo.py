"""The platform as a newcomer meets it: a fresh copy of the tree, the README's first command, what is on the screen."""

import json

import pytest

from tests.e2e.newcomer import Answer, Newcomer, assert_nothing_to_change

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def test_make_demo_plays_the_story_from_a_fresh_tree(demo: Answer) -> None:
    assert demo.code == 0, demo.out[-3000:] + demo.err[-3000:]
    assert "The story went as told." in demo.out


def test_opsctl_needs_no_other_flag(newcomer: Newcomer) -> None:
    assert {row["service"] for row in newcomer.data("services")} == {
        "ecs-drain",
        "report-generator",
        "report-month",
        "report-request",
        "report-sweep",
    }
    assert {row["check"]: row["level"] for row in newcomer.data("doctor")}["stack description"] == "ok"


def test_a_plan_right_after_the_apply_is_empty(newcomer: Newcomer) -> None:
    assert_nothing_to_change(newcomer)


def test_the_downloaded_reports_are_real(newcomer: Newcomer) -> None:
    manifests = sorted((newcomer.tree / "build/demo").glob("*/manifest.json"))
    assert {path.parent.name.split("_")[0] for path in manifests} == {"acme", "borealis", "ember"}
    for path in manifests:
        rows = json.loads(path.read_text())["rows"]
        assert rows["counted"] > 0
        assert "<svg" in (path.parent / "report.html").read_text()


def test_the_same_request_is_the_same_report(newcomer: Newcomer) -> None:
    before = newcomer.data("report", "list", "--account", "acme")
    again = newcomer.data("report", "start", "--account", "acme", "--from", "2026-10")
    assert again["status"] == "delivered"
    assert again["report_id"] in {row["report_id"] for row in before}
    assert newcomer.data("report", "list", "--account", "acme") == before
