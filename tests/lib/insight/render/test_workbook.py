"""The workbook: a sheet per section, real numbers and dates, no formula, equal bytes."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.register import Unit
from insight.numbers.report import Report
from insight.render import workbook as render_xlsx
from insight.render.workbook import Sheet

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def book(content: bytes) -> dict[str, ElementTree.Element]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [sheet.get("name", "") for sheet in _read(archive, "xl/workbook.xml").iter(f"{MAIN}sheet")]
        return {name: _read(archive, f"xl/worksheets/sheet{at}.xml") for at, name in enumerate(names, start=1)}


def _read(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(archive.read(name))  # noqa: S314  Our own file.


def cells(sheet: ElementTree.Element, row: int) -> list[tuple[str | None, str]]:
    """Return type and text of each cell of a row."""
    wanted = next(found for found in sheet.iter(f"{MAIN}row") if found.get("r") == str(row))
    return [(cell.get("t"), "".join(cell.itertext())) for cell in wanted]


def test_there_is_a_sheet_for_every_section(report_with: Callable[..., Report]) -> None:
    names = list(book(render_xlsx.render(report_with())))
    assert names == ["Report", "Key figures", *(table.label for table in TABLES.values()), "Sources"]


def test_numbers_and_days_are_no_texts(report_with: Callable[..., Report]) -> None:
    sheets = book(render_xlsx.render(report_with()))
    assert cells(sheets["Daily active users"], 2) == [(None, "46296"), (None, "5")]  # 2026-10-01
    assert cells(sheets["Documents by kind"], 2) == [
        ("inlineStr", "job post"),
        (None, "3"),
        (None, "2"),
        (None, "-1.25"),
    ]


def test_every_row_of_the_key_figures_has_the_format_of_its_unit(report_with: Callable[..., Report]) -> None:
    sheet = book(render_xlsx.render(report_with()))["Key figures"]
    styles = [cell.get("s") for cell in sheet.iter(f"{MAIN}c") if (cell.get("r") or "").startswith("B")][1:]
    units = [metric.unit for metric in FIGURES.values() if metric.key != "phrase_acceptance"]
    assert len(styles) == len(units)
    assert len(set(zip(styles, units, strict=True))) == len(set(units)) == 3


def test_a_chart_draws_the_days_of_its_own_sheet(report_with: Callable[..., Report]) -> None:
    with zipfile.ZipFile(io.BytesIO(render_xlsx.render(report_with()))) as archive:
        (chart,) = [name for name in archive.namelist() if name.startswith("xl/charts/chart")]
        drawn = archive.read(chart).decode()
    assert "<c:f>'Daily active users'!$B$2:$B$4</c:f>" in drawn


def test_no_text_becomes_a_formula_or_a_link(report_with: Callable[..., Report]) -> None:
    evil = "=1+1"
    sheets = book(render_xlsx.render(report_with(name=evil, segment="http://x.test", kind=evil, note=evil)))
    for sheet in sheets.values():
        assert not list(sheet.iter(f"{MAIN}f"))
        assert not list(sheet.iter(f"{MAIN}hyperlink"))
    assert cells(sheets["Documents by kind"], 2)[0] == ("inlineStr", evil)


def test_a_list_of_users_is_whole(report_with: Callable[..., Report]) -> None:
    sheet = book(render_xlsx.render(report_with(users=300)))["Top users"]
    assert len(list(sheet.iter(f"{MAIN}row"))) == 301


def test_equal_reports_are_equal_bytes(report_with: Callable[..., Report]) -> None:
    assert render_xlsx.render(report_with()) == render_xlsx.render(report_with())


def test_more_rows_than_a_sheet_holds_are_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render_xlsx, "_MOST_ROWS", 3)
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ValueError, match="2 rows at most; Users has more"):
        render_xlsx.write(Path(folder) / "x.xlsx", [Sheet("Users", [("n", Unit.COUNT)], [(1,), (2,), (3,)])])
