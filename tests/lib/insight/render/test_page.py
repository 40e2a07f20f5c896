"""The page: self-contained, escaped, complete."""

from collections.abc import Callable
from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.report import Report
from insight.render import page as render_html

EVIL = st.sampled_from(
    ["</title><script>x()</script>", '"><img src=x onerror=y>', "'/onload='x", "<!--", "]]>", "&lt;b&gt;", "</svg>"]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=40) | EVIL


class Page(HTMLParser):
    """Takes a page apart: its tags with their attributes, and the text between them."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.comments: list[str] = []
        self.text = ""
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=TEXTS, segment=TEXTS, kind=TEXTS, note=TEXTS)
def test_no_text_ever_becomes_markup(
    report_with: Callable[..., Report], name: str, segment: str, kind: str, note: str
) -> None:
    page = Page(render_html.render(report_with(name, segment, kind, note)))
    assert page.tags == Page(render_html.render(report_with())).tags
    assert page.comments == []
    for text in (name, segment, kind, note):
        assert text in page.text


def test_the_page_loads_nothing_and_runs_nothing(report_with: Callable[..., Report]) -> None:
    page = Page(render_html.render(report_with()))
    names = {name for _, attributes in page.tags for name, _ in attributes}
    assert not names & {"src", "href", "srcset", "action", "onload", "style"}
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "link", "object", "form"}
    policy = dict(next(attrs for tag, attrs in page.tags if ("http-equiv", "Content-Security-Policy") in attrs))
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_the_cover_says_what_the_report_is_and_where_its_numbers_come_from(
    report_with: Callable[..., Report],
) -> None:
    text = Page(render_html.render(report_with())).text
    for fact in (
        "Usage report of Acme",
        "2026-10-01 to 2026-10-03, both included (3 days)",
        "Europe/Berlin",
        "from 2026-09-30T22:00:00Z until before 2026-10-03T22:00:00Z",
        "12 rows read, 9 counted; 1 not counted, outside the period; 2 not counted, same event id as another row",
        "r_0123456789abcdef01234567 (specification 2)",
        "17.5%",
        "-1.2 points",
        "no phrase shown",
        "Not complete: no events are filed after 2026-10-02, so those of the last days may be late",
        "no file, so no usage or none yet, for these UTC dates: 2026-10-03",
    ):
        assert fact in text


def test_every_figure_says_what_is_counted(report_with: Callable[..., Report]) -> None:
    text = Page(render_html.render(report_with())).text
    for definition in [*(one.definition for one in FIGURES.values()), *(one.definition for one in TABLES.values())]:
        assert definition.replace("`", "") in text


def test_the_chart_has_a_text_alternative(report_with: Callable[..., Report]) -> None:
    page = Page(render_html.render(report_with()))
    chart = dict(next(attributes for tag, attributes in page.tags if tag == "svg"))
    assert chart["role"] == "img"
    ids = {dict(attributes).get("id") for _, attributes in page.tags}
    assert {chart["aria-labelledby"], chart["aria-describedby"]} <= ids
    described = "From 2026-10-01 to 2026-10-03: at most 6 on 2026-10-03, at least 0 on 2026-10-02, 3.7 on average."
    assert page.text.count(described) == 2
    assert sum(tag == "rect" for tag, _ in page.tags) == 3


def test_a_long_list_says_how_much_of_it_is_shown(report_with: Callable[..., Report]) -> None:
    text = Page(render_html.render(report_with(users=37))).text
    assert "20 of 37 rows; XLSX, CSV and JSON hold all of them." in text
    assert "u19" in text
    assert "u20" not in text


def test_equal_reports_are_equal_bytes(report_with: Callable[..., Report]) -> None:
    assert render_html.render(report_with()) == render_html.render(report_with())
