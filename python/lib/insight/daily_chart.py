"""The chart of daily active users: inline SVG that says in words what it shows."""

from collections.abc import Iterator, Sequence
from datetime import date

Days = Sequence[tuple[date, int]]

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 8, 10, 28
_LABELS = 6


def draw(days: Days) -> str:
    """Return the SVG of one bar a day; colours come from the page's style."""
    top = _round_up(max((users for _, users in days), default=0))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="daily-title daily-text">',
        '<title id="daily-title">Daily active users</title>',
        f'<desc id="daily-text">{describe(days)}</desc>',
        *_grid(top),
        *_bars(days, top),
        *_dates(days),
        "</svg>",
    ]
    return "\n".join(parts)


def describe(days: Days) -> str:
    """Return the chart in words: span, highest and lowest day, mean. Plain ASCII, safe in HTML."""
    if not days:
        return "No days."
    highest = max(days, key=lambda entry: entry[1])
    lowest = min(days, key=lambda entry: entry[1])
    mean = sum(users for _, users in days) / len(days)
    return (
        f"From {days[0][0]} to {days[-1][0]}: at most {highest[1]} on {highest[0]}, "
        f"at least {lowest[1]} on {lowest[0]}, {mean:.1f} on average."
    )


def _grid(top: int) -> Iterator[str]:
    for share in (0, 0.5, 1):
        y = _y(top * share, top)
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * share:g}</text>'


def _bars(days: Days, top: int) -> Iterator[str]:
    step = (WIDTH - _LEFT - _RIGHT) / max(len(days), 1)
    for index, (day, users) in enumerate(days):
        x, y = _LEFT + index * step, _y(users, top)
        yield (
            f'<rect class="bar" x="{x + step * 0.1:.2f}" y="{y:.2f}" width="{step * 0.8:.2f}" '
            f'height="{HEIGHT - _BOTTOM - y:.2f}"><title>{day}: {users}</title></rect>'
        )


def _dates(days: Days) -> Iterator[str]:
    step = (WIDTH - _LEFT - _RIGHT) / max(len(days), 1)
    every = max(1, -(-len(days) // _LABELS))
    for index in range(0, len(days), every):
        x = _LEFT + (index + 0.5) * step
        anchor = "start" if index == 0 else "middle"
        yield f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{days[index][0]}</text>'


def _y(users: float, top: int) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * users / top


def _round_up(highest: int) -> int:
    """Return the next of 2, 4, 10, 20, 40, 100, ... so that half of it is a whole number too."""
    power = 1
    while True:
        for factor in (2, 4, 10):
            if highest <= factor * power:
                return factor * power
        power *= 10
