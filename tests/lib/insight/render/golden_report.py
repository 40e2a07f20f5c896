"""One report with everything in it, and its page as it was last looked at: golden/report.html.

`python -m tests.lib.insight.render.golden_report` writes the page again, to be looked at and committed.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from insight.numbers import trend
from insight.numbers.analysis import Earlier, Figures, Row, RowCounts
from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.report import Report, Source, event_source, gaps_of, make_figures, make_tables
from insight.periods import Period
from insight.render import page as render_html
from insight.sources.accounts import Account
from insight.sources.events import Dropped

GOLDEN = Path(__file__).parent / "golden" / "report.html"
PERIOD = Period(date(2026, 10, 1), date(2026, 11, 1), "America/Santiago")
SCORES = (0.825, 0.417, 11.72, 0.803, 0.583, 0.169)


def figures(users: int) -> Figures:
    """Return the numbers of a month with so many active users."""
    known: Figures = {key: users * (at + 1) for at, key in enumerate(FIGURES)}
    shares = ("seat_utilisation", "seat_days_used", "mean_score_uplift", "documents_improved", "concentration")
    return known | {"seats": 40, "phrase_acceptance": None} | dict(zip(shares, SCORES, strict=False))


def tables() -> dict[str, tuple[Row, ...]]:
    """Return the rows of every table; one list is longer than a page shows."""
    days = tuple((day, 0 if day.weekday() == 6 else 3 + day.day % 5 * 4) for day in PERIOD.days)
    users = tuple(
        (f"user-{number:03}", f"Ann <{number}> & Søn 東京", "Talent", 20, 21, 5, 90 - number) for number in range(37)
    )
    weeks: tuple[Row, ...] = tuple(
        (date(2026, 9, 28) + timedelta(weeks=week), 20 + week, days) for week, days in enumerate((4, 7, 7, 7, 6))
    )
    return dict.fromkeys(TABLES, ()) | {
        "daily_active_users": days,
        "weekly_active_users": weeks,
        "monthly_active_users": ((date(2026, 10, 1), 33, 31),),
        "user_classes": (("power", 16), ("active", 9), ("casual", 8), ("inactive", 6)),
        "documents_by_kind": (("job post", 219, 235, 11.75), ("recruiting mail", 165, 173, -0.5)),
        "adoption_by_kind": (("job post", 31, 0.939, "adopted"), ("recruiting mail", 3, 0.09, "not adopted")),
        "adoption_by_team": (("(not on record)", 0, 1, None, ""), ("Talent", 9, 7, 0.778, "adopted")),
        "top_users": users,
        "inactive_members": (("user-040", "", "(no team)"),),
    }


def earlier() -> Sequence[tuple[Period, Figures | None]]:
    """Return the thirteen months; the first has no numbers."""
    months = trend.months_until(PERIOD)
    return [(month, figures(at + 5) if at else None) for at, month in enumerate(months)]


def golden_report() -> Report:
    """Return the report."""
    counts = RowCounts(2631, 2496, {Dropped.DUPLICATE: 28, Dropped.OUTSIDE_PERIOD: 105, Dropped.TORN: 2}, 7, 19)
    now, months = figures(33), earlier()
    quartiles = {
        "active_users": [4.0, 12.0, 30.5],
        "seat_utilisation": [0.3, 0.55, 0.8],
        "concentration": [0.1, 0.2, 0.4],
    }
    comparison = trend.comparison_table(now, Earlier(months[-2][0], "f", months[-2][1]))
    return Report(
        report_id="r_0123456789abcdef01234567",
        spec_version=2,
        account=Account("acme", "=Acme <Industries> & Søn", PERIOD.time_zone, 40, "enterprise"),
        period=PERIOD,
        sources=(
            event_source(
                counts, files=33, missing=[date(2026, 10, 3), date(2026, 10, 24), date(2026, 10, 25)], engine="DuckDB"
            ),
            Source("Account record", read=1, counted=1),
            Source("Members on record", read=39, counted=39),
        ),
        figures=make_figures(now),
        tables=(
            trend.trend_table(months),
            comparison,
            trend.peers_table(now, date(2026, 9, 1), 17, quartiles),
            *make_tables(tables()),
        ),
        gaps=gaps_of(counts, PERIOD, date(2026, 10, 30)),
        as_of="2026-10-31T22:58:47Z, when the latest event arrived",
    )


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_bytes(render_html.render(golden_report()))
