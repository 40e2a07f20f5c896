"""The page in a browser: whole, silent, told to a screen reader; readable light, dark, on a phone and on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from insight.numbers.metrics import TABLES
from insight.render import page as render_html
from tests.lib.insight.render.browser import NAMES, Tab, program, tab
from tests.lib.insight.render.golden_report import GOLDEN, golden_report

BROWSER = program()

CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text(encoding="utf-8")
SMALLEST_TEXT = """
Math.min(...[...document.querySelectorAll('td, th, p, dd, dt, h1, h2, figcaption, footer')]
  .map(node => parseFloat(getComputedStyle(node).fontSize)))
"""
BARS = """
[...document.querySelectorAll('svg')].map(chart => {
  const frame = chart.getBoundingClientRect();
  return [...chart.querySelectorAll('rect')].map(bar => bar.getBoundingClientRect())
    .map(bar => bar.width > 1 && bar.height >= 0 && bar.left >= frame.left - 1 && bar.right <= frame.right + 1
      && bar.top >= frame.top - 1 && bar.bottom <= frame.bottom + 1);
})
"""
CUT_OFF = """
[...document.querySelectorAll('body *')].filter(node => !node.closest('.wide') && !node.closest('svg'))
  .filter(node => node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 80))
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Tab]:
    if BROWSER is None:
        pytest.skip(f"none of {', '.join(NAMES)} is installed; `make test` installs chromium where it can")
    with tab(BROWSER) as opened:
        opened.show()
        opened.open(GOLDEN)
        yield opened


def test_the_page_is_the_one_that_was_looked_at() -> None:
    """After a change that is meant: `python -m tests.lib.insight.render.golden_report`, look at it, commit it."""
    assert render_html.render(golden_report()) == GOLDEN.read_bytes()


def test_nothing_is_said_thrown_or_asked_for(page: Tab) -> None:
    said = {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
    assert [event for event in page.events if event["method"] in said] == []
    asked = [
        event["params"]["request"]["url"] for event in page.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert asked == [GOLDEN.as_uri()]


def test_every_chart_is_an_image_with_a_name_and_a_text_in_its_place(page: Tab) -> None:
    trend, daily, classes = page.images()
    assert trend == (
        "Thirteen months",
        "From 2025-10 to 2026-10: at most 17 on 2026-10, at least 6 on 2025-11, 11.5 on average.",
    )
    words = "From 2026-10-01 to 2026-10-31: at most 19 on 2026-10-09, at least 0 on 2026-10-04, 9.5 on average."
    assert daily == ("Daily active users", f"{words} Saturdays and Sundays are paler.")
    assert classes == ("User classes", "power 16, active 9, casual 8, inactive 6.")


@pytest.mark.parametrize("width", [1200, 390])
def test_every_bar_is_drawn_inside_its_chart(page: Tab, width: int) -> None:
    page.show(width=width)
    drawn = page.run(BARS)
    assert [len(bars) for bars in drawn] == [12, 31, 4]
    assert all(all(bars) for bars in drawn)


@pytest.mark.parametrize(("media", "dark"), [("screen", False), ("screen", True), ("print", False), ("print", True)])
def test_text_and_bars_stand_out_in_both_schemes_and_paper_is_always_light(page: Tab, media: str, dark: bool) -> None:
    page.show(dark=dark, media=media)
    found = page.run(CONTRASTS)
    # WCAG 2.2: 4.5 for text (1.4.3), 3 for what a chart is drawn with (1.4.11).
    assert found["text"] >= 4.5
    assert found["bar"] >= 3
    assert found["count"] > 300
    assert (found["paper"] < 0.1) == (dark and media == "screen")


@pytest.mark.parametrize("width", [1200, 768, 390])
def test_nothing_is_cut_off_or_too_small_at_any_width(page: Tab, width: int) -> None:
    page.show(width=width)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run(CUT_OFF) == []
    assert page.run(SMALLEST_TEXT) >= 12


def test_all_sections_are_there_and_a_printed_page_holds_them(page: Tab) -> None:
    page.show()
    titles = page.run("[...document.querySelectorAll('h2')].map(node => node.textContent)")
    assert titles[0] == "Key figures"
    assert set(titles) >= {table.label for table in TABLES.values()} | {"Thirteen months", "Peers in the segment"}
    printed = page.pdf()
    assert printed.startswith(b"%PDF-")
    assert 4 <= printed.count(b"/Type /Page\n") <= 12
