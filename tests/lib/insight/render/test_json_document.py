"""The JSON: a schema with a version, every number there, equal bytes."""

import json
from collections.abc import Callable

from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.report import Report
from insight.render import json_document as render_json


def test_the_schema_is_the_one_that_programs_know(report_with: Callable[..., Report]) -> None:
    data = json.loads(render_json.render(report_with(note="a note")))
    assert data["schema_version"] == 1
    assert set(data) == {
        "schema_version",
        "report_id",
        "spec_version",
        "account",
        "period",
        "as_of",
        "gaps",
        "sources",
        "figures",
        "tables",
    }
    assert data["period"] == {
        "first_day": "2026-10-01",
        "last_day": "2026-10-03",
        "time_zone": "Europe/Berlin",
        "starts_at": "2026-09-30T22:00:00+00:00",
        "ends_at": "2026-10-03T22:00:00+00:00",
    }
    assert data["sources"][0]["rows_not_counted"] == {"outside the period": 1, "same event id as another row": 2}


def test_every_figure_and_table_is_there_with_its_definition(report_with: Callable[..., Report]) -> None:
    data = json.loads(render_json.render(report_with()))
    assert set(data["figures"]) == set(FIGURES)
    assert set(data["tables"]) == set(TABLES)
    assert data["figures"]["mean_score_uplift"]["value"] == -1.25
    assert data["tables"]["daily_active_users"]["rows"][0] == ["2026-10-01", 5]
    assert data["figures"]["active_users"]["definition"] == FIGURES["active_users"].definition


def test_equal_reports_are_equal_bytes(report_with: Callable[..., Report]) -> None:
    assert render_json.render(report_with()) == render_json.render(report_with())
